#include "testing/blocking_store.h"

#include <future>

namespace kck {
namespace {

// Calls `call` with a callback, and waits for what that brings.
template <typename T, typename Call>
Result<T> Await(const Call& call) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  std::future<Result<T>> future = promise->get_future();
  call([promise](Result<T> result) { promise->set_value(std::move(result)); });
  return future.get();
}

}  // namespace

Result<EntryPtr> BlockingStore::Get(std::string key, std::uint64_t fingerprint) {
  return Await<EntryPtr>([&](auto done) { store_.Get(std::move(key), fingerprint, std::move(done)); });
}

Result<void> BlockingStore::Put(std::string key, EntryPtr entry) {
  return Await<void>([&](auto done) { store_.Put(std::move(key), std::move(entry), std::move(done)); });
}

Result<void> BlockingStore::PutIf(std::string key, EntryPtr entry, const Version& content_version) {
  return Await<void>([&](auto done) {
    store_.PutIf(std::move(key), std::move(entry), PutCondition{content_version}, std::move(done));
  });
}

Result<void> BlockingStore::PutRecord(std::string name, std::string value) {
  return Await<void>([&](auto done) { store_.PutRecord(std::move(name), std::move(value), std::move(done)); });
}

Result<void> BlockingStore::DeleteRecord(std::string name) {
  return Await<void>([&](auto done) { store_.DeleteRecord(std::move(name), std::move(done)); });
}

Result<std::vector<std::pair<std::string, std::string>>> BlockingStore::GetRecords(std::string prefix) {
  using Records = std::vector<std::pair<std::string, std::string>>;
  return Await<Records>([&](auto done) { store_.GetRecords(std::move(prefix), std::move(done)); });
}

}  // namespace kck
