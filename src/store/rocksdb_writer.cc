#include "store/rocksdb_writer.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <map>

#include "base/log.h"
#include "base/pause_point.h"
#include "store/entry_codec.h"
#include "store/put_rule.h"
#include "store/rocksdb_open.h"
#include "store/store_keys.h"

namespace kck {
namespace {

Failure WriteFailed() { return Fail(ErrorCode::kStoreError, "the store could not write; the server's log says why"); }

std::size_t BytesOf(const StoreWrite& write) {
  constexpr std::size_t kOverhead = 256;
  if (const auto* entry = std::get_if<EntryWrite>(&write.what)) {
    return kOverhead + entry->key.size() + entry->entry->memory_bytes();
  }
  const auto& record = std::get<RecordWrite>(write.what);
  return kOverhead + record.name.size() + (record.value ? record.value->size() : 0);
}

void AddRecord(rocksdb::WriteBatch& batch, const RecordWrite& record) {
  if (record.value) {
    batch.Put(RecordName(record.name), *record.value);
  } else {
    batch.Delete(RecordName(record.name));
  }
}

// What nobody can compute again survives a power failure too, and its callback waits for that. A computed value only
// goes to the log: the sync that follows it takes it along, so that what is on disk is always all up to some moment.
bool NeedsSync(const StoreWrite& write) {
  if (const auto* record = std::get_if<RecordWrite>(&write.what)) return record->value.has_value();
  return !IsComputed(*std::get<EntryWrite>(write.what).entry);
}

// The writes of one key that are committed together: each is judged against what the one before it left.
class KeyRound {
 public:
  // `kept` is what the store has of the key; null: nothing.
  KeyRound(std::string_view key, EntryPtr kept, Moment moment) : key_(key), kept_(std::move(kept)), moment_(moment) {}

  Result<void> Apply(const EntryWrite& write) {
    const Result<bool> wins = JudgePut(*write.entry, kept_.get(), write.condition, moment_.now);
    if (!wins) return Failure(wins.error());
    if (!*wins) return {};
    kept_ = write.entry;
    changed_ = true;
    return {};
  }

  void Finish(rocksdb::WriteBatch& batch) const {
    if (changed_) batch.Put(EntryName(key_), EncodeEntry(*kept_, moment_));
  }

 private:
  std::string_view key_;
  EntryPtr kept_;
  Moment moment_;
  bool changed_ = false;
};

// Turns writes into one batch, and judges them.
class Round {
 public:
  Round(rocksdb::DB& database, DamageLog& damage, Moment moment)
      : database_(database), damage_(damage), moment_(moment) {}

  // What each write's callback gets once the batch is durable.
  std::vector<Result<void>> Judge(const std::vector<StoreWrite>& writes) {
    std::vector<Result<void>> results(writes.size());
    WritesOfKeys writes_of;
    for (std::size_t i = 0; i < writes.size(); ++i) {
      if (const auto* entry = std::get_if<EntryWrite>(&writes[i].what)) {
        writes_of[entry->key].push_back(i);
      } else {
        AddRecord(batch_, std::get<RecordWrite>(writes[i].what));
      }
    }
    Kept kept = Read(writes_of);
    std::size_t read = 0;
    for (const auto& [key, indices] : writes_of) {
      JudgeKey(key, kept.statuses[read], View(kept.values[read]), indices, writes, results);
      ++read;
    }
    return results;
  }

  rocksdb::WriteBatch& batch() { return batch_; }

 private:
  // The places of each key's writes. Sorted, as reading many keys at once likes it.
  using WritesOfKeys = std::map<std::string_view, std::vector<std::size_t>>;

  // What the store has of each key, in their order.
  struct Kept {
    std::vector<rocksdb::PinnableSlice> values;
    std::vector<rocksdb::Status> statuses;
  };

  Kept Read(const WritesOfKeys& writes_of) {
    std::vector<std::string> names;
    names.reserve(writes_of.size());
    for (const auto& [key, indices] : writes_of) names.push_back(EntryName(key));
    const std::vector<rocksdb::Slice> slices(names.begin(), names.end());
    Kept kept{std::vector<rocksdb::PinnableSlice>(names.size()), std::vector<rocksdb::Status>(names.size())};
    database_.MultiGet({}, database_.DefaultColumnFamily(), slices.size(), slices.data(), kept.values.data(),
                       kept.statuses.data(), /*sorted_input=*/true);
    return kept;
  }

  void JudgeKey(std::string_view key, const rocksdb::Status& status, std::string_view bytes,
                const std::vector<std::size_t>& indices, const std::vector<StoreWrite>& writes,
                std::vector<Result<void>>& results) {
    if (!status.ok() && !status.IsNotFound() && !status.IsCorruption()) {
      LogError("the store could not read: {}", status.ToString());
      for (const std::size_t i : indices) results[i] = WriteFailed();
      return;
    }
    KeyRound round(key, status.IsNotFound() ? nullptr : Decode(key, status, bytes), moment_);
    for (const std::size_t i : indices) results[i] = round.Apply(std::get<EntryWrite>(writes[i].what));
    round.Finish(batch_);
  }

  // Null where it is damaged.
  EntryPtr Decode(std::string_view key, const rocksdb::Status& status, std::string_view bytes) {
    Result<EntryPtr> entry =
        status.ok() ? DecodeEntry(key, bytes, moment_) : Fail(ErrorCode::kStoreError, status.ToString());
    if (entry) return *std::move(entry);
    damage_.Note(entry.error().message);
    return nullptr;
  }

  rocksdb::DB& database_;
  DamageLog& damage_;
  Moment moment_;
  rocksdb::WriteBatch batch_;
};

}  // namespace

RocksDbWriter::RocksDbWriter(RocksDbFiles& files, const Scheduler& scheduler, DamageLog& damage,
                             const RocksDbLimits& limits)
    : files_(files),
      scheduler_(scheduler),
      damage_(damage),
      queue_(limits.writes_waiting_max, limits.write_bytes_waiting_max),
      thread_([this] { Run(); }) {}

Result<void> RocksDbWriter::Add(StoreWrite& write) {
  switch (queue_.Push(write, BytesOf(write))) {
    case Pushed::kTaken:
      return {};
    case Pushed::kClosed:
      return StoreClosed();
    case Pushed::kFull:
      break;
  }
  return Fail(ErrorCode::kOverloaded, "too many writes wait for the store: try again shortly");
}

void RocksDbWriter::Close() {
  queue_.Close();
  if (thread_.joinable()) thread_.join();
}

void RocksDbWriter::Run() {
  while (true) {
    const std::vector<StoreWrite> writes = queue_.TakeAll();
    if (writes.empty()) return;
    KCK_PAUSE_POINT("store.commit");
    std::vector<Result<void>> results = Commit(writes);
    for (std::size_t i = 0; i < writes.size(); ++i) writes[i].done(std::move(results[i]));
  }
}

std::vector<Result<void>> RocksDbWriter::Commit(const std::vector<StoreWrite>& writes) {
  if (!MayWrite()) return {writes.size(), WriteFailed()};
  const RocksDbFiles::Use use(files_);
  Round round(*use.database(), damage_, MomentOf(scheduler_));
  std::vector<Result<void>> results = round.Judge(writes);
  if (round.batch().Count() == 0) return results;
  rocksdb::WriteOptions options;
  options.sync = std::ranges::any_of(writes, NeedsSync);
  const rocksdb::Status status = use.database()->Write(options, &round.batch());
  if (status.ok()) return results;
  failed_ = true;
  damaged_ = status.IsCorruption();
  NoteFailure(status.ToString());
  // Verdicts may rest on writes of this same batch, so none of them stands.
  return {writes.size(), WriteFailed()};
}

// After a failed write, opens the files again; at most once a second, and not while the disk is full, since they can be
// read until then.
bool RocksDbWriter::MayWrite() {
  if (!failed_) return true;
  const TimePoint now = scheduler_.Now();
  if (now < next_attempt_ || !files_.HasRoom()) return false;
  next_attempt_ = now + std::chrono::seconds(1);
  const Result<void> opened = files_.Reopen(damaged_);
  failed_ = !opened;
  damaged_ = false;
  if (opened) {
    LogInfo("the store in {} writes again", files_.path());
  } else {
    NoteFailure(opened.error().message);
  }
  return opened.has_value();
}

void RocksDbWriter::NoteFailure(std::string_view why) {
  if (!failure_log_.Pass(scheduler_.Now())) return;
  LogError(
      "the store in {} could not write ({}): check the disk's room and health. Until it writes again, values are "
      "computed and served, but not kept",
      files_.path(), why);
}

}  // namespace kck
