// A Store that passes all to another one, and can hold back the answers of reads, or fail everything.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "store/store.h"

namespace kck {

// Faults that it may inject: reads that answer late (hold_gets, then ReleaseGets), a store that is down (down), one
// that takes records alone (refuses_entries). For one thread.
class HeldStore : public Store {
 public:
  explicit HeldStore(Store& inner) : inner_(inner) {}

  void Get(std::string key, std::uint64_t fingerprint, GetCallback done) override;
  void Put(std::string key, EntryPtr entry, PutCallback done) override;
  void PutIf(std::string key, EntryPtr entry, PutCondition condition, PutCallback done) override;
  void PutRecord(std::string name, std::string value, PutCallback done) override;
  void DeleteRecord(std::string name, PutCallback done) override;
  void GetRecords(std::string prefix, RecordsCallback done) override;
  void Close() override {}

  // Answers the held reads with what was read when they were asked.
  void ReleaseGets();

  bool hold_gets = false;
  bool down = false;
  bool refuses_entries = false;
  std::vector<std::string> writes;  // "put KEY", "record NAME" and "forget NAME", in the order asked for

 private:
  Store& inner_;
  std::deque<std::function<void()>> held_;
};

}  // namespace kck
