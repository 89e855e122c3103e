#include "testing/shared_memory.h"

#include <algorithm>

#include "store/put_rule.h"

namespace kck {

class SharedMemory::View : public SharedStore {
 public:
  View(SharedMemory& shared, std::string name) : shared_(shared), name_(std::move(name)) {}

  void PutRecord(std::string name, std::string value, PutCallback done) override {
    Run<void>(std::move(done), Repeated::kNever, [this, name, value](const Fault&) -> Result<void> {
      shared_.records_[name_][name] = value;
      return {};
    });
  }
  void DeleteRecord(std::string name, PutCallback done) override {
    Run<void>(std::move(done), Repeated::kNever, [this, name](const Fault&) -> Result<void> {
      shared_.records_[name_].erase(name);
      return {};
    });
  }
  void GetRecords(std::string prefix, RecordsCallback done) override {
    using Records = std::vector<std::pair<std::string, std::string>>;
    Run<Records>(std::move(done), Repeated::kNever, [this, prefix](const Fault&) -> Result<Records> {
      Records found;
      for (const auto& record : shared_.records_[name_]) {
        if (record.first.starts_with(prefix)) found.emplace_back(record);
      }
      return found;
    });
  }
  void Close() override {}

  void GetShared(std::string key, std::uint64_t fingerprint, SharedGetCallback done) override {
    ++shared_.reads;
    Run<SharedEntry>(std::move(done), Repeated::kNever, [this, key, fingerprint](const Fault& fault) {
      return Result<SharedEntry>(Find(key, fingerprint, fault.lag));
    });
  }

  void PutShared(std::string key, SharedEntry entry, std::optional<PutCondition> condition, PutCallback done) override {
    const auto repeated = condition ? Repeated::kNever : Repeated::kMaybe;
    Run<void>(std::move(done), repeated, [this, key, entry, condition](const Fault&) -> Result<void> {
      std::vector<Kept>& kept = shared_.entries_[{key, entry.entry->fingerprint()}];
      const Entry* held = kept.empty() ? nullptr : kept.back().entry.entry.get();
      const Result<bool> wins = JudgePut(*entry.entry, held, condition, shared_.scheduler_.Now());
      if (!wins) return Failure(wins.error());
      if (!*wins) return IsComputed(*entry.entry) ? Result<void>() : Failure(SupersededBefore());
      ++shared_.writes;
      kept.push_back({entry, name_});
      ForgetSeen(key, entry);
      if (!IsComputed(*entry.entry)) ForgetOthers(key, *entry.entry);
      return {};
    });
  }

  void MarkShared(std::string key, std::optional<MarkedTransaction> transaction, NumberCallback done) override {
    Run<std::uint64_t>(std::move(done), Repeated::kNever, [this, key, transaction](const Fault&) {
      KeyMarks& marks = shared_.marks_[key];
      if (transaction && std::ranges::find(marks.transactions, *transaction) == marks.transactions.end()) {
        marks.transactions.push_back(*transaction);
      }
      return Result<std::uint64_t>(transaction ? 0 : ++marks.number);
    });
  }

  void ReadRegister(std::string name, RegisterCallback done) override {
    using Value = std::optional<std::string>;
    Run<Value>(std::move(done), Repeated::kNever, [this, name](const Fault&) -> Result<Value> {
      const auto held = shared_.registers_.find(name);
      return held == shared_.registers_.end() ? Value() : Value(held->second);
    });
  }
  void SwapRegister(std::string name, std::optional<std::string> expected, std::string value, int,
                    SwapCallback done) override {
    Run<std::string>(std::move(done), Repeated::kNever, [this, name, expected, value](const Fault&) {
      const auto held = shared_.registers_.find(name);
      const bool fits = held == shared_.registers_.end() ? !expected : expected == held->second;
      if (fits) shared_.registers_[name] = value;
      return Result<std::string>(shared_.registers_[name]);
    });
  }
  void ReadNumber(std::string name, NumberCallback done) override {
    Run<std::uint64_t>(std::move(done), Repeated::kNever, [this, name](const Fault&) -> Result<std::uint64_t> {
      const auto held = shared_.numbers_.find(name);
      return held == shared_.numbers_.end() ? 0 : held->second;
    });
  }
  void RaiseNumber(std::string name, std::uint64_t number, PutCallback done) override {
    Run<void>(std::move(done), Repeated::kMaybe, [this, name, number](const Fault&) -> Result<void> {
      shared_.numbers_[name] = std::max(shared_.numbers_[name], number);
      return {};
    });
  }

 private:
  enum class Repeated : std::uint8_t { kNever, kMaybe };

  SharedEntry Find(const std::string& key, std::uint64_t fingerprint, std::size_t lag) const {
    const Kept* found = nullptr;
    for (const auto& [name, all] : shared_.entries_) {
      if (name.first != key || all.size() <= lag) continue;
      const Kept& kept = all[all.size() - 1 - lag];
      if (kept.entry.entry->expires_at() <= shared_.scheduler_.Now()) continue;
      if (found == nullptr || name.second == fingerprint) found = &kept;
    }
    const auto marked = shared_.marks_.find(key);
    KeyMarks marks = marked == shared_.marks_.end() ? KeyMarks() : marked->second;
    if (found == nullptr) return {nullptr, {}, {}, std::move(marks)};
    EntryFacts facts = found->entry.entry->facts();
    facts.foreign = found->writer != name_;
    return {Entry::MakeRenewal(found->entry.entry, facts), found->entry.known, {}, std::move(marks)};
  }

  // What somebody sets or purges is the key, whatever the definition.
  void ForgetOthers(const std::string& key, const Entry& entry) {
    for (auto& [name, all] : shared_.entries_) {
      if (name.first == key && name.second != entry.fingerprint()) all.clear();
    }
  }

  void ForgetSeen(const std::string& key, const SharedEntry& put) {
    KeyMarks& marks = shared_.marks_[key];
    std::erase_if(marks.transactions, [&put, &marks](const MarkedTransaction& mark) {
      const bool goes = mark.database == put.database && GoesWith(mark, *put.entry);
      if (goes && IsComputed(*put.entry)) marks.forgotten = {mark.database, mark.epoch, mark.id + 1};
      return goes;
    });
  }

  template <typename T>
  void Run(std::function<void(Result<T>)> done, Repeated repeated, std::function<Result<T>(const Fault&)> work) {
    Fault fault = shared_.next_fault ? shared_.next_fault() : Fault();
    if (shared_.down) fault = {.lost = true};
    if (repeated == Repeated::kMaybe && fault.again_after > Duration::zero()) {
      shared_.scheduler_.At(shared_.scheduler_.Now() + fault.again_after,
                            [work, fault] { static_cast<void>(work(fault)); });
    }
    auto carry_out = [done = std::move(done), work = std::move(work), fault] {
      Result<T> result = fault.lost ? Result<T>(Away()) : work(fault);
      if (fault.answer_lost) result = Away();
      done(std::move(result));
    };
    if (fault.late == Duration::zero()) return shared_.scheduler_.Post(std::move(carry_out));
    shared_.scheduler_.At(shared_.scheduler_.Now() + fault.late, std::move(carry_out));
  }

  static Failure Away() { return Fail(ErrorCode::kStoreError, "scripted: the store is away"); }

  SharedMemory& shared_;
  const std::string name_;
};

std::unique_ptr<SharedStore> SharedMemory::Open(const std::string& name) { return std::make_unique<View>(*this, name); }

}  // namespace kck
