// Calling a store and waiting for its answer, for tests whose store answers on other threads.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "store/store.h"

namespace kck {

class BlockingStore {
 public:
  explicit BlockingStore(Store& store) : store_(store) {}

  Result<EntryPtr> Get(std::string key, std::uint64_t fingerprint = 0);
  Result<void> Put(std::string key, EntryPtr entry);
  Result<void> PutIf(std::string key, EntryPtr entry, const Version& content_version);
  Result<void> PutRecord(std::string name, std::string value);
  Result<void> DeleteRecord(std::string name);
  Result<std::vector<std::pair<std::string, std::string>>> GetRecords(std::string prefix);

 private:
  Store& store_;
};

}  // namespace kck
