// The tests of store_conformance_test.cc, which each program runs against its stores.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "store/store.h"
#include "testing/blocking_store.h"
#include "testing/entries.h"
#include "testing/temp_folder.h"
#include "testing/thread_scheduler.h"

namespace kck {

struct StoreUnderTest {
  std::string name;
  // A store that nobody has written to; the folder is the test's own.
  std::function<std::unique_ptr<Store>(const std::string& folder, Scheduler&)> open;
  bool one_definition = true;        // a put forgets entries by other definitions at once
  bool zero_is_a_definition = true;  // what was set without a product stands in for a product's entry
};

class StoreConformance : public testing::TestWithParam<StoreUnderTest> {
 protected:
  StoreConformance() : store_(GetParam().open(folder_.path(), scheduler_)), calls_(*store_) {}
  void TearDown() override { store_->Close(); }

  void Put(const std::string& key, const EntryPtr& entry) {
    const Result<void> put = calls_.Put(key, entry);
    ASSERT_TRUE(put) << put.error().message;
  }

  std::string Value(const std::string& key, std::uint64_t fingerprint = 0) {
    const Result<EntryPtr> entry = calls_.Get(key, fingerprint);
    return entry ? std::string(ValueOf(*entry)) : "error " + entry.error().message;
  }

  ErrorCode PutIfError(const std::string& key, const EntryPtr& entry, const Version& condition) {
    const Result<void> result = calls_.PutIf(key, entry, condition);
    EXPECT_FALSE(result) << "it was put";
    return result ? ErrorCode::kUnknownKey : result.error().code;
  }

  EditFacts Until(Duration life) {
    return [expires = scheduler_.Now() + life](EntryFacts& entry) { entry.expires_at = expires; };
  }

  TempFolder folder_;
  ThreadScheduler scheduler_;
  std::unique_ptr<Store> store_;
  BlockingStore calls_;
};

inline std::string NameOfStore(const testing::TestParamInfo<StoreUnderTest>& tested) { return tested.param.name; }

}  // namespace kck
