#include "store/shared_store.h"

namespace kck {

void SharedStore::Get(std::string key, std::uint64_t fingerprint, GetCallback done) {
  GetShared(std::move(key), fingerprint, [done = std::move(done)](Result<SharedEntry> found) {
    done(found ? Result<EntryPtr>(std::move(found->entry)) : Failure(std::move(found.error())));
  });
}

void SharedStore::Put(std::string key, EntryPtr entry, PutCallback done) {
  PutShared(std::move(key), {std::move(entry), {}, {}, {}}, std::nullopt, [done = std::move(done)](Result<void> put) {
    const bool dropped = !put && put.error().code == ErrorCode::kVersionMismatch;
    done(dropped ? Result<void>() : std::move(put));
  });
}

void SharedStore::PutIf(std::string key, EntryPtr entry, PutCondition condition, PutCallback done) {
  PutShared(std::move(key), {std::move(entry), {}, {}, {}}, condition, std::move(done));
}

}  // namespace kck
