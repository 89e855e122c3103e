// Records in Cassandra: each scope's in a few partitions, so that a node's start does not read all that was deleted of
// them in one go.
#pragma once

#include <condition_variable>
#include <memory>
#include <optional>
#include <string>

#include "store/cassandra_tables.h"
#include "store/store.h"
#include "store/write_clock.h"

namespace kck {

// Any thread; the session is ready. Two writes of one name end as they were called: each bears a time of its own.
class CassandraRecords {
 public:
  CassandraRecords(CassandraSession& session, WriteClock& clock) : session_(session), clock_(clock) {}

  // Nothing for a value: the record goes.
  void Write(const std::string& name, const std::optional<std::string>& value, Store::PutCallback done);

  void Read(std::string prefix, Store::RecordsCallback done);

  // Returns when no write is under way, or at the end of that time.
  void AwaitWrites(int timeout_ms) KCK_EXCLUDES(mutex_);

 private:
  struct Reading;

  void ReadPage(const std::shared_ptr<Reading>& reading, int bucket, std::string page);
  void OnPage(const std::shared_ptr<Reading>& reading, int bucket, const CqlResult& found);
  void CountWrite(int change) KCK_EXCLUDES(mutex_);

  CassandraSession& session_;
  WriteClock& clock_;
  Mutex mutex_;
  std::condition_variable_any ended_;
  int writing_ KCK_GUARDED_BY(mutex_) = 0;
};

}  // namespace kck
