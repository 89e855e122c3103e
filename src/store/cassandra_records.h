// Records in Cassandra: a log for each scope, which is only appended to, and read once, by the next process of the
// scope.
//
// Most records are written, deleted soon after (a mark), and never read. Kept as rows of a table they would leave
// deletions behind that each start reads past; in a log nothing is deleted but what is whole behind. It lies in
// buckets. Where one is old or full, all that stands is written into the next one, and the log starts there.
//
// What stands is in memory too, so that reading asks nobody.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log_limit.h"
#include "store/cassandra_tables.h"
#include "store/store.h"
#include "store/write_clock.h"

namespace kck {

// Any thread; the session is ready. One process of a scope at a time. A write that failed may stand all the same, as
// Store's do.
class CassandraRecords {
 public:
  CassandraRecords(CassandraSession& session, Scheduler& scheduler, WriteClock& clock, const CassandraLimits& limits)
      : session_(session),
        scheduler_(scheduler),
        clock_(clock),
        bucket_rows_max_(limits.log_bucket_rows_max),
        bucket_age_max_(std::chrono::seconds(limits.log_bucket_age_s_max)) {}

  // Nothing for a value: the record goes.
  void Write(std::string name, std::optional<std::string> value, Store::PutCallback done) KCK_EXCLUDES(mutex_);

  void Read(std::string prefix, Store::RecordsCallback done) KCK_EXCLUDES(mutex_);

  // Returns when no write is under way, or at the end of that time.
  void AwaitWrites(int timeout_ms) KCK_EXCLUDES(mutex_);

 private:
  using Ready = std::function<void(Result<void>)>;
  using Then = std::function<void(Result<void>)>;

  struct Row {
    std::int64_t at_us;
    std::string name;
    std::optional<std::string> value;
  };

  // Calls `ready` once what stands is in memory, or with why it cannot be read.
  void Open(Ready ready) KCK_EXCLUDES(mutex_);
  void ReadStart();
  void OnStart(const CqlResult& found) KCK_EXCLUDES(mutex_);
  void ReadBucket(std::int64_t bucket, std::string page);
  void OnPage(std::int64_t bucket, const CqlResult& found);
  void Apply(std::int64_t bucket, const CqlResult& found) KCK_REQUIRES(mutex_);
  void Opened(Result<void> opened) KCK_EXCLUDES(mutex_);

  void Append(std::int64_t bucket, const std::vector<Row>& rows, Then done);
  // A new bucket, where the present one is old or full: then what it has to begin with.
  std::vector<Row> Turn() KCK_REQUIRES(mutex_);
  void Carry(std::int64_t bucket, std::vector<Row> rows);
  void OnCarried(std::int64_t bucket, const Result<void>& carried);
  void Turned(std::int64_t bucket, const Result<void>& turned) KCK_EXCLUDES(mutex_);
  void Forget(std::int64_t bucket);
  void CountWrite(int change) KCK_EXCLUDES(mutex_);

  // Where the log says which bucket it starts with.
  static constexpr std::int64_t kStartBucket = -1;
  static constexpr const char* kStartName = "start";

  enum class Stage : std::uint8_t { kUnread, kReading, kRead };

  CassandraSession& session_;
  Scheduler& scheduler_;
  WriteClock& clock_;
  const std::size_t bucket_rows_max_;
  const Duration bucket_age_max_;
  LogLimit turn_logged_;

  Mutex mutex_;
  std::condition_variable_any ended_;
  int writing_ KCK_GUARDED_BY(mutex_) = 0;
  Stage stage_ KCK_GUARDED_BY(mutex_) = Stage::kUnread;
  std::vector<Ready> waiting_ KCK_GUARDED_BY(mutex_);
  std::map<std::string, std::string> standing_ KCK_GUARDED_BY(mutex_);
  std::int64_t start_ KCK_GUARDED_BY(mutex_) = 0;   // the bucket that the next process reads first
  std::int64_t bucket_ KCK_GUARDED_BY(mutex_) = 0;  // that is appended to: the start, or the one behind it
  std::size_t bucket_rows_ KCK_GUARDED_BY(mutex_) = 0;
  TimePoint bucket_began_ KCK_GUARDED_BY(mutex_){};
  bool carrying_ KCK_GUARDED_BY(mutex_) = false;  // what stands is being written into the bucket behind the start
};

}  // namespace kck
