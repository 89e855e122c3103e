#include "simulation/sim_store.h"

#include <utility>

#include "store/entry_codec.h"
#include "store/put_rule.h"

namespace kck {
namespace {

bool NeedsSync(const SimWrite& write) {
  if (const auto* record = std::get_if<SimRecordWrite>(&write)) return record->value.has_value();
  const EntryKind kind = std::get<SimEntryWrite>(write).entry->kind();
  return kind == EntryKind::kSet || kind == EntryKind::kTombstone;
}

// The key or the product that a record is about.
std::string_view SubjectOf(std::string_view record) {
  for (const std::string_view prefix : {"mark/key/", "mark/product/", "mark/foretold/", "schedule/"}) {
    if (record.starts_with(prefix)) return record.substr(prefix.size());
  }
  return record;
}

}  // namespace

EntryPtr SimDisk::Find(const std::string& key, const Scheduler& scheduler) const {
  const auto found = committed_.entries.find(key);
  if (found == committed_.entries.end()) return nullptr;
  EntryPtr entry = DecodeEntry(key, found->second.bytes, MomentOf(scheduler)).value();
  return entry->expires_at() > scheduler.Now() ? entry : nullptr;
}

std::vector<std::pair<std::string, std::string>> SimDisk::FindRecords(const std::string& prefix) const {
  std::vector<std::pair<std::string, std::string>> found;
  for (auto record = committed_.records.lower_bound(prefix); record != committed_.records.end(); ++record) {
    if (!record->first.starts_with(prefix)) break;
    found.emplace_back(*record);
  }
  return found;
}

Result<void> SimDisk::Commit(const SimWrite& write, const Scheduler& scheduler) {
  Change change;
  if (const auto* record = std::get_if<SimRecordWrite>(&write)) {
    change = {false, record->name, record->value, 0};
    story_.Tell(SubjectOf(record->name), "the store has record {} = {}", record->name, record->value.value_or("none"));
  } else {
    const auto& put = std::get<SimEntryWrite>(write);
    EntryPtr kept = Find(put.key, scheduler);
    if (kept && kept->fingerprint() != put.entry->fingerprint()) kept = nullptr;
    const Result<bool> wins = JudgePut(*put.entry, kept.get(), put.condition, scheduler.Now());
    if (!wins) return Failure(wins.error());
    story_.Tell(put.key, "the store {} {}", *wins ? "has" : "drops", VersionText(put.entry->version()));
    if (!*wins) return {};
    change = {true, put.key, EncodeEntry(*put.entry, MomentOf(scheduler)), put.entry->fingerprint()};
  }
  Apply(committed_, change);
  unsynced_.push_back(std::move(change));
  return {};
}

void SimDisk::Apply(Files& files, const Change& change) {
  if (change.is_entry) {
    files.entries[change.name] = {change.fingerprint, *change.value};
  } else if (change.value) {
    files.records[change.name] = *change.value;
  } else {
    files.records.erase(change.name);
  }
}

void SimDisk::Sync() {
  for (const Change& change : unsynced_) Apply(synced_, change);
  unsynced_.clear();
}

void SimDisk::LosePower() {
  unsynced_.resize(random_.Below(unsynced_.size() + 1));
  Sync();
  committed_ = synced_;
}

void SimStore::Get(std::string key, std::uint64_t, GetCallback done) {
  auto read = [this, key = std::move(key)]() -> Result<EntryPtr> {
    if (disk_.reads_fail) return Fail(ErrorCode::kStoreError, "scripted");
    return disk_.Find(key, process_);
  };
  // From memory in the caller's thread, or from the disk later.
  if (random_.OneIn(2)) {
    return process_.Post([done = std::move(done), found = read()] { done(found); });
  }
  process_.After(random_.Latency(), [this, read = std::move(read), done = std::move(done)] {
    process_.Post([done, found = read()] { done(found); });
  });
}

void SimStore::Put(std::string key, EntryPtr entry, PutCallback done) {
  Write(SimEntryWrite{std::move(key), std::move(entry), std::nullopt}, std::move(done));
}

void SimStore::PutIf(std::string key, EntryPtr entry, PutCondition condition, PutCallback done) {
  Write(SimEntryWrite{std::move(key), std::move(entry), condition}, std::move(done));
}

void SimStore::PutRecord(std::string name, std::string value, PutCallback done) {
  Write(SimRecordWrite{std::move(name), std::move(value)}, std::move(done));
}

void SimStore::DeleteRecord(std::string name, PutCallback done) {
  Write(SimRecordWrite{std::move(name), std::nullopt}, std::move(done));
}

void SimStore::GetRecords(std::string prefix, RecordsCallback done) {
  process_.After(random_.Latency(), [this, prefix = std::move(prefix), done = std::move(done)] {
    if (disk_.reads_fail) return done(Fail(ErrorCode::kStoreError, "scripted"));
    done(disk_.FindRecords(prefix));
  });
}

void SimStore::Write(SimWrite write, PutCallback done) {
  waiting_.push_back({std::move(write), std::move(done)});
  if (std::exchange(writing_, true)) return;
  process_.After(random_.Latency(), [this] { WriteGroup(); });
}

void SimStore::WriteGroup() {
  const auto answers = std::make_shared<Answers>(Commit(random_.Below(waiting_.size()) + 1));
  Tell(answers);
}

SimStore::Answers SimStore::Commit(std::size_t count) {
  Answers answers;
  bool sync = false;
  for (; count > 0; --count) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    sync |= NeedsSync(next.write);
    Result<void> result =
        disk_.writes_fail ? Fail(ErrorCode::kStoreError, "scripted") : disk_.Commit(next.write, process_);
    answers.emplace_back(std::move(next.done), std::move(result));
  }
  if (sync) disk_.Sync();
  return answers;
}

// The writer's thread runs them one after another, and then takes the next group.
void SimStore::Tell(const std::shared_ptr<Answers>& answers) {
  process_.Post([this, answers] {
    auto [done, result] = std::move(answers->front());
    answers->pop_front();
    done(std::move(result));
    if (!answers->empty()) return Tell(answers);
    writing_ = !waiting_.empty();
    if (writing_) process_.After(random_.Latency(), [this] { WriteGroup(); });
  });
}

void SimStore::Kill() { Commit(random_.Below(waiting_.size() + 1)); }

}  // namespace kck
