#include "store/cassandra_records.h"

#include <array>
#include <charconv>

#include "base/log.h"

namespace kck {
namespace {

// A row's value: whether the record stands from there on, then what it holds. A null would be a deletion.
std::string CellOf(const std::optional<std::string>& value) { return value ? "+" + *value : "-"; }

// Beyond any pause of a node that is to be remembered: what stands is written anew with every bucket.
constexpr std::int32_t kKeptS = 90 * 86400;

constexpr auto kTurnAgainAfter = std::chrono::seconds(10);

// Rows that are carried in one request.
constexpr std::size_t kBatchRows = 200;

std::optional<std::string> ValueOf(std::string_view cell) {
  return cell.starts_with('+') ? std::optional(std::string(cell.substr(1))) : std::nullopt;
}

constexpr int kPageRows = 5000;

}  // namespace

void CassandraRecords::Open(Ready ready) {
  Stage stage = Stage::kRead;
  {
    MutexLock lock(mutex_);
    stage = stage_;
    if (stage == Stage::kUnread) stage_ = Stage::kReading;
    if (stage != Stage::kRead) waiting_.push_back(ready);
  }
  if (stage == Stage::kRead) return ready({});
  if (stage == Stage::kUnread) ReadStart();
}

void CassandraRecords::ReadStart() {
  const std::array values{CqlValue::Bytes(session_.settings().scope), CqlValue::Bigint(kStartBucket)};
  session_.client().Execute(session_.statement(StoreStatement::kReadLog), values, {.idempotent = true},
                            [this](const CqlResult& found) { OnStart(found); });
}

void CassandraRecords::OnStart(const CqlResult& found) {
  if (!found.ok()) return Opened(Failure(FailureOf(found, "read records").error));
  std::int64_t start = 0;
  if (found.rows() > 0) {
    const std::string text = ValueOf(found.Bytes(0, 2)).value_or("");
    std::from_chars(text.data(), text.data() + text.size(), start);
  }
  {
    MutexLock lock(mutex_);
    standing_.clear();
    start_ = bucket_ = start;
    bucket_rows_ = 0;
    bucket_began_ = scheduler_.Now();
  }
  ReadBucket(start, {});
}

void CassandraRecords::ReadBucket(std::int64_t bucket, std::string page) {
  const std::array values{CqlValue::Bytes(session_.settings().scope), CqlValue::Bigint(bucket)};
  const CqlOptions options{.idempotent = true, .page_size = kPageRows, .paging_state = std::move(page)};
  session_.client().Execute(session_.statement(StoreStatement::kReadLog), values, options,
                            [this, bucket](const CqlResult& found) { OnPage(bucket, found); });
}

void CassandraRecords::OnPage(std::int64_t bucket, const CqlResult& found) {
  if (!found.ok()) return Opened(Failure(FailureOf(found, "read records").error));
  bool is_start = false;
  {
    MutexLock lock(mutex_);
    Apply(bucket, found);
    is_start = bucket == start_;
  }
  if (!found.paging_state().empty()) return ReadBucket(bucket, std::string(found.paging_state()));
  if (is_start) return ReadBucket(bucket + 1, {});
  Opened({});
}

void CassandraRecords::Apply(std::int64_t bucket, const CqlResult& found) {
  for (std::uint32_t i = 0; i < found.rows(); ++i) {
    // A clock that was set back since must not make the next write one of the past.
    clock_.Raise(found.Bigint(i, 0).value_or(0));
    const std::string name(found.Bytes(i, 1));
    if (auto value = ValueOf(found.Bytes(i, 2))) {
      standing_[name] = *std::move(value);
    } else {
      standing_.erase(name);
    }
  }
  if (found.rows() > 0) bucket_ = bucket;
  bucket_rows_ += found.rows();
}

void CassandraRecords::Opened(Result<void> opened) {
  std::vector<Ready> waiting;
  {
    MutexLock lock(mutex_);
    stage_ = opened ? Stage::kRead : Stage::kUnread;
    waiting.swap(waiting_);
  }
  for (const Ready& ready : waiting) ready(opened);
}

void CassandraRecords::Write(std::string name, std::optional<std::string> value, Store::PutCallback done) {
  CountWrite(1);
  auto ended = [this, done = std::move(done)](Result<void> written) {
    done(std::move(written));
    CountWrite(-1);
  };
  Open([this, name = std::move(name), value = std::move(value), ended = std::move(ended)](Result<void> opened) mutable {
    if (!opened) return ended(std::move(opened));
    std::vector<Row> carried;
    Row row;
    std::int64_t bucket = 0;
    {
      MutexLock lock(mutex_);
      // Before the change, so that what is carried comes before it.
      carried = Turn();
      bucket = bucket_;
      row = {clock_.Next(), std::move(name), std::move(value)};
      ++bucket_rows_;
      if (row.value) {
        standing_[row.name] = *row.value;
      } else {
        standing_.erase(row.name);
      }
    }
    Append(bucket, {std::move(row)}, std::move(ended));
    if (!carried.empty()) Carry(bucket, std::move(carried));
  });
}

void CassandraRecords::Read(std::string prefix, Store::RecordsCallback done) {
  Open([this, prefix = std::move(prefix), done = std::move(done)](const Result<void>& opened) {
    if (!opened) return done(Failure(opened.error()));
    std::vector<std::pair<std::string, std::string>> found;
    {
      MutexLock lock(mutex_);
      for (auto record = standing_.lower_bound(prefix); record != standing_.end(); ++record) {
        if (!record->first.starts_with(prefix)) break;
        found.emplace_back(*record);
      }
    }
    scheduler_.Post([done, found = std::move(found)]() mutable { done(std::move(found)); });
  });
}

void CassandraRecords::Append(std::int64_t bucket, const std::vector<Row>& rows, Then done) {
  std::vector<std::string> cells(rows.size());
  std::vector<CqlBatchItem> items;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    cells[i] = CellOf(row.value);
    items.push_back(
        {session_.statement(StoreStatement::kAppendLog),
         {CqlValue::Bytes(session_.settings().scope), CqlValue::Bigint(bucket), CqlValue::Bigint(row.at_us),
          CqlValue::Bytes(row.name), CqlValue::Bytes(cells[i]), CqlValue::Int(bucket == kStartBucket ? 0 : kKeptS)}});
  }
  auto on_written = [done = std::move(done)](const CqlResult& written) {
    done(written.ok() ? Result<void>() : Failure(FailureOf(written, "write a record").error));
  };
  if (items.size() == 1) {
    return session_.client().Execute(items[0].statement, items[0].values, {.idempotent = true}, std::move(on_written));
  }
  session_.client().ExecuteBatch(items, {.idempotent = true}, std::move(on_written));
}

// Not before the last turn has ended: there are never more than two buckets to read.
std::vector<CassandraRecords::Row> CassandraRecords::Turn() {
  std::vector<Row> rows;
  const TimePoint now = scheduler_.Now();
  const bool due = bucket_rows_ >= bucket_rows_max_ || now - bucket_began_ >= bucket_age_max_;
  if (!due || carrying_) return rows;
  if (bucket_ == start_) ++bucket_;
  carrying_ = true;
  bucket_rows_ = standing_.size();
  bucket_began_ = now;
  for (const auto& [name, value] : standing_) rows.push_back({clock_.Next(), name, value});
  // So that there is something to carry, and with it an end of the turn.
  if (rows.empty()) rows.push_back({clock_.Next(), "", std::nullopt});
  return rows;
}

void CassandraRecords::Carry(std::int64_t bucket, std::vector<Row> rows) {
  CountWrite(1);
  const auto left = std::make_shared<std::vector<Row>>(std::move(rows));
  // One batch after another: nobody waits for it.
  const auto next = std::make_shared<std::function<void(Result<void>)>>();
  *next = [this, bucket, left, weak = std::weak_ptr(next)](const Result<void>& carried) {
    const auto self = weak.lock();
    if (!carried || left->empty()) return OnCarried(bucket, carried);
    const std::size_t count = std::min(left->size(), kBatchRows);
    const std::vector<Row> batch(left->end() - static_cast<std::ptrdiff_t>(count), left->end());
    left->resize(left->size() - count);
    Append(bucket, batch, [self](Result<void> written) { (*self)(std::move(written)); });
  };
  (*next)({});
}

void CassandraRecords::OnCarried(std::int64_t bucket, const Result<void>& carried) {
  if (!carried) return Turned(bucket, carried);
  // At no time but this, so that the next process finds it whatever its clock says.
  Append(kStartBucket, {{0, kStartName, std::to_string(bucket)}},
         [this, bucket](const Result<void>& moved) { Turned(bucket, moved); });
}

void CassandraRecords::Turned(std::int64_t bucket, const Result<void>& turned) {
  std::int64_t old = bucket;
  {
    MutexLock lock(mutex_);
    carrying_ = false;
    if (turned) std::swap(old, start_);
    // Until it is known to have moved, both buckets stay, and a later write tries again.
    if (!turned) bucket_began_ = scheduler_.Now() - bucket_age_max_ + kTurnAgainAfter;
  }
  if (!turned) {
    turn_logged_.Warn(scheduler_.Now(), "the store's log of records does not get a new bucket", turned.error().message);
  }
  if (old != bucket) Forget(old);
  CountWrite(-1);
}

// Nobody reads it any more. What is left of it by a failure goes by its age.
void CassandraRecords::Forget(std::int64_t bucket) {
  const std::array values{CqlValue::Bytes(session_.settings().scope), CqlValue::Bigint(bucket)};
  session_.client().Execute(session_.statement(StoreStatement::kForgetLog), values, {.idempotent = true},
                            [](const CqlResult&) {});
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

}  // namespace kck
