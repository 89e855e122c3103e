// The connection of a store to Cassandra: made in the background, tried again until it succeeds, with every statement
// prepared before anybody uses it.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/log_limit.h"
#include "base/thread_annotations.h"
#include "store/cassandra_settings.h"

namespace kck {

// What the store says, in the order of the texts in cassandra_session.cc.
enum class StoreStatement : std::uint8_t {
  kReadEntries,       // key
  kWriteEntry,        // key, fingerprint, version, cell, timestamp, ttl
  kForgetOlder,       // timestamp, key, fingerprint, version: all below it
  kForgetDefinition,  // timestamp, key, fingerprint
  kMarkNumber,        // timestamp, ttl, number, key
  kMarkTransaction,   // key, name, text, timestamp, ttl
  kForgetMarks,       // timestamp, key, first name, name after the last
  kTellForgotten,     // timestamp, ttl, text, key
  kReadChunk,         // key, fingerprint, id, part
  kWriteChunk,        // key, fingerprint, id, part, data, ttl
  kForgetChunk,       // key, fingerprint, id, part
  kReadSettable,      // key
  kWriteSettable,     // ttl, cell, key, cell as it was
  kReadLog,           // scope, bucket
  kAppendLog,         // scope, bucket, at, name, value, ttl
  kForgetLog,         // scope, bucket
  kReadRegister,      // name
  kSwapRegister,      // ttl, value, name, value as it was
  kReadHighest,       // name
  kRaiseHighest,      // name, number, number
};
inline constexpr std::size_t kStoreStatements = 20;

// Any thread. Held by shared pointer, since timers name it.
class CassandraSession : public std::enable_shared_from_this<CassandraSession> {
 public:
  // `on_ready` runs once, on a thread of the scheduler.
  CassandraSession(Scheduler& scheduler, CassandraSettings settings, std::function<void()> on_ready);

  // Begins to connect.
  void Start() { Connect(); }

  bool ready() const { return ready_.load(std::memory_order_acquire); }

  // The wall clock, in milliseconds, when it became so; 0: never.
  std::int64_t ready_since_unix_ms() const { return ready_since_unix_ms_.load(); }

  // Why it is not: the last attempt's error, and the cure.
  Error NotReady() KCK_EXCLUDES(mutex_);

  // Only once it is ready.
  const CqlStatementPtr& statement(StoreStatement which) const { return statements_[static_cast<std::size_t>(which)]; }

  CqlClient& client() { return client_; }
  const CassandraSettings& settings() const { return settings_; }

  // Ends all requests. Returns within seconds.
  void Close();

 private:
  void Connect();
  void OnConnected(const CqlResult& connected);
  void OnChecked(const Result<void>& checked);
  void Prepare(std::size_t which);
  void Fail(Error error) KCK_EXCLUDES(mutex_);

  Scheduler& scheduler_;
  const CassandraSettings settings_;
  const std::function<void()> on_ready_;
  LogLimit log_{std::chrono::seconds(30)};
  std::array<CqlStatementPtr, kStoreStatements> statements_;  // written before ready_ is
  std::atomic<bool> ready_{false};
  std::atomic<bool> closed_{false};
  std::atomic<std::int64_t> ready_since_unix_ms_{0};
  int pause_ms_ = 0;  // of the one attempt under way
  Mutex mutex_;
  Error error_ KCK_GUARDED_BY(mutex_);
  CqlClient client_;
};

}  // namespace kck
