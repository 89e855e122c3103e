// Stamps against transactions that are held open on purpose: what a fill's stamp sees is what its rows show.
#include <gtest/gtest.h>

#include <future>

#include "source/sources.h"
#include "testing/pg_client.h"
#include "testing/pg_server.h"
#include "testing/statements.h"

namespace kck {
namespace {

class PgStampTest : public testing::Test {
 protected:
  PgStampTest() {
    server_.Run("drop table if exists stamped; create table stamped (n int); insert into stamped values (0)");
    statement_ = MakeStatement("select n from stamped");
  }

  Rows Fill() {
    auto rows = RunFill(*source_, statement_);
    if (!rows) throw std::runtime_error(rows.error().message);
    return *std::move(rows);
  }

  static std::uint64_t TransactionOf(PgClient& session) {
    return std::stoull(session.Run("select pg_current_xact_id()::text")[0]);
  }

  PgServer& server_ = SharedPgServer();
  std::shared_ptr<const SqlStatement> statement_;
  std::shared_ptr<Source> source_ = OpenPgSource(server_.Settings());
};

TEST_F(PgStampTest, SeesATransactionOnceItHasCommitted) {
  PgClient writer(server_.Url());
  writer.Run("begin; update stamped set n = 1");
  const std::uint64_t transaction = TransactionOf(writer);
  const Rows before = Fill();
  EXPECT_EQ(before.json, "[[0]]");
  EXPECT_FALSE(before.stamp->Sees(transaction));

  writer.Run("commit");
  const Rows after = Fill();
  EXPECT_EQ(after.json, "[[1]]");
  EXPECT_TRUE(after.stamp->Sees(transaction));
  EXPECT_GT(after.stamp->VersionNumber(), before.stamp->VersionNumber());
}

TEST_F(PgStampTest, KnowsWhichOfSeveralTransactionsHaveCommitted) {
  PgClient first(server_.Url());
  PgClient second(server_.Url());
  first.Run("begin; update stamped set n = 1");
  second.Run("begin; insert into stamped values (5)");
  const std::uint64_t first_transaction = TransactionOf(first);
  const std::uint64_t second_transaction = TransactionOf(second);
  ASSERT_LT(first_transaction, second_transaction);
  second.Run("commit");
  const Rows rows = Fill();
  EXPECT_EQ(rows.json, "[[0],[5]]");
  EXPECT_FALSE(rows.stamp->Sees(first_transaction));
  EXPECT_TRUE(rows.stamp->Sees(second_transaction));
  first.Run("rollback");
}

TEST_F(PgStampTest, DoesNotSeeACommitThatWaitsForAStandby) {
  PgClient writer(server_.Url());
  writer.Run("set synchronous_commit = on; begin; update stamped set n = 1");
  const std::uint64_t transaction = TransactionOf(writer);
  writer.Send("commit");
  PgClient watcher(server_.Url());
  const std::string waiting = "select pid from pg_stat_activity where wait_event = 'SyncRep'";
  std::vector<std::string> waiters;
  while (waiters.empty()) waiters = watcher.Run(waiting);

  const Rows rows = Fill();
  EXPECT_EQ(rows.json, "[[0]]");
  EXPECT_FALSE(rows.stamp->Sees(transaction));

  watcher.Run("select pg_cancel_backend(" + waiters[0] + ")");
  while (!watcher.Run(waiting).empty()) continue;
  const Rows after = Fill();
  EXPECT_EQ(after.json, "[[1]]");
  EXPECT_TRUE(after.stamp->Sees(transaction));
}

TEST_F(PgStampTest, VersionNumbersNeverFallWhileManyWrite) {
  std::vector<std::unique_ptr<PgClient>> writers;
  for (int i = 0; i < 5; ++i) writers.push_back(std::make_unique<PgClient>(server_.Url()));
  std::uint64_t version = 0;
  std::string rows;
  for (int i = 0; i < 200; ++i) {
    PgClient& writer = *writers[static_cast<std::size_t>(i * 7 % 5)];
    writer.Run(i % 3 == 0 ? "begin; insert into stamped values (1)" : i % 3 == 1 ? "commit" : "rollback");
    const Rows filled = Fill();
    EXPECT_GE(filled.stamp->VersionNumber(), version);
    if (filled.json != rows) {
      EXPECT_GT(filled.stamp->VersionNumber(), version);
    }
    version = filled.stamp->VersionNumber();
    rows = filled.json;
  }
}

// The volatile function's query would see the update under READ COMMITTED, and the stamp would not.
TEST_F(PgStampTest, VolatileFunctionsReadTheStampedSnapshot) {
  server_.Run(
      "create or replace function latest(wait text) returns int language plpgsql volatile as $$ begin "
      "perform pg_advisory_lock_shared(11); perform pg_advisory_unlock_shared(11); "
      "return (select n from stamped); end $$");
  PgClient writer(server_.Url());
  writer.Run("select pg_advisory_lock(11)");
  std::promise<Result<Rows>> answered;
  source_->Fill(MakeStatement("select n, latest(n::text) from stamped"), {}, Clock::now() + std::chrono::seconds(30),
                [&](Result<Rows> rows) { answered.set_value(std::move(rows)); });
  while (server_.Run("select 1 from pg_locks where locktype = 'advisory' and objid = 11 and not granted").empty())
    continue;
  writer.Run("begin; update stamped set n = 1");
  const std::uint64_t transaction = TransactionOf(writer);
  writer.Run("commit; select pg_advisory_unlock(11)");
  const auto rows = answered.get_future().get();
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  EXPECT_EQ(rows->json, "[[0,0]]");
  EXPECT_FALSE(rows->stamp->Sees(transaction));
}

}  // namespace
}  // namespace kck
