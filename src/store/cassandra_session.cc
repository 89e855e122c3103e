#include "store/cassandra_session.h"

#include <algorithm>

#include "base/log.h"
#include "store/cassandra_schema.h"

namespace kck {
namespace {

constexpr int kPauseMinMs = 200;
constexpr int kPauseMaxMs = 5000;

constexpr std::array<const char*, kStoreStatements> kTexts = {
    "SELECT fingerprint, cell, mark, forgotten FROM {0}.entry WHERE key = ?",
    "INSERT INTO {0}.entry (key, fingerprint, version, cell) VALUES (?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?",
    "DELETE FROM {0}.entry USING TIMESTAMP ? WHERE key = ? AND fingerprint = ? AND version < ?",
    "DELETE FROM {0}.entry USING TIMESTAMP ? WHERE key = ? AND fingerprint = ?",
    "UPDATE {0}.entry USING TIMESTAMP ? AND TTL ? SET mark = ? WHERE key = ?",
    "INSERT INTO {0}.entry (key, fingerprint, version, cell) VALUES (?, 0, ?, ?) USING TIMESTAMP ? AND TTL ?",
    "DELETE FROM {0}.entry USING TIMESTAMP ? WHERE key = ? AND fingerprint = 0 AND version >= ? AND version < ?",
    "UPDATE {0}.entry USING TIMESTAMP ? AND TTL ? SET forgotten = ? WHERE key = ?",
    "SELECT data FROM {0}.chunk WHERE key = ? AND fingerprint = ? AND id = ? AND part = ?",
    "INSERT INTO {0}.chunk (key, fingerprint, id, part, data) VALUES (?, ?, ?, ?, ?) USING TTL ?",
    "DELETE FROM {0}.chunk WHERE key = ? AND fingerprint = ? AND id = ? AND part = ?",
    "SELECT cell FROM {0}.settable WHERE key = ?",
    "UPDATE {0}.settable USING TTL ? SET cell = ? WHERE key = ? IF cell = ?",
    "SELECT at, name, value FROM {0}.log WHERE scope = ? AND bucket = ?",
    "INSERT INTO {0}.log (scope, bucket, at, name, value) VALUES (?, ?, ?, ?, ?) USING TTL ?",
    "DELETE FROM {0}.log WHERE scope = ? AND bucket = ?",
    "SELECT value FROM {0}.register WHERE name = ?",
    "UPDATE {0}.register USING TTL ? SET value = ? WHERE name = ? IF value = ?",
    "SELECT number FROM {0}.highest WHERE name = ?",
    "INSERT INTO {0}.highest (name, number) VALUES (?, ?) USING TIMESTAMP ?",
};

}  // namespace

CassandraSession::CassandraSession(Scheduler& scheduler, CassandraSettings settings, std::function<void()> on_ready)
    : scheduler_(scheduler),
      settings_(std::move(settings)),
      on_ready_(std::move(on_ready)),
      error_{ErrorCode::kStoreError, "not tried yet"},
      client_(scheduler, settings_.cql) {}

// What the client calls back ends before the client does, which is a part of this; a timer does not.
void CassandraSession::Connect() {
  if (closed_) return;
  client_.Connect([this](const CqlResult& connected) { OnConnected(connected); });
}

void CassandraSession::OnConnected(const CqlResult& connected) {
  if (!connected.ok()) return Fail(connected.error());
  CheckLayout(client_, settings_.keyspace, [this](const Result<void>& checked) { OnChecked(checked); });
}

void CassandraSession::OnChecked(const Result<void>& checked) {
  if (!checked) return Fail(checked.error());
  Prepare(0);
}

void CassandraSession::Prepare(std::size_t which) {
  if (which == kStoreStatements) {
    ready_since_unix_ms_ = scheduler_.UnixMillis();
    ready_.store(true, std::memory_order_release);
    LogInfo("connected to Cassandra, keyspace {}", settings_.keyspace);
    return on_ready_();
  }
  client_.Prepare(fmt::format(fmt::runtime(kTexts[which]), settings_.keyspace),
                  [this, which](Result<CqlStatementPtr> prepared) {
                    if (!prepared) return Fail(std::move(prepared.error()));
                    statements_[which] = *std::move(prepared);
                    Prepare(which + 1);
                  });
}

void CassandraSession::Fail(Error error) {
  if (closed_) return;
  pause_ms_ = std::clamp(2 * pause_ms_, kPauseMinMs, kPauseMaxMs);
  if (log_.Pass(scheduler_.Now())) {
    LogWarning("the store in Cassandra is not reached yet, values are computed and not kept: {}", error.message);
  }
  {
    MutexLock lock(mutex_);
    error_ = std::move(error);
  }
  scheduler_.At(scheduler_.Now() + std::chrono::milliseconds(pause_ms_), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Connect();
  });
}

Error CassandraSession::NotReady() {
  MutexLock lock(mutex_);
  return {ErrorCode::kStoreError,
          fmt::format("the store in Cassandra is not connected yet ({}): check that its nodes run, and what kck.yml "
                      "says of them",
                      error_.message)};
}

void CassandraSession::Close() {
  closed_ = true;
  client_.Close();
}

}  // namespace kck
