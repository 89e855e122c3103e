#include "testing/held_store.h"

namespace kck {
namespace {

Failure Down() { return Fail(ErrorCode::kStoreError, "scripted: the store is down"); }

}  // namespace

void HeldStore::Get(std::string key, std::uint64_t fingerprint, GetCallback done) {
  if (down) return done(Down());
  if (!hold_gets) return inner_.Get(std::move(key), fingerprint, std::move(done));
  auto hold = [this, done = std::move(done)](Result<EntryPtr> entry) {
    held_.push_back([done, entry = std::move(entry)] { done(entry); });
  };
  inner_.Get(std::move(key), fingerprint, std::move(hold));
}

void HeldStore::Put(std::string key, EntryPtr entry, PutCallback done) {
  if (down || refuses_entries) return done(Down());
  writes.push_back("put " + key);
  inner_.Put(std::move(key), std::move(entry), std::move(done));
}

void HeldStore::PutIf(std::string key, EntryPtr entry, PutCondition condition, PutCallback done) {
  if (down) return done(Down());
  writes.push_back("put " + key);
  inner_.PutIf(std::move(key), std::move(entry), condition, std::move(done));
}

void HeldStore::PutRecord(std::string name, std::string value, PutCallback done) {
  if (down) return done(Down());
  writes.push_back("record " + name);
  inner_.PutRecord(std::move(name), std::move(value), std::move(done));
}

void HeldStore::DeleteRecord(std::string name, PutCallback done) {
  if (down) return done(Down());
  writes.push_back("forget " + name);
  inner_.DeleteRecord(std::move(name), std::move(done));
}

void HeldStore::GetRecords(std::string prefix, RecordsCallback done) {
  if (down) return done(Down());
  inner_.GetRecords(std::move(prefix), std::move(done));
}

void HeldStore::ReleaseGets() {
  for (auto& answer : std::exchange(held_, {})) answer();
}

}  // namespace kck
