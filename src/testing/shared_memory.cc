#include "testing/shared_memory.h"

#include <algorithm>

#include "store/put_rule.h"

namespace kck {

class SharedMemory::View : public SharedStore {
 public:
  View(SharedMemory& shared, std::string name) : shared_(shared), name_(std::move(name)) {}

  void Get(std::string key, std::uint64_t fingerprint, GetCallback done) override {
    GetShared(std::move(key), fingerprint, [done = std::move(done)](Result<SharedEntry> found) {
      done(found ? Result<EntryPtr>(std::move(found->entry)) : Failure(std::move(found.error())));
    });
  }
  void Put(std::string key, EntryPtr entry, PutCallback done) override {
    PutShared(std::move(key), {std::move(entry), 0}, std::nullopt, std::move(done));
  }
  void PutIf(std::string key, EntryPtr entry, PutCondition condition, PutCallback done) override {
    PutShared(std::move(key), {std::move(entry), 0}, condition, std::move(done));
  }
  void PutRecord(std::string name, std::string value, PutCallback done) override {
    if (!shared_.down) records()[name] = std::move(value);
    Answer(std::move(done), Result<void>());
  }
  void DeleteRecord(std::string name, PutCallback done) override {
    if (!shared_.down) records().erase(name);
    Answer(std::move(done), Result<void>());
  }
  void GetRecords(std::string prefix, RecordsCallback done) override {
    std::vector<std::pair<std::string, std::string>> found;
    for (const auto& record : records()) {
      if (record.first.starts_with(prefix)) found.emplace_back(record);
    }
    Answer(std::move(done), std::move(found));
  }
  void Close() override {}

  void GetShared(std::string key, std::uint64_t fingerprint, SharedGetCallback done) override {
    ++shared_.reads;
    Answer(std::move(done), Find(key, fingerprint));
  }

  void PutShared(std::string key, SharedEntry entry, std::optional<PutCondition> condition, PutCallback done) override {
    const std::pair<std::string, std::uint64_t> name{std::move(key), entry.entry->fingerprint()};
    const auto kept = shared_.entries_.find(name);
    const Entry* held = kept == shared_.entries_.end() ? nullptr : kept->second.entry.entry.get();
    const Result<bool> wins = JudgePut(*entry.entry, held, condition, shared_.scheduler_.Now());
    if (!wins) return Answer(std::move(done), Failure(wins.error()));
    if (*wins && !shared_.down) {
      ++shared_.writes;
      shared_.entries_.insert_or_assign(name, Kept{std::move(entry), name_});
    }
    Answer(std::move(done), Result<void>());
  }

  void ReadRegister(std::string name, RegisterCallback done) override {
    const auto held = shared_.registers_.find(name);
    std::optional<std::string> value;
    if (held != shared_.registers_.end()) value = held->second;
    Answer(std::move(done), std::move(value));
  }
  void SwapRegister(std::string name, std::optional<std::string> expected, std::string value, int,
                    SwapCallback done) override {
    const auto held = shared_.registers_.find(name);
    const bool fits = held == shared_.registers_.end() ? !expected : expected == held->second;
    if (fits && !shared_.down) shared_.registers_[name] = value;
    Answer(std::move(done), fits ? value : shared_.registers_[name]);
  }
  void ReadNumber(std::string name, NumberCallback done) override {
    const auto held = shared_.numbers_.find(name);
    Answer(std::move(done), held == shared_.numbers_.end() ? std::uint64_t{0} : held->second);
  }
  void RaiseNumber(std::string name, std::uint64_t number, PutCallback done) override {
    if (!shared_.down) shared_.numbers_[name] = std::max(shared_.numbers_[name], number);
    Answer(std::move(done), Result<void>());
  }

 private:
  std::map<std::string, std::string>& records() { return shared_.records_[name_]; }

  SharedEntry Find(const std::string& key, std::uint64_t fingerprint) const {
    const Kept* found = nullptr;
    for (const auto& [name, kept] : shared_.entries_) {
      if (name.first != key || kept.entry.entry->expires_at() <= shared_.scheduler_.Now()) continue;
      if (found == nullptr || name.second == fingerprint) found = &kept;
    }
    if (found == nullptr) return {};
    EntryFacts facts = found->entry.entry->facts();
    facts.foreign = found->writer != name_;
    return {Entry::MakeRenewal(found->entry.entry, facts), found->entry.product_mark};
  }

  template <typename T>
  void Answer(std::function<void(Result<T>)> done, std::type_identity_t<Result<T>> result) {
    if (shared_.down) result = Fail(ErrorCode::kStoreError, "scripted: the store is away");
    shared_.scheduler_.Post([done = std::move(done), result = std::move(result)] { done(result); });
  }

  SharedMemory& shared_;
  const std::string name_;
};

std::unique_ptr<SharedStore> SharedMemory::Open(const std::string& name) { return std::make_unique<View>(*this, name); }

}  // namespace kck
