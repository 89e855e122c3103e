#include <rocksdb/db.h>

#include <array>
#include <thread>

#include "base/log.h"
#include "store/bounded_queue.h"
#include "store/damage_log.h"
#include "store/entry_codec.h"
#include "store/open.h"
#include "store/put_rule.h"
#include "store/rocksdb_files.h"
#include "store/rocksdb_open.h"
#include "store/rocksdb_writer.h"
#include "store/store_keys.h"

namespace kck {
namespace {

Failure ReadFailed() { return Fail(ErrorCode::kStoreError, "the store could not be read; the server's log says why"); }

class RocksDbStore : public Store {
 public:
  RocksDbStore(std::unique_ptr<RocksDbFiles> files, Scheduler& scheduler, const RocksDbLimits& limits)
      : scheduler_(scheduler),
        damage_(files->path(), scheduler),
        files_(std::move(files)),
        writer_(*files_, scheduler, damage_, limits),
        reads_(limits.reads_waiting_max, limits.reads_waiting_max * kReadBytesMax) {
    for (std::thread& reader : readers_) reader = std::thread([this] { RunReads(); });
  }

  ~RocksDbStore() override { CloseAll(); }

  void Get(std::string key, std::uint64_t fingerprint, GetCallback done) override;

  void Put(std::string key, EntryPtr entry, PutCallback done) override {
    Write({EntryWrite{std::move(key), std::move(entry), std::nullopt}, std::move(done)});
  }

  void PutIf(std::string key, EntryPtr entry, PutCondition condition, PutCallback done) override {
    Write({EntryWrite{std::move(key), std::move(entry), condition}, std::move(done)});
  }

  void PutRecord(std::string name, std::string value, PutCallback done) override {
    Write({RecordWrite{std::move(name), std::move(value)}, std::move(done)});
  }

  void DeleteRecord(std::string name, PutCallback done) override {
    Write({RecordWrite{std::move(name), std::nullopt}, std::move(done)});
  }

  void GetRecords(std::string prefix, RecordsCallback done) override {
    Read([this, prefix = std::move(prefix), done = std::move(done)](const Error* refused) {
      done(refused != nullptr ? Result<Records>(Failure(*refused)) : FindRecords(prefix));
    });
  }

  void Close() override { CloseAll(); }

  StoreHealth health() const override { return {damage_.count(), files_->set_aside()}; }

 private:
  using Records = std::vector<std::pair<std::string, std::string>>;
  // A read that waits; it is run with the error where it was refused.
  using ReadWork = std::function<void(const Error* refused)>;

  // A waiting read is as large as its key.
  static constexpr std::size_t kReadBytesMax = 2048;

  void Read(ReadWork work);
  void Write(StoreWrite write);
  void RunReads();
  void CloseAll();

  // Nothing where the answer is on disk, and memory alone was to be asked.
  using Found = std::optional<Result<EntryPtr>>;
  Found FindInMemory(const std::string& key);
  Result<EntryPtr> Find(const std::string& key);
  Found FindIn(rocksdb::DB& database, const std::string& key, const rocksdb::ReadOptions& options);
  EntryPtr Decode(const std::string& key, const rocksdb::Slice& bytes, const Moment& moment);
  Found Unreadable(const rocksdb::Status& status);
  Result<Records> FindRecords(const std::string& prefix);

  Scheduler& scheduler_;
  DamageLog damage_;
  LogLimit failure_log_{kFaultQuiet};
  std::unique_ptr<RocksDbFiles> files_;
  RocksDbWriter writer_;
  BoundedQueue<ReadWork> reads_;
  std::array<std::thread, 2> readers_;
};

void RocksDbStore::Read(ReadWork work) {
  const Pushed pushed = reads_.Push(work, kReadBytesMax);
  if (pushed == Pushed::kTaken) return;
  Error refused = pushed == Pushed::kClosed
                      ? StoreClosed().value()
                      : Error{ErrorCode::kOverloaded, "too many reads wait for the store: try again shortly"};
  scheduler_.Post([work = std::move(work), refused = std::move(refused)] { work(&refused); });
}

void RocksDbStore::Write(StoreWrite write) {
  Result<void> added = writer_.Add(write);
  if (added) return;
  scheduler_.Post([done = std::move(write.done), added = std::move(added)] { done(added); });
}

void RocksDbStore::RunReads() {
  while (const std::optional<ReadWork> work = reads_.Take()) (*work)(nullptr);
}

void RocksDbStore::CloseAll() {
  writer_.Close();
  reads_.Close();
  for (std::thread& reader : readers_) {
    if (reader.joinable()) reader.join();
  }
}

// What memory can answer is not worth another thread. Most of what is asked for is either not in the store, which the
// filters know, or was written or read lately.
void RocksDbStore::Get(std::string key, std::uint64_t, GetCallback done) {
  if (Found found = FindInMemory(key)) {
    return scheduler_.Continue([done = std::move(done), found = *std::move(found)] { done(found); });
  }
  Read([this, key = std::move(key), done = std::move(done)](const Error* refused) {
    done(refused != nullptr ? Result<EntryPtr>(Failure(*refused)) : Find(key));
  });
}

RocksDbStore::Found RocksDbStore::FindInMemory(const std::string& key) {
  if (reads_.closed()) return std::nullopt;
  const RocksDbFiles::Use use(*files_, RocksDbFiles::Reopening::kSkip);
  if (use.database() == nullptr) return std::nullopt;
  rocksdb::ReadOptions options;
  options.read_tier = rocksdb::kBlockCacheTier;
  return FindIn(*use.database(), key, options);
}

Result<EntryPtr> RocksDbStore::Find(const std::string& key) {
  const RocksDbFiles::Use use(*files_);
  if (use.database() == nullptr) return ReadFailed();
  return FindIn(*use.database(), key, {}).value_or(ReadFailed());
}

// Where there is nothing of the key, the filters answer, and no block is read.
RocksDbStore::Found RocksDbStore::FindIn(rocksdb::DB& database, const std::string& key,
                                         const rocksdb::ReadOptions& options) {
  rocksdb::PinnableSlice bytes;
  const rocksdb::Status status = database.Get(options, database.DefaultColumnFamily(), EntryName(key), &bytes);
  if (status.ok()) return Decode(key, bytes, MomentOf(scheduler_));
  if (status.IsNotFound()) return EntryPtr();
  return Unreadable(status);
}

// Null where the entry is damaged or past its life.
EntryPtr RocksDbStore::Decode(const std::string& key, const rocksdb::Slice& bytes, const Moment& moment) {
  Result<EntryPtr> entry = DecodeEntry(key, View(bytes), moment);
  if (!entry) {
    damage_.Note(entry.error().message);
    return nullptr;
  }
  return (*entry)->expires_at() > moment.now ? *std::move(entry) : nullptr;
}

// A damaged block counts as one without entries; a disk that does not answer is an error.
RocksDbStore::Found RocksDbStore::Unreadable(const rocksdb::Status& status) {
  if (status.IsIncomplete()) return std::nullopt;
  if (status.IsCorruption()) {
    damage_.Note(status.ToString());
    return EntryPtr();
  }
  if (failure_log_.Pass(scheduler_.Now())) LogError("the store could not read: {}", status.ToString());
  return ReadFailed();
}

Result<RocksDbStore::Records> RocksDbStore::FindRecords(const std::string& prefix) {
  const RocksDbFiles::Use use(*files_);
  if (use.database() == nullptr) return ReadFailed();
  const std::unique_ptr<rocksdb::Iterator> names(use.database()->NewIterator({}));
  const std::string first = RecordName(prefix);
  Records found;
  for (names->Seek(first); names->Valid() && names->key().starts_with(first); names->Next()) {
    found.emplace_back(View(names->key()).substr(1), View(names->value()));
  }
  if (names->status().ok()) return found;
  if (failure_log_.Pass(scheduler_.Now())) LogError("the store could not read records: {}", names->status().ToString());
  return ReadFailed();
}

}  // namespace

Result<std::unique_ptr<Store>> OpenRocksDbStore(const std::string& path, Scheduler& scheduler,
                                                const RocksDbLimits& limits) {
  Result<std::unique_ptr<RocksDbFiles>> files = RocksDbFiles::Open(path, scheduler, limits);
  if (!files) return Failure(std::move(files.error()));
  return std::make_unique<RocksDbStore>(*std::move(files), scheduler, limits);
}

}  // namespace kck
