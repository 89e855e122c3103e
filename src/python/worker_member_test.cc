// Which worker takes which call.
#include "python/worker_member.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

namespace kck {
namespace {

class PoolMemberTest : public testing::Test {
 protected:
  PoolMemberTest() {
    member_->ready = true;
    member_->sources[SourceName("product", "tower")] = "hash";
    function_.source_hash = "hash";
    async_.source_hash = "hash";
    async_.is_async = true;
  }

  PoolCallPtr Make(const std::string& key, bool is_async = false) {
    WorkerPool::Request request;
    request.call.name = "tower";
    request.function = std::make_shared<PythonFunction>(is_async ? async_ : function_);
    request.computes = {key, key + "b"};
    return std::make_shared<PoolCall>(++last_, std::move(request), TimePoint(), context_);
  }

  // It runs, and waits for these.
  void Run(const std::string& key, const std::vector<std::string>& asked, bool is_async = false) {
    member_->running.push_back(Make(key, is_async));
    for (const std::string& one : asked) member_->running.back()->asked[++last_] = one;
  }

  bool Takes(const std::string& key, bool is_async = false, bool alone = false) {
    const PoolCallPtr call = Make(key, is_async);
    call->alone = alone;
    return member_->Takes(*call, WaitersOf(*call, {member_}), 1);
  }

  boost::asio::io_context context_;
  PythonFunction function_;
  PythonFunction async_;
  std::shared_ptr<PoolMember> member_ = std::make_shared<PoolMember>();
  std::uint64_t last_ = 0;
};

TEST_F(PoolMemberTest, RunsOneSyncCallUnlessThatWaitsForAnother) {
  EXPECT_TRUE(Takes("a"));
  Run("a", {});
  EXPECT_FALSE(Takes("b"));
  member_->running.clear();
  Run("a", {"b"});
  EXPECT_TRUE(Takes("b"));
  EXPECT_FALSE(Takes("c"));
}

// wide reads 20 and 21, and each reads the one below. 20 goes on only when what is upon it has ended: were that 21,
// both would wait for ever.
TEST_F(PoolMemberTest, UponACallGoesOnlyWhatItWaitsForItself) {
  Run("wide", {"20", "21"});
  EXPECT_TRUE(Takes("21"));
  Run("20", {"19"});
  EXPECT_FALSE(Takes("21"));
  EXPECT_TRUE(Takes("19"));
}

TEST_F(PoolMemberTest, ItMayWaitThroughAnother) {
  Run("a", {"async"});
  Run("async", {"b"}, true);
  EXPECT_TRUE(Takes("b"));
  EXPECT_FALSE(Takes("c"));
}

TEST_F(PoolMemberTest, OneKeyOfManyIsEnough) {
  Run("a", {"manyb"});
  EXPECT_TRUE(Takes("many"));
}

TEST_F(PoolMemberTest, WhatRunsAloneHasNothingBesideItButWhatIsWaitedFor) {
  Run("a", {"b"});
  EXPECT_TRUE(Takes("b", false, true));
  EXPECT_FALSE(Takes("c", true, true));
  member_->running[0]->alone = true;
  EXPECT_FALSE(Takes("c", true));
  EXPECT_TRUE(Takes("b", true));
  Run("b", {});
  EXPECT_FALSE(Takes("b", true)) << "one of those beside it works";
}

TEST_F(PoolMemberTest, AsyncCallsRunBesideAsManyAsMayAtOnce) {
  Run("a", {});
  EXPECT_TRUE(Takes("b", true));
  Run("b", {"c"}, true);
  EXPECT_FALSE(Takes("d", true));
  EXPECT_TRUE(Takes("c", true)) << "it is waited for";
}

}  // namespace
}  // namespace kck
