// Nodes that come, go, and say nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <map>
#include <thread>

#include "testing/cql_fixture.h"

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

  static constexpr int kReads = 60;

  // One read of each of many keys, which are spread over all nodes.
  struct Reads {
    int count(CqlStatus status) const { return ended[static_cast<std::size_t>(status)]; }

    std::array<std::atomic<int>, kCqlStatuses> ended{};
    std::atomic<int> done{0};
  };

  void Start(CqlClient& client, const CqlStatementPtr& statement, const CqlOptions& options, Reads& reads) {
    for (int read = 0; read < kReads; ++read) {
      const auto key = Key(std::to_string(read));
      const std::vector values{CqlValue::Bytes(key)};
      client.Execute(statement, values, options, [&reads](const CqlResult& result) {
        ++reads.ended[static_cast<std::size_t>(result.status())];
        ++reads.done;
      });
    }
  }

  bool AllReadsAreGood(CqlClient& client, const CqlStatementPtr& statement, const CqlOptions& options) {
    Reads reads;
    Start(client, statement, options, reads);
    EXPECT_TRUE(BecomesTrue([&] { return reads.done == kReads; }));
    return reads.count(CqlStatus::kOk) == kReads;
  }

  const std::string cql_ = "select n from kck_cql_test.item where k = ?";
  const CqlStatementPtr statement_ = Prepare(cql_);
  int paused_ = 0;
  int killed_ = 0;
};

TEST_F(CqlNodesTest, KnowsThemAll) {
  EXPECT_TRUE(BecomesTrue([&] { return client_.counts().nodes_up == 3; }));
  EXPECT_EQ(client_.counts().nodes_known, 3U);
}

TEST_F(CqlNodesTest, RequestsToANodeThatSaysNothingEndByTheirTimeout) {
  ASSERT_TRUE(BecomesTrue([&] { return client_.counts().nodes_up == 3; }));
  Pause(2);
  // At ALL the silent node is needed, whoever is asked.
  const auto read =
      Execute(statement_, {CqlValue::Bytes("x")}, {.consistency = CqlConsistency::kAll, .timeout_ms = 500});
  EXPECT_EQ(read.status(), CqlStatus::kTimeout) << read.message();
  EXPECT_THAT(std::string(read.message()), testing::HasSubstr("500"));
  SharedCluster().Resume(std::exchange(paused_, 0));
  EXPECT_TRUE(BecomesTrue([&] { return AllReadsAreGood(client_, statement_, {.consistency = CqlConsistency::kAll}); }));
}

TEST_F(CqlNodesTest, ASpeculativeReadGoesRoundASilentNode) {
  CqlSettings settings = Settings();
  settings.consistency = CqlConsistency::kOne;
  CqlClient plain(scheduler_, settings);
  settings.speculative_delay_ms = 50;
  CqlClient speculative(scheduler_, settings);
  for (CqlClient* client : {&plain, &speculative}) {
    ASSERT_TRUE(client->Connect());
    ASSERT_TRUE(BecomesTrue([&] { return client->counts().nodes_up == 3; }));
  }
  const auto plain_statement = plain.Prepare(cql_);
  const auto speculative_statement = speculative.Prepare(cql_);
  ASSERT_TRUE(plain_statement && speculative_statement);
  Reads waiting;
  Reads good;
  Reads unsafe;
  Pause(2);
  // Shorter than the time after which the silent connections are given up.
  const CqlOptions options{.idempotent = true, .timeout_ms = 3000};
  Start(plain, *plain_statement, options, waiting);
  Start(speculative, *speculative_statement, options, good);
  Start(speculative, *speculative_statement, {.idempotent = false, .timeout_ms = 3000}, unsafe);
  ASSERT_TRUE(BecomesTrue([&] { return waiting.done + good.done + unsafe.done == 3 * kReads; }));
  EXPECT_EQ(good.count(CqlStatus::kOk), kReads);
  EXPECT_GT(waiting.count(CqlStatus::kTimeout), 0) << "nobody asks a second node";
  EXPECT_GT(unsafe.count(CqlStatus::kTimeout), 0) << "what is not idempotent is sent once";
}

TEST_F(CqlNodesTest, ASilentNodeIsGivenUpAndTakenBack) {
  CqlSettings settings = Settings();
  settings.consistency = CqlConsistency::kOne;
  CqlClient client(scheduler_, settings);
  ASSERT_TRUE(client.Connect());
  ASSERT_TRUE(BecomesTrue([&] { return client.counts().nodes_up == 3; }));
  const auto statement = client.Prepare(cql_);
  ASSERT_TRUE(statement);
  Reads repeated;
  Reads sent_once;
  Pause(3);
  Start(client, *statement, {.idempotent = true}, repeated);
  Start(client, *statement, {.idempotent = false}, sent_once);
  EXPECT_TRUE(BecomesTrue([&] { return client.counts().nodes_up == 2; }));
  ASSERT_TRUE(BecomesTrue([&] { return repeated.done + sent_once.done == 2 * kReads; }));
  EXPECT_EQ(repeated.count(CqlStatus::kOk), kReads) << "what was under way there is sent to another node";
  EXPECT_GT(client.counts().retries, 0U);
  EXPECT_GT(sent_once.count(CqlStatus::kUnavailable), 0);
  EXPECT_EQ(sent_once.count(CqlStatus::kOk) + sent_once.count(CqlStatus::kUnavailable), kReads);
  EXPECT_TRUE(AllReadsAreGood(client, *statement, {}));
  SharedCluster().Resume(std::exchange(paused_, 0));
  EXPECT_TRUE(BecomesTrue([&] { return client.counts().nodes_up == 3; }));
}

TEST_F(CqlNodesTest, AKilledNodeIsMissedAndComesBackByItself) {
  ASSERT_TRUE(BecomesTrue([&] { return client_.counts().nodes_up == 3; }));
  const CqlOptions quorum{.idempotent = true, .consistency = CqlConsistency::kQuorum};
  ASSERT_TRUE(AllReadsAreGood(client_, statement_, quorum));
  killed_ = 3;
  SharedCluster().Kill(3);
  EXPECT_TRUE(BecomesTrue([&] { return client_.counts().nodes_up == 2; }));
  EXPECT_TRUE(BecomesTrue([&] { return AllReadsAreGood(client_, statement_, quorum); }));
  // The others know by now or soon that it is gone, and say so at once.
  EXPECT_TRUE(BecomesTrue([&] {
    return Execute(statement_, {CqlValue::Bytes("x")}, {.consistency = CqlConsistency::kAll, .timeout_ms = 2000})
               .status() == CqlStatus::kUnavailable;
  }));
  SharedCluster().Start(std::exchange(killed_, 0));
  EXPECT_TRUE(BecomesTrue([&] { return client_.counts().nodes_up == 3; }));
  EXPECT_TRUE(BecomesTrue([&] { return AllReadsAreGood(client_, statement_, {.consistency = CqlConsistency::kAll}); }));
  EXPECT_EQ(client_.counts().nodes_known, 3U);
}

// Writes each of many keys and reads it back, at a quorum, round by round, until it ends.
class Rounds {
 public:
  using Execute = std::function<CqlResult(const std::string& cql, const std::vector<CqlValue>& values)>;

  explicit Rounds(Execute execute) : execute_(std::move(execute)), thread_([this](const auto& stop) { Run(stop); }) {}

  int done() const { return done_; }
  bool AwaitMore() {
    return BecomesTrue([this, before = done_.load()] { return done_ > before + 1; });
  }
  std::string End() {
    thread_ = {};
    return failure_;
  }

 private:
  static constexpr int kKeys = 60;

  void Run(const std::stop_token& stop) {
    for (int round = 0; !stop.stop_requested() && failure_.empty(); ++round, ++done_) {
      for (int key = 0; key < kKeys && failure_.empty(); ++key) WriteAndRead(fmt::format("round/{}", key), round);
    }
  }

  void WriteAndRead(const std::string& key, int round) {
    const auto written =
        execute_("insert into kck_cql_test.item (k, n) values (?, ?)", {CqlValue::Bytes(key), CqlValue::Bigint(round)});
    if (!written.ok()) failure_ = fmt::format("write of {}: {}", key, written.message());
    const auto read = execute_("select n from kck_cql_test.item where k = ?", {CqlValue::Bytes(key)});
    if (!read.ok()) failure_ = fmt::format("read of {}: {}", key, read.message());
    if (read.ok() && (read.rows() == 0 || read.Bigint(0, 0) != round)) failure_ = fmt::format("{} is old", key);
  }

  const Execute execute_;
  std::string failure_;  // the thread's
  std::atomic<int> done_{0};
  std::jthread thread_;
};

TEST_F(CqlNodesTest, NodesJoinAndLeaveAndNobodyNoticesButTheCounts) {
  if (SharedCassandraNodes() == 1) GTEST_SKIP() << "a minute, which tests/nightly/cassandra has";
  ASSERT_TRUE(BecomesTrue([&] { return client_.counts().nodes_up == 3; }));
  std::map<std::string, CqlStatementPtr> prepared;
  Rounds rounds([&](const std::string& cql, const std::vector<CqlValue>& values) {
    CqlStatementPtr& statement = prepared[cql];
    if (!statement) statement = Prepare(cql);
    return Execute(statement, values, {.idempotent = true, .consistency = CqlConsistency::kQuorum});
  });
  const int joined = SharedCluster().Add();
  EXPECT_TRUE(BecomesTrue([&] { return client_.counts().nodes_up == 4; }));
  EXPECT_EQ(client_.counts().nodes_known, 4U);
  EXPECT_TRUE(rounds.AwaitMore());
  SharedCluster().Decommission(joined);
  EXPECT_TRUE(BecomesTrue([&] { return client_.counts().nodes_known == 3 && client_.counts().nodes_up == 3; }));
  EXPECT_TRUE(rounds.AwaitMore());
  EXPECT_EQ(rounds.End(), "");
  EXPECT_TRUE(AllReadsAreGood(client_, statement_, {.consistency = CqlConsistency::kAll}));
}

}  // namespace
}  // namespace kck
