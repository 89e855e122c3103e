// Records in Cassandra: what one process of a node leaves, the next one finds.
#include <gmock/gmock.h>

#include <future>

#include "testing/cassandra_fixture.h"

namespace kck {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class CassandraRecordsTest : public CassandraStoreTest {
 protected:
  CassandraRecordsTest() { Restart(); }
  ~CassandraRecordsTest() override { store_->Close(); }

  // The next process of the node.
  void Restart() {
    if (store_) store_->Close();
    store_ = OpenTestStore(scheduler_, limits_);
    calls_ = std::make_unique<BlockingStore>(*store_);
  }

  // Waits for all of them.
  void PutMany(int count, const std::function<std::string(int)>& name) {
    std::atomic<int> written{0};
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(BecomesTrue([&] { return i - written < 1000; }));
      store_->PutRecord(name(i), std::to_string(i), [&](const Result<void>& put) { written += put ? 1 : 1 << 20; });
    }
    ASSERT_TRUE(BecomesTrue([&] { return written >= count; }));
    EXPECT_EQ(written, count);
  }

  std::vector<std::string> Buckets() {
    std::vector<std::string> own;
    const std::string scope = TestCassandra().scope;
    for (const std::string& each : Cql("SELECT JSON DISTINCT scope, bucket FROM {}.log")) {
      if (each.find(scope) != std::string::npos) own.push_back(each.substr(each.find("bucket")));
    }
    return own;
  }

  CassandraLimits limits_;
  std::unique_ptr<CassandraStore> store_;
  std::unique_ptr<BlockingStore> calls_;
};

TEST_F(CassandraRecordsTest, TheNextProcessFindsThem) {
  EXPECT_TRUE(calls_->PutRecord("a", "1"));
  EXPECT_TRUE(calls_->PutRecord("b", ""));
  EXPECT_TRUE(calls_->PutRecord("c", "3"));
  EXPECT_TRUE(calls_->DeleteRecord("a"));
  EXPECT_TRUE(calls_->PutRecord("c", std::string("4\0+", 3)));
  Restart();
  EXPECT_THAT(*calls_->GetRecords(""), ElementsAre(Pair("b", ""), Pair("c", std::string("4\0+", 3))));
  EXPECT_TRUE(calls_->DeleteRecord("b"));
  Restart();
  EXPECT_THAT(*calls_->GetRecords("b"), IsEmpty());
}

TEST_F(CassandraRecordsTest, OfManyPagesTheyAreReadWholeAndInOrder) {
  constexpr int kRecords = 20000;
  PutMany(kRecords, [](int i) { return fmt::format("r/{:05}", i); });
  EXPECT_TRUE(calls_->PutRecord("q", "1"));
  EXPECT_TRUE(calls_->PutRecord("s", "1"));
  Restart();
  const auto records = calls_->GetRecords("r/");
  ASSERT_TRUE(records) << records.error().message;
  ASSERT_EQ(records->size(), std::size_t{kRecords});
  EXPECT_TRUE(std::ranges::is_sorted(*records));
  EXPECT_EQ(records->front(), std::pair(std::string("r/00000"), std::string("0")));
}

// The log of a node that marks and forgets all day long does not grow.
TEST_F(CassandraRecordsTest, AFullBucketIsLeftBehindWithWhatStandsCarriedOn) {
  limits_.log_bucket_rows_max = 500;
  Restart();
  EXPECT_TRUE(calls_->PutRecord("stays", "here"));
  for (int round = 0; round < 5; ++round) PutMany(1000, [](int i) { return fmt::format("{}", i % 300); });
  EXPECT_TRUE(BecomesTrue([&] { return Buckets().size() == 2; })) << "the last one, and where to begin";
  Restart();
  const auto records = calls_->GetRecords("");
  ASSERT_TRUE(records) << records.error().message;
  EXPECT_EQ(records->size(), 301U);
  EXPECT_EQ(records->back(), std::pair(std::string("stays"), std::string("here")));
  EXPECT_THAT(*calls_->GetRecords("299"), ElementsAre(Pair("299", "899")));
}

TEST_F(CassandraRecordsTest, AnOldBucketIsLeftBehind) {
  EXPECT_TRUE(calls_->PutRecord("a", "1"));
  scheduler_.Advance(hours(2));
  EXPECT_TRUE(calls_->PutRecord("b", "1"));
  EXPECT_TRUE(BecomesTrue([&] { return Buckets().size() == 2; }));
  Restart();
  EXPECT_THAT(*calls_->GetRecords(""), ElementsAre(Pair("a", "1"), Pair("b", "1")));
}

// As where a process was killed while it carried what stands.
TEST_F(CassandraRecordsTest, AHalfFilledNextBucketComesAfterTheOneBeforeIt) {
  EXPECT_TRUE(calls_->PutRecord("a", "1"));
  EXPECT_TRUE(calls_->PutRecord("b", "1"));
  Cql("INSERT INTO {}.log (scope, bucket, at, name, value) VALUES ('" + TestCassandra().scope +
      "', 1, 1, 'a', textAsBlob('+2'))");
  Restart();
  EXPECT_THAT(*calls_->GetRecords(""), ElementsAre(Pair("a", "2"), Pair("b", "1")));
  EXPECT_TRUE(calls_->PutRecord("b", "3"));
  Restart();
  EXPECT_THAT(*calls_->GetRecords(""), ElementsAre(Pair("a", "2"), Pair("b", "3")));
}

TEST_F(CassandraRecordsTest, WritesOfOneEndAsTheyWereCalled) {
  for (int round = 0; round < 5; ++round) {
    std::promise<void> done;
    std::atomic<int> left{200};
    for (int i = 0; i < 200; ++i) {
      const auto ended = [&](const Result<void>&) {
        if (--left == 0) done.set_value();
      };
      if (i % 2 == 0) {
        store_->DeleteRecord("a", ended);
      } else {
        store_->PutRecord("a", std::to_string(i), ended);
      }
    }
    done.get_future().wait();
    Restart();
    EXPECT_THAT(*calls_->GetRecords("a"), ElementsAre(Pair("a", "199")));
  }
}

TEST_F(CassandraRecordsTest, OneIsWrittenAlsoAfterTheClockWasSetBack) {
  scheduler_.Advance(hours(1));
  EXPECT_TRUE(calls_->PutRecord("a", "1"));
  scheduler_.Advance(-hours(1));
  Restart();
  EXPECT_THAT(*calls_->GetRecords(""), ElementsAre(Pair("a", "1")));
  EXPECT_TRUE(calls_->PutRecord("a", "2"));
  Restart();
  EXPECT_THAT(*calls_->GetRecords(""), ElementsAre(Pair("a", "2")));
}

}  // namespace
}  // namespace kck
