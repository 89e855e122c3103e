// Nodes that come, go, and say nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/cql_fixture.h"

namespace kck {
namespace {

class CqlNodesTest : public CqlTest {
 protected:
  ~CqlNodesTest() override {
    if (paused_ != 0) SharedCluster().Resume(paused_);
    if (killed_ != 0) SharedCluster().Start(killed_);
  }

  void Pause(int node) {
    SharedCluster().Pause(node);
    paused_ = node;
  }

  // How one read at `consistency` of each of many keys ends, which are spread over all nodes.
  std::array<int, kCqlStatuses> ReadMany(CqlClient& client, const CqlOptions& options) {
    const auto statement = client.Prepare("select n from kck_cql_test.item where k = ?");
    if (!statement) throw std::runtime_error(statement.error().message);
    std::array<int, kCqlStatuses> ended{};
    constexpr int kReads = 60;
    std::atomic<int> done{0};
    for (int read = 0; read < kReads; ++read) {
      const auto key = Key(std::to_string(read));
      const std::vector values{CqlValue::Bytes(key)};
      client.Execute(*statement, values, options, [&](const CqlResult& result) {
        ++ended[static_cast<std::size_t>(result.status())];
        ++done;
      });
    }
    EXPECT_TRUE(BecomesTrue([&] { return done == kReads; }));
    return ended;
  }

  bool AllReadsAreGood(CqlClient& client, const CqlOptions& options) {
    return ReadMany(client, options)[static_cast<std::size_t>(CqlStatus::kOk)] == 60;
  }

  int paused_ = 0;
  int killed_ = 0;
};

TEST_F(CqlNodesTest, KnowsThemAll) {
  EXPECT_TRUE(BecomesTrue([&] { return client_.counts().nodes_up == 3; }));
  EXPECT_EQ(client_.counts().nodes_known, 3U);
}

TEST_F(CqlNodesTest, RequestsToANodeThatSaysNothingEndByTheirTimeout) {
  ASSERT_TRUE(BecomesTrue([&] { return client_.counts().nodes_up == 3; }));
  const auto statement = Prepare("select n from kck_cql_test.item where k = ?");
  Pause(2);
  // At ALL the silent node is needed, whoever is asked.
  const auto read =
      Execute(statement, {CqlValue::Bytes("x")}, {.consistency = CqlConsistency::kAll, .timeout_ms = 500});
  EXPECT_EQ(read.status(), CqlStatus::kTimeout) << read.message();
  EXPECT_THAT(std::string(read.message()), testing::HasSubstr("500"));
  SharedCluster().Resume(std::exchange(paused_, 0));
  EXPECT_TRUE(BecomesTrue([&] { return AllReadsAreGood(client_, {.consistency = CqlConsistency::kAll}); }));
}

TEST_F(CqlNodesTest, ASpeculativeReadGoesRoundASilentNode) {
  CqlSettings settings = Settings();
  settings.consistency = CqlConsistency::kOne;
  settings.speculative_delay_ms = 50;
  CqlClient speculative(scheduler_, settings);
  ASSERT_TRUE(speculative.Connect());
  settings.speculative_delay_ms = 0;
  CqlClient plain(scheduler_, settings);
  ASSERT_TRUE(plain.Connect());
  ASSERT_TRUE(AllReadsAreGood(speculative, {.idempotent = true}));
  ASSERT_TRUE(AllReadsAreGood(plain, {.idempotent = true}));
  Pause(2);
  // Before the silent connections are given up, which takes seconds.
  EXPECT_TRUE(AllReadsAreGood(speculative, {.idempotent = true, .timeout_ms = 1000}));
  const auto without = ReadMany(plain, {.idempotent = true, .timeout_ms = 1000});
  EXPECT_GT(without[static_cast<std::size_t>(CqlStatus::kTimeout)], 0) << "where nobody asks a second node";
}

TEST_F(CqlNodesTest, ASilentNodeIsGivenUpAndTakenBack) {
  CqlSettings settings = Settings();
  settings.consistency = CqlConsistency::kOne;
  CqlClient client(scheduler_, settings);
  ASSERT_TRUE(client.Connect());
  ASSERT_TRUE(BecomesTrue([&] { return client.counts().nodes_up == 3; }));
  Pause(3);
  EXPECT_TRUE(BecomesTrue([&] { return client.counts().nodes_up == 2; }));
  EXPECT_TRUE(AllReadsAreGood(client, {}));
  SharedCluster().Resume(std::exchange(paused_, 0));
  EXPECT_TRUE(BecomesTrue([&] { return client.counts().nodes_up == 3; }));
}

TEST_F(CqlNodesTest, AKilledNodeIsMissedAndComesBackByItself) {
  ASSERT_TRUE(BecomesTrue([&] { return client_.counts().nodes_up == 3; }));
  const CqlOptions quorum{.idempotent = true, .consistency = CqlConsistency::kQuorum};
  ASSERT_TRUE(AllReadsAreGood(client_, quorum));
  killed_ = 3;
  SharedCluster().Kill(3);
  EXPECT_TRUE(BecomesTrue([&] { return client_.counts().nodes_up == 2; }));
  EXPECT_TRUE(BecomesTrue([&] { return AllReadsAreGood(client_, quorum); }));
  // The others know by now or soon that it is gone, and say so at once.
  EXPECT_TRUE(BecomesTrue([&] {
    return Execute("select n from kck_cql_test.item where k = ?", {CqlValue::Bytes("x")},
                   {.consistency = CqlConsistency::kAll, .timeout_ms = 2000})
               .status() == CqlStatus::kUnavailable;
  }));
  SharedCluster().Start(std::exchange(killed_, 0));
  EXPECT_TRUE(BecomesTrue([&] { return client_.counts().nodes_up == 3; }));
  EXPECT_TRUE(BecomesTrue([&] { return AllReadsAreGood(client_, {.consistency = CqlConsistency::kAll}); }));
  EXPECT_EQ(client_.counts().nodes_known, 3U);
}

}  // namespace
}  // namespace kck
