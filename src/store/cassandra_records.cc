#include "store/cassandra_records.h"

#include <algorithm>
#include <array>

#include "store/cassandra_schema.h"

namespace kck {
namespace {

constexpr int kPageRows = 1000;

// Stored: the hash is the same in every version of KCK.
std::int32_t BucketOf(std::string_view name) { return static_cast<std::int32_t>(ValueHash(name) % kRecordBuckets); }

}  // namespace

void CassandraRecords::Write(const std::string& name, const std::optional<std::string>& value,
                             Store::PutCallback done) {
  const CqlValue scope = CqlValue::Bytes(session_.settings().scope);
  const CqlValue bucket = CqlValue::Int(BucketOf(name));
  const CqlValue time = CqlValue::Bigint(clock_.Next());
  CountWrite(1);
  auto on_written = [this, done = std::move(done)](const CqlResult& written) {
    done(written.ok() ? Result<void>() : Failure(FailureOf(written, "write a record").error));
    CountWrite(-1);
  };
  const CqlOptions options{.idempotent = true};
  if (value) {
    const std::array values{scope, bucket, CqlValue::Bytes(name), CqlValue::Bytes(*value), time};
    session_.client().Execute(session_.statement(StoreStatement::kWriteRecord), values, options, std::move(on_written));
  } else {
    const std::array values{time, scope, bucket, CqlValue::Bytes(name)};
    session_.client().Execute(session_.statement(StoreStatement::kDeleteRecord), values, options,
                              std::move(on_written));
  }
}

void CassandraRecords::CountWrite(int change) {
  MutexLock lock(mutex_);
  writing_ += change;
  if (writing_ == 0) ended_.notify_all();
}

void CassandraRecords::AwaitWrites(int timeout_ms) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  MutexLock lock(mutex_);
  while (writing_ > 0) {
    if (ended_.wait_until(mutex_, until) == std::cv_status::timeout) return;
  }
}

struct CassandraRecords::Reading {
  Reading(std::string asked, Store::RecordsCallback callback) : prefix(std::move(asked)), done(std::move(callback)) {}

  const std::string prefix;
  const Store::RecordsCallback done;
  std::atomic<int> left{kRecordBuckets};
  Mutex mutex;
  std::vector<std::pair<std::string, std::string>> found KCK_GUARDED_BY(mutex);
  std::optional<Error> error KCK_GUARDED_BY(mutex);

  void Finish() KCK_EXCLUDES(mutex) {
    if (left.fetch_sub(1) != 1) return;
    Result<std::vector<std::pair<std::string, std::string>>> result;
    {
      MutexLock lock(mutex);
      if (error) {
        result = Failure(*error);
      } else {
        result = std::move(found);
      }
    }
    if (result) std::ranges::sort(*result);
    done(std::move(result));
  }
};

void CassandraRecords::Read(std::string prefix, Store::RecordsCallback done) {
  const auto reading = std::make_shared<Reading>(std::move(prefix), std::move(done));
  for (int bucket = 0; bucket < kRecordBuckets; ++bucket) ReadPage(reading, bucket, {});
}

void CassandraRecords::ReadPage(const std::shared_ptr<Reading>& reading, int bucket, std::string page) {
  const std::array values{CqlValue::Bytes(session_.settings().scope), CqlValue::Int(bucket),
                          CqlValue::Bytes(reading->prefix)};
  const CqlOptions options{.idempotent = true, .page_size = kPageRows, .paging_state = std::move(page)};
  session_.client().Execute(session_.statement(StoreStatement::kReadRecords), values, options,
                            [this, reading, bucket](const CqlResult& found) { OnPage(reading, bucket, found); });
}

// From the prefix on, until a name does not begin with it: that needs no name that is the last with this prefix.
void CassandraRecords::OnPage(const std::shared_ptr<Reading>& reading, int bucket, const CqlResult& found) {
  bool more = found.ok() && !found.paging_state().empty();
  {
    MutexLock lock(reading->mutex);
    if (!found.ok()) reading->error = FailureOf(found, "read records").error;
    for (std::uint32_t row = 0; row < found.rows(); ++row) {
      const std::string_view name = found.Bytes(row, 0);
      more = more && name.starts_with(reading->prefix);
      if (!name.starts_with(reading->prefix)) break;
      reading->found.emplace_back(name, found.Bytes(row, 1));
      // A clock that was set back since must not make the next write of this record one of the past.
      clock_.Raise(found.Bigint(row, 2).value_or(0));
    }
  }
  if (more) return ReadPage(reading, bucket, std::string(found.paging_state()));
  reading->Finish();
}

}  // namespace kck
