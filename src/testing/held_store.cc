#include "testing/held_store.h"

namespace kck {

template <typename Callback>
void HeldStore::Refuse(Callback done) {
  scheduler_.Post([done = std::move(done)] { done(Fail(ErrorCode::kStoreError, "scripted: the store is down")); });
}

void HeldStore::Get(std::string key, std::uint64_t fingerprint, GetCallback done) {
  if (down || fails_gets) return Refuse(std::move(done));
  if (!hold_gets) return inner_.Get(std::move(key), fingerprint, std::move(done));
  auto hold = [this, done = std::move(done)](Result<EntryPtr> entry) {
    held_gets_.push_back([done, entry = std::move(entry)] { done(entry); });
  };
  inner_.Get(std::move(key), fingerprint, std::move(hold));
}

void HeldStore::Put(std::string key, EntryPtr entry, PutCallback done) {
  if (down || refuses_entries) return Refuse(std::move(done));
  writes.push_back("put " + key);
  if (!hold_puts) return inner_.Put(std::move(key), std::move(entry), std::move(done));
  held_puts_.push_back(
      [this, key = std::move(key), entry = std::move(entry), done = std::move(done)] { inner_.Put(key, entry, done); });
}

void HeldStore::PutIf(std::string key, EntryPtr entry, PutCondition condition, PutCallback done) {
  if (down) return Refuse(std::move(done));
  writes.push_back("put " + key);
  inner_.PutIf(std::move(key), std::move(entry), condition, std::move(done));
}

void HeldStore::PutRecord(std::string name, std::string value, PutCallback done) {
  if (down) return Refuse(std::move(done));
  writes.push_back("record " + name);
  inner_.PutRecord(std::move(name), std::move(value), std::move(done));
}

void HeldStore::DeleteRecord(std::string name, PutCallback done) {
  if (down) return Refuse(std::move(done));
  writes.push_back("forget " + name);
  inner_.DeleteRecord(std::move(name), std::move(done));
}

void HeldStore::GetRecords(std::string prefix, RecordsCallback done) {
  if (down) return Refuse(std::move(done));
  inner_.GetRecords(std::move(prefix), std::move(done));
}

void HeldStore::ReleaseGets() {
  for (auto& answer : std::exchange(held_gets_, {})) answer();
}

void HeldStore::ReleasePuts() {
  for (auto& put : std::exchange(held_puts_, {})) put();
}

}  // namespace kck
