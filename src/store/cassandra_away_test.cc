// The store while Cassandra is away: before it ever was there, silent, and killed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "testing/cassandra_fixture.h"
#include "testing/cassandra_server.h"
#include "testing/entries.h"

namespace kck {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

constexpr std::uint64_t kProduct = 7;

EntryPtr Of(const std::string& key, std::uint64_t number, EntryKind kind = EntryKind::kValue) {
  return MakeEntry(key, std::to_string(number), {1, number, 0}, [kind](EntryFacts& facts) {
    facts.fingerprint = kProduct;
    facts.kind = kind;
  });
}

// With the time-outs of a server in service.
CassandraSettings Impatient() {
  CassandraSettings settings = TestCassandra();
  settings.cql.request_timeout_ms = 2000;
  settings.cql.connect_timeout_ms = 5000;
  return settings;
}

void PauseAll() {
  for (int node = 1; node <= SharedCassandraNodes(); ++node) SharedCassandraServer().Pause(node);
}

void ResumeAll() {
  for (int node = 1; node <= SharedCassandraNodes(); ++node) SharedCassandraServer().Resume(node);
}

class CassandraAway : public CassandraStoreTest {
 protected:
  using Future = std::future<Result<void>>;

  Future Put(const EntryPtr& entry) {
    auto done = std::make_shared<std::promise<Result<void>>>();
    store_->Put(std::string(entry->key()), entry, [done](Result<void> put) { done->set_value(std::move(put)); });
    return done->get_future();
  }

  std::string Value(const std::string& key) {
    const Result<EntryPtr> entry = BlockingStore(*store_).Get(key, kProduct);
    return entry ? std::string(ValueOf(*entry)) : "error " + entry.error().message;
  }

  // All that fails while Cassandra is away, in time; then what waits for it.
  void ExpectAwayThenBack(const std::function<void()>& bring_back) {
    const std::string key = TestKey("key");
    BlockingStore calls(*store_);
    const auto began = std::chrono::steady_clock::now();
    const Result<EntryPtr> read = calls.Get(key, kProduct);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::kStoreError);
    EXPECT_THAT(read.error().message, HasSubstr("check that"));
    EXPECT_EQ(calls.GetRecords("").error().code, ErrorCode::kStoreError);
    EXPECT_EQ(calls.PutRecord("a", "1").error().code, ErrorCode::kStoreError);
    EXPECT_EQ(calls.Put(key, Of(key, 1, EntryKind::kSet)).error().code, ErrorCode::kStoreError);
    EXPECT_EQ(calls.Put(key, MakeEntry(key, "1", {0, 1, 0})).error().code, ErrorCode::kStoreError);
    EXPECT_EQ(calls.PutIf(key, Of(key, 2), {1, 1, 0}).error().code, ErrorCode::kStoreError);
    EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(60)) << "six calls of two seconds, on a busy machine";
    Future first = Put(Of(key, 3));
    Future second = Put(Of(key, 4));
    Future other = Put(Of(TestKey("other"), 1));
    EXPECT_GE(store_->cassandra_health().writes_waiting, 2U);
    EXPECT_GT(store_->cassandra_health().write_bytes_waiting, 0U);
    bring_back();
    for (Future* put : {&first, &second, &other}) {
      const Result<void> result = put->get();
      EXPECT_TRUE(result) << result.error().message;
    }
    EXPECT_TRUE(BecomesTrue([&] { return Value(key) == "4"; }));
    EXPECT_EQ(store_->cassandra_health().writes_waiting, 0U);
    EXPECT_EQ(store_->cassandra_health().writes_given_up, 0U);
  }

  const CassandraLimits limits_{.retry_for_ms = 600000};
  std::unique_ptr<CassandraStore> store_;
};

TEST_F(CassandraAway, FromTheStart) {
  const CassandraSettings settings = Impatient();
  SharedCassandraServer().KillAll();
  store_ = OpenCassandraStore(settings, scheduler_, limits_).value();
  EXPECT_EQ(store_->cassandra_health().connected_at_unix_ms, 0);
  ExpectAwayThenBack([] { SharedCassandraServer().StartAll(); });
  EXPECT_TRUE(store_->cassandra_health().connected);
  EXPECT_GT(store_->cassandra_health().connected_at_unix_ms, 0);
  store_->Close();
}

TEST_F(CassandraAway, Silent) {
  store_ = OpenCassandraStore(Impatient(), scheduler_, limits_).value();
  AwaitConnected(*store_);
  PauseAll();
  ExpectAwayThenBack([] { ResumeAll(); });
  store_->Close();
}

TEST_F(CassandraAway, Killed) {
  store_ = OpenCassandraStore(Impatient(), scheduler_, limits_).value();
  AwaitConnected(*store_);
  SharedCassandraServer().KillAll();
  EXPECT_TRUE(BecomesTrue([this] { return !store_->cassandra_health().connected; }));
  ExpectAwayThenBack([] { SharedCassandraServer().StartAll(); });
  store_->Close();
}

TEST_F(CassandraAway, ClosingEndsEveryWriteAllTheSame) {
  store_ = OpenCassandraStore(Impatient(), scheduler_, {.close_timeout_ms = 500}).value();
  AwaitConnected(*store_);
  PauseAll();
  std::vector<Future> puts;
  for (std::uint64_t i = 0; i < 10; ++i) {
    puts.push_back(Put(Of(TestKey(), i)));
    puts.push_back(Put(Of(TestKey(std::to_string(i)), i)));
    puts.push_back(Put(MakeEntry(TestKey("settable"), "1", {0, i, 0})));
  }
  store_->Close();
  for (Future& put : puts) {
    ASSERT_EQ(put.wait_for(seconds(0)), std::future_status::ready);
    EXPECT_EQ(put.get().error().code, ErrorCode::kStoreError);
  }
  ResumeAll();
  EXPECT_EQ(Put(Of(TestKey(), 1)).get().error().code, ErrorCode::kStoreError);
}

TEST_F(CassandraAway, ClosingBeforeItWasThere) {
  CassandraSettings settings = Impatient();
  settings.cql.contact_points = {"127.0.0.1:1"};
  store_ = OpenCassandraStore(settings, scheduler_).value();
  Future put = Put(Of(TestKey(), 1));
  store_->Close();
  EXPECT_FALSE(put.get());
}

}  // namespace
}  // namespace kck
