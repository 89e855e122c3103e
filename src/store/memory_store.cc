#include <list>
#include <map>
#include <unordered_map>

#include "base/thread_annotations.h"
#include "store/open.h"
#include "store/put_rule.h"

namespace kck {
namespace {

// The entry of one key: a put forgets those by other definitions, so there is never more than one.
struct Slot {
  std::string key;
  EntryPtr entry;

  // Whether the bound may take it away: what was purged, or set by a caller, cannot be computed again.
  bool replaceable() const { return IsComputed(*entry); }

  bool expired(TimePoint now) const { return entry->expires_at() <= now; }

  std::size_t bytes() const {
    constexpr std::size_t kOverhead = sizeof(Slot) + 96;
    return kOverhead + key.size() + entry->memory_bytes();
  }
};

class MemoryStore : public Store {
 public:
  MemoryStore(Scheduler& scheduler, std::size_t bytes_max) : scheduler_(scheduler), bytes_max_(bytes_max) {}

  void Get(std::string key, std::uint64_t, GetCallback done) override { Answer(std::move(done), Find(key)); }

  void Put(std::string key, EntryPtr entry, PutCallback done) override {
    Answer(std::move(done), Apply({std::move(key), std::move(entry)}, std::nullopt));
  }

  void PutIf(std::string key, EntryPtr entry, PutCondition condition, PutCallback done) override {
    Answer(std::move(done), Apply({std::move(key), std::move(entry)}, condition));
  }

  void PutRecord(std::string name, std::string value, PutCallback done) override {
    Answer(std::move(done), SetRecord(name, std::move(value)));
  }

  void DeleteRecord(std::string name, PutCallback done) override {
    Answer(std::move(done), SetRecord(name, std::nullopt));
  }

  void GetRecords(std::string prefix, RecordsCallback done) override { Answer(std::move(done), FindRecords(prefix)); }

  void Close() override {
    MutexLock lock(mutex_);
    closed_ = true;
  }

 private:
  using Slots = std::list<Slot>;
  using Records = std::vector<std::pair<std::string, std::string>>;

  template <typename T>
  void Answer(std::function<void(Result<T>)> done, Result<T> result) {
    scheduler_.Post([done = std::move(done), result = std::move(result)] { done(result); });
  }

  Result<EntryPtr> Find(const std::string& key) KCK_EXCLUDES(mutex_);
  Result<void> Apply(Slot candidate, const std::optional<PutCondition>& condition) KCK_EXCLUDES(mutex_);
  Result<void> SetRecord(const std::string& name, std::optional<std::string> value) KCK_EXCLUDES(mutex_);
  Result<Records> FindRecords(const std::string& prefix) KCK_EXCLUDES(mutex_);

  Result<void> Place(Slot candidate) KCK_REQUIRES(mutex_);
  Slots& ListOf(const Slot& slot) KCK_REQUIRES(mutex_) { return slot.replaceable() ? replaceable_ : lasting_; }
  void Insert(Slot slot) KCK_REQUIRES(mutex_);
  void Remove(Slots::iterator slot) KCK_REQUIRES(mutex_);
  bool MakeRoom(std::size_t bytes, std::size_t freed) KCK_REQUIRES(mutex_);
  void SweepLasting() KCK_REQUIRES(mutex_);

  Scheduler& scheduler_;
  const std::size_t bytes_max_;
  Mutex mutex_;
  // Every slot is in one of the lists, by the time of its write, and in the index, whose names are the slots' own.
  Slots replaceable_ KCK_GUARDED_BY(mutex_);
  Slots lasting_ KCK_GUARDED_BY(mutex_);
  std::unordered_map<std::string_view, Slots::iterator> index_ KCK_GUARDED_BY(mutex_);
  std::size_t bytes_ KCK_GUARDED_BY(mutex_) = 0;
  TimePoint next_sweep_ KCK_GUARDED_BY(mutex_);
  std::map<std::string, std::string> records_ KCK_GUARDED_BY(mutex_);
  bool closed_ KCK_GUARDED_BY(mutex_) = false;
};

Result<EntryPtr> MemoryStore::Find(const std::string& key) {
  MutexLock lock(mutex_);
  if (closed_) return StoreClosed();
  const auto found = index_.find(key);
  if (found == index_.end() || found->second->expired(scheduler_.Now())) return EntryPtr();
  return found->second->entry;
}

Result<void> MemoryStore::Apply(Slot candidate, const std::optional<PutCondition>& condition) {
  MutexLock lock(mutex_);
  if (closed_) return StoreClosed();
  const auto found = index_.find(candidate.key);
  const Entry* kept = found == index_.end() ? nullptr : found->second->entry.get();
  const Result<bool> wins = JudgePut(*candidate.entry, kept, condition, scheduler_.Now());
  if (!wins) return Failure(wins.error());
  if (!*wins) return {};
  return Place(std::move(candidate));
}

// A refusal leaves what was purged or set in its place.
Result<void> MemoryStore::Place(Slot candidate) {
  auto replaced = index_.find(candidate.key);
  if (replaced != index_.end() && (replaced->second->replaceable() || replaced->second->expired(scheduler_.Now()))) {
    Remove(replaced->second);
    replaced = index_.end();
  }
  const std::size_t freed = replaced == index_.end() ? 0 : replaced->second->bytes();
  if (!MakeRoom(candidate.bytes(), freed)) return Fail(ErrorCode::kOverloaded, "the memory store is full");
  if (replaced != index_.end()) Remove(replaced->second);
  Insert(std::move(candidate));
  return {};
}

void MemoryStore::Insert(Slot slot) {
  bytes_ += slot.bytes();
  Slots& list = ListOf(slot);
  list.push_back(std::move(slot));
  index_.emplace(list.back().key, std::prev(list.end()));
}

void MemoryStore::Remove(Slots::iterator slot) {
  bytes_ -= slot->bytes();
  index_.erase(slot->key);
  ListOf(*slot).erase(slot);
}

// True once `bytes` fit where `freed` are given back.
bool MemoryStore::MakeRoom(std::size_t bytes, std::size_t freed) {
  if (bytes > bytes_max_) return false;
  if (bytes_ + bytes > bytes_max_ + freed) SweepLasting();
  while (bytes_ + bytes > bytes_max_ + freed && !replaceable_.empty()) Remove(replaceable_.begin());
  return bytes_ + bytes <= bytes_max_ + freed;
}

// Forgets what is past its life among the entries that the bound leaves alone. It looks at each of them, so it does
// that once a second at most.
void MemoryStore::SweepLasting() {
  const TimePoint now = scheduler_.Now();
  if (now < next_sweep_) return;
  next_sweep_ = now + std::chrono::seconds(1);
  for (auto slot = lasting_.begin(); slot != lasting_.end();) {
    const auto here = slot++;
    if (here->expired(now)) Remove(here);
  }
}

Result<void> MemoryStore::SetRecord(const std::string& name, std::optional<std::string> value) {
  MutexLock lock(mutex_);
  if (closed_) return StoreClosed();
  if (value) {
    records_.insert_or_assign(name, *std::move(value));
  } else {
    records_.erase(name);
  }
  return {};
}

Result<MemoryStore::Records> MemoryStore::FindRecords(const std::string& prefix) {
  MutexLock lock(mutex_);
  if (closed_) return StoreClosed();
  Records found;
  for (auto record = records_.lower_bound(prefix); record != records_.end(); ++record) {
    if (!record->first.starts_with(prefix)) break;
    found.emplace_back(*record);
  }
  return found;
}

}  // namespace

std::unique_ptr<Store> OpenMemoryStore(Scheduler& scheduler, std::size_t bytes_max) {
  return std::make_unique<MemoryStore>(scheduler, bytes_max);
}

}  // namespace kck
