#include "testing/shared_memory.h"

#include <algorithm>
#include <set>

#include "store/put_rule.h"

namespace kck {

class SharedMemory::View : public SharedStore {
 public:
  View(SharedMemory& shared, const Opening& opening) : shared_(shared), opening_(opening) {}

  void PutRecord(std::string name, std::string value, PutCallback done) override {
    WriteRecord(std::move(name), std::move(value), std::move(done));
  }
  void DeleteRecord(std::string name, PutCallback done) override {
    WriteRecord(std::move(name), std::nullopt, std::move(done));
  }
  void GetRecords(std::string prefix, RecordsCallback done) override {
    using Records = std::vector<std::pair<std::string, std::string>>;
    Run<Records>(std::move(done), Repeated::kNever, [shared = &shared_, node = opening_.node, prefix](const Fault&) {
      Records found;
      for (const auto& [name, record] : shared->records_[node]) {
        if (record.value && name.starts_with(prefix)) found.emplace_back(name, *record.value);
      }
      return Result<Records>(std::move(found));
    });
  }
  void Close() override {}

  void GetShared(std::string key, std::uint64_t fingerprint, SharedGetCallback done) override {
    ++shared_.reads;
    Run<SharedEntry>(std::move(done), Repeated::kNever,
                     [shared = &shared_, process = opening_.process, key, fingerprint](const Fault& fault) {
                       return Result<SharedEntry>(shared->Find(key, fingerprint, fault.lag, process));
                     });
  }

  void PutShared(std::string key, SharedEntry entry, std::optional<PutCondition> condition, PutCallback done) override {
    const auto repeated = condition ? Repeated::kNever : Repeated::kMaybe;
    Run<void>(std::move(done), repeated,
              [shared = &shared_, process = opening_.process, key, entry, condition](const Fault&) {
                return shared->Take(key, entry, condition, process);
              });
  }

  void MarkShared(std::string key, std::optional<MarkedTransaction> transaction, NumberCallback done) override {
    Run<std::uint64_t>(std::move(done), Repeated::kNever, [shared = &shared_, key, transaction](const Fault&) {
      return Result<std::uint64_t>(shared->Mark(key, transaction));
    });
  }

  void ReadRegister(std::string name, RegisterCallback done) override {
    using Value = std::optional<std::string>;
    Run<Value>(std::move(done), Repeated::kNever, [shared = &shared_, name](const Fault&) -> Result<Value> {
      const auto held = shared->registers_.find(name);
      return held == shared->registers_.end() ? Value() : Value(held->second);
    });
  }
  void SwapRegister(std::string name, std::optional<std::string> expected, std::string value, int,
                    SwapCallback done) override {
    Run<std::string>(std::move(done), Repeated::kNever, [shared = &shared_, name, expected, value](const Fault&) {
      const auto held = shared->registers_.find(name);
      const bool fits = held == shared->registers_.end() ? !expected : expected == held->second;
      if (fits) shared->registers_[name] = value;
      return Result<std::string>(shared->registers_[name]);
    });
  }
  void ReadNumber(std::string name, NumberCallback done) override {
    Run<std::uint64_t>(std::move(done), Repeated::kNever,
                       [shared = &shared_, name](const Fault&) -> Result<std::uint64_t> {
                         const auto held = shared->numbers_.find(name);
                         return held == shared->numbers_.end() ? 0 : held->second;
                       });
  }
  void RaiseNumber(std::string name, std::uint64_t number, PutCallback done) override {
    Run<void>(std::move(done), Repeated::kMaybe, [shared = &shared_, name, number](const Fault&) -> Result<void> {
      shared->numbers_[name] = std::max(shared->numbers_[name], number);
      shared->Tell(name, "the store has number {}", shared->numbers_[name]);
      return {};
    });
  }

 private:
  enum class Repeated : std::uint8_t { kNever, kMaybe };

  void WriteRecord(std::string name, std::optional<std::string> value, PutCallback done) {
    const Record record{++shared_.last_record_, std::move(value)};
    Run<void>(std::move(done), Repeated::kNever, [shared = &shared_, node = opening_.node, name, record](const Fault&) {
      shared->Write(node, name, record);
      return Result<void>();
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
    const auto held = std::make_shared<std::function<void(Result<T>)>>(std::move(done));
    waiting_.insert(held);
    auto carry_out = [this, waiting = std::weak_ptr(held), work = std::move(work), fault] {
      Result<T> result = fault.lost ? Result<T>(Away()) : work(fault);
      if (fault.answer_lost) result = Away();
      // Nobody is there to be answered where this view is not.
      if (!waiting.expired()) Answer(waiting, std::move(result), fault.answer_late);
    };
    if (fault.late == Duration::zero()) return shared_.scheduler_.Post(std::move(carry_out));
    shared_.scheduler_.At(shared_.scheduler_.Now() + fault.late, std::move(carry_out));
  }

  template <typename T>
  void Answer(const std::weak_ptr<std::function<void(Result<T>)>>& waiting, Result<T> result, Duration late) {
    auto answer = [this, waiting, result = std::move(result)] {
      const auto done = waiting.lock();
      if (!done) return;
      waiting_.erase(done);
      (*done)(result);
    };
    if (opening_.scheduler == nullptr) return answer();
    if (late == Duration::zero()) return opening_.scheduler->Post(std::move(answer));
    opening_.scheduler->At(opening_.scheduler->Now() + late, std::move(answer));
  }

  static Failure Away() { return Fail(ErrorCode::kStoreError, "scripted: the store is away"); }

  SharedMemory& shared_;
  const Opening opening_;
  std::set<std::shared_ptr<void>> waiting_;  // callbacks
};

std::unique_ptr<SharedStore> SharedMemory::Open(const Opening& opening) {
  return std::make_unique<View>(*this, opening);
}

SharedEntry SharedMemory::Find(const std::string& key, std::uint64_t fingerprint, std::size_t lag,
                               const std::string& process) const {
  const Kept* found = nullptr;
  for (const auto& [name, all] : entries_) {
    if (name.first != key || all.size() <= lag) continue;
    const Kept& kept = all[all.size() - 1 - lag];
    if (kept.entry.entry->expires_at() <= scheduler_.Now()) continue;
    if (found == nullptr || name.second == fingerprint) found = &kept;
  }
  const auto marked = marks_.find(key);
  KeyMarks marks = marked == marks_.end() ? KeyMarks() : marked->second;
  if (found == nullptr) return {nullptr, {}, {}, std::move(marks)};
  EntryFacts facts = found->entry.entry->facts();
  facts.foreign = found->writer != process;
  return {Entry::MakeRenewal(found->entry.entry, facts), found->entry.known, {}, std::move(marks)};
}

Result<void> SharedMemory::Take(const std::string& key, const SharedEntry& entry,
                                const std::optional<PutCondition>& condition, const std::string& process) {
  std::vector<Kept>& kept = entries_[{key, entry.entry->fingerprint()}];
  const Entry* held = kept.empty() ? nullptr : kept.back().entry.entry.get();
  const Result<bool> wins = JudgePut(*entry.entry, held, condition, scheduler_.Now());
  if (!wins) return Failure(wins.error());
  Tell(key, "the store {} {} of {}", *wins ? "has" : "drops", VersionText(entry.entry->version()), process);
  if (!*wins) return IsComputed(*entry.entry) ? Result<void>() : Failure(SupersededBefore());
  ++writes;
  kept.push_back({entry, process});
  ForgetSeen(key, entry);
  if (!IsComputed(*entry.entry)) ForgetOthers(key, *entry.entry);
  return {};
}

// What somebody sets or purges is the key, whatever the definition.
void SharedMemory::ForgetOthers(const std::string& key, const Entry& entry) {
  for (auto& [name, all] : entries_) {
    if (name.first == key && name.second != entry.fingerprint()) all.clear();
  }
}

void SharedMemory::ForgetSeen(const std::string& key, const SharedEntry& put) {
  KeyMarks& marks = marks_[key];
  std::erase_if(marks.transactions, [&put, &marks](const MarkedTransaction& mark) {
    const bool goes = mark.database == put.database && GoesWith(mark, *put.entry);
    if (goes && IsComputed(*put.entry)) marks.forgotten = {mark.database, mark.epoch, mark.id + 1};
    return goes;
  });
}

std::uint64_t SharedMemory::Mark(const std::string& key, const std::optional<MarkedTransaction>& transaction) {
  KeyMarks& marks = marks_[key];
  if (!transaction) {
    Tell(key, "the store has it marked, {}", ++marks.number);
    return marks.number;
  }
  Tell(key, "the store has it marked for transaction {}", transaction->id);
  if (std::ranges::find(marks.transactions, *transaction) == marks.transactions.end()) {
    marks.transactions.push_back(*transaction);
  }
  return 0;
}

void SharedMemory::Write(const std::string& node, const std::string& name, Record record) {
  Record& held = records_[node][name];
  if (record.number < held.number) return;
  held = std::move(record);
  Tell(name, "the store has, for {}, record {} = {}", node, name, held.value.value_or("none"));
}

}  // namespace kck
