// A Store that passes all to another one, and can hold back reads' answers and entries, or fail everything.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "base/scheduler.h"
#include "store/store.h"

namespace kck {

// Faults that it may inject: reads that answer late (hold_gets, then ReleaseGets), entries that are taken late
// (hold_puts, then ReleasePuts), a store that is down (down), that cannot be read (fails_gets), that takes records
// alone (refuses_entries). For one thread.
class HeldStore : public Store {
 public:
  HeldStore(Store& inner, Scheduler& scheduler) : inner_(inner), scheduler_(scheduler) {}

  void Get(std::string key, std::uint64_t fingerprint, GetCallback done) override;
  void Put(std::string key, EntryPtr entry, PutCallback done) override;
  void PutIf(std::string key, EntryPtr entry, PutCondition condition, PutCallback done) override;
  void PutRecord(std::string name, std::string value, PutCallback done) override;
  void DeleteRecord(std::string name, PutCallback done) override;
  void GetRecords(std::string prefix, RecordsCallback done) override;
  void Close() override {}

  // Answers the held reads with what was read when they were asked.
  void ReleaseGets();
  // Takes the held entries.
  void ReleasePuts();

  bool hold_gets = false;
  bool hold_puts = false;
  bool fails_gets = false;
  bool down = false;
  bool refuses_entries = false;
  std::vector<std::string> writes;  // "put KEY", "record NAME" and "forget NAME", in the order asked for

 private:
  template <typename Callback>
  void Refuse(Callback done);

  Store& inner_;
  Scheduler& scheduler_;
  std::deque<std::function<void()>> held_gets_;
  std::deque<std::function<void()>> held_puts_;
};

}  // namespace kck
