// Fills that nobody waits for: behind those of readers, on few connections, in large batches.
#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <numeric>
#include <set>

#include "source/sources.h"
#include "testing/pg_client.h"
#include "testing/pg_server.h"
#include "testing/statements.h"

namespace kck {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Param kId = {"id", ParamType::kInt};

class PgBehind : public testing::Test {
 protected:
  using Statement = std::shared_ptr<const SqlStatement>;

  struct Answer {
    std::string text;
    std::uint32_t cost_us = 0;
  };

  void Open(int pool, int connections) {
    DatabaseSettings settings = SharedPgServer().Settings();
    settings.pool = pool;
    settings.refresh.connections = connections;
    source_ = OpenPgSource(settings);
  }

  // Function `name` waits while another session holds advisory lock `lock`. PostgreSQL takes it at its word that it is
  // stable, so that it may be part of a batch.
  static void MakeGate(const std::string& name, int lock) {
    SharedPgServer().Run("create or replace function " + name + "(int8) returns int8 language plpgsql stable as " +
                         "$$ begin perform pg_advisory_lock_shared(" + std::to_string(lock) + "); " +
                         "perform pg_advisory_unlock_shared(" + std::to_string(lock) + "); return $1; end $$");
  }

  // Function behind_slow takes half a millisecond, and gives what it is given.
  static void MakeSlow() {
    SharedPgServer().Run(
        "create or replace function behind_slow(int8) returns int8 language plpgsql stable as "
        "$$ begin perform pg_sleep(0.0005); return $1; end $$");
  }

  static std::string Waiting(int lock) {
    return "select pid from pg_locks where locktype = 'advisory' and not granted and objid = " + std::to_string(lock);
  }

  // Asks for the keys first … last; `done` hears of each answer, on the source's thread.
  void FillBehind(const Statement& statement, int first, int last, const Source::FillCallback& done,
                  Duration wait = seconds(30)) {
    std::vector<Source::FillRequest> requests;
    for (int id = first; id <= last; ++id) requests.push_back({{std::to_string(id)}, done});
    source_->FillBehind(statement, std::move(requests), Clock::now() + wait);
  }

  std::vector<Answer> FillBehind(const Statement& statement, int first, int last, Duration wait = seconds(30)) {
    std::vector<Answer> answers;
    std::promise<void> all;
    const auto count = static_cast<std::size_t>(last - first + 1);
    const auto done = [&](const Result<Rows>& rows) {
      answers.push_back({Text(rows), rows ? rows->cost_us : 0});
      if (answers.size() == count) all.set_value();
    };
    FillBehind(statement, first, last, done, wait);
    all.get_future().get();
    return answers;
  }

  static std::string Text(const Result<Rows>& rows) {
    return rows ? rows->json : std::string(ErrorName(rows.error().code));
  }

  std::shared_ptr<Source> source_;
};

TEST_F(PgBehind, GoesAfterTheReadersThatWait) {
  Open(1, 1);
  MakeGate("behind_gate", 61);
  const auto gate = MakeStatement("select behind_gate(:id)", {kId});
  // A volatile function, so that each is a statement of its own.
  const auto single = MakeStatement("select :id, pg_backend_pid() * 0 from pg_sleep(0)", {kId});
  FillBehind(single, 1, 1);
  PgClient locker(SharedPgServer().Url());
  locker.Run("select pg_advisory_lock(61)");
  std::vector<std::string> order;  // written by the source's thread
  std::promise<void> all;
  const auto note = [&](const Result<Rows>& rows) {
    order.push_back(Text(rows));
    if (order.size() == 22) all.set_value();
  };
  source_->Fill(gate, {"0"}, Clock::now() + seconds(30), note);
  FillBehind(single, 1, 20, note);
  source_->Fill(single, {"99"}, Clock::now() + seconds(30), note);
  while (locker.Run(Waiting(61)).empty()) continue;
  locker.Run("select pg_advisory_unlock(61)");
  all.get_future().get();
  // One may have been sent before the reader came.
  EXPECT_EQ(order[0], "[[0]]");
  EXPECT_TRUE(order[1] == "[[99,0]]" || order[2] == "[[99,0]]") << order[1] << order[2];
  EXPECT_EQ(order.back(), "[[20,0]]");
}

TEST_F(PgBehind, TakesNoMoreThanItsConnections) {
  Open(4, 2);
  MakeGate("behind_gate", 62);
  const auto gate = MakeStatement("select behind_gate(:id)", {kId});
  FillBehind(gate, 1, 4);
  PgClient locker(SharedPgServer().Url());
  locker.Run("select pg_advisory_lock(62)");
  std::promise<void> all;
  int answered = 0;
  FillBehind(gate, 1, 100, [&](const Result<Rows>& rows) {
    EXPECT_TRUE(rows.has_value()) << Text(rows);
    if (++answered == 100) all.set_value();
  });
  while (locker.Run(Waiting(62)).size() < 2) continue;
  std::set<std::string> backends;
  for (int i = 0; i < 50; ++i) backends.insert(Text(RunFill(*source_, MakeStatement("select pg_backend_pid()"))));
  EXPECT_LE(backends.size(), 2U);
  EXPECT_EQ(locker.Run(Waiting(62)).size(), 2U);
  locker.Run("select pg_advisory_unlock(62)");
  all.get_future().get();
}

// What a group costs is what its statements took, each from its turn on the connection.
TEST_F(PgBehind, CostsAddUpToTheTimeOfTheStatements) {
  Open(1, 1);
  MakeSlow();
  const auto slow = MakeStatement("select behind_slow(:id)", {kId});
  FillBehind(slow, 1, 20);
  const TimePoint start = Clock::now();
  // Ahead of it on the one connection.
  std::promise<std::uint32_t> ahead;
  source_->Fill(MakeStatement("select pg_sleep(0.1)::text"), {}, start + seconds(30),
                [&](const Result<Rows>& rows) { ahead.set_value(rows ? rows->cost_us : 0); });
  const std::uint64_t batches = source_->stats().batches;
  std::uint64_t cost_us = 0;
  std::uint64_t of_one_max = 0;
  for (const Answer& answer : FillBehind(slow, 1, 20)) {
    cost_us += answer.cost_us;
    of_one_max = std::max<std::uint64_t>(of_one_max, answer.cost_us);
  }
  const auto elapsed = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
  EXPECT_GT(source_->stats().batches, batches);
  EXPECT_GE(cost_us, 20U * 500U);
  EXPECT_LE(cost_us + ahead.get_future().get(), static_cast<std::uint64_t>(elapsed.count()));
  EXPECT_LT(of_one_max, cost_us / 2);
}

TEST_F(PgBehind, CostsHoldTheBatchesThatFailed) {
  Open(1, 1);
  MakeSlow();
  const auto faulty = MakeStatement("select 1 / (behind_slow(:id) - 16)", {kId});
  for (int i = 0; i < 10; ++i) FillBehind(faulty, 1, 15);  // until all fit in one batch
  const TimePoint start = Clock::now();
  std::uint64_t cost_us = 0;
  for (const Answer& answer : FillBehind(faulty, 1, 20)) cost_us += answer.cost_us;
  const auto elapsed = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
  EXPECT_GE(cost_us, 19U * 500U + 10U * 500U);
  EXPECT_LE(cost_us, static_cast<std::uint64_t>(elapsed.count()));
}

TEST_F(PgBehind, ADeadlineIsThatOfTheWholeGroup) {
  Open(1, 1);
  MakeGate("behind_gate", 63);
  const auto gate = MakeStatement("select behind_gate(:id)", {kId});
  FillBehind(gate, 1, 1);
  PgClient locker(SharedPgServer().Url());
  locker.Run("select pg_advisory_lock(63)");
  for (const Answer& answer : FillBehind(gate, 1, 30, milliseconds(100))) {
    EXPECT_EQ(answer.text, "KCKSourceTimeout");
  }
  locker.Run("select pg_advisory_unlock(63)");
  EXPECT_EQ(FillBehind(gate, 5, 5)[0].text, "[[5]]");
}

TEST_F(PgBehind, HasABoundOfItsOwn) {
  Open(1, 1);
  int overloaded = 0;
  for (const Answer& answer : FillBehind(MakeStatement("select :id", {kId}), 1, 50100)) {
    overloaded += answer.text == "KCKOverloaded" ? 1 : 0;
  }
  EXPECT_EQ(overloaded, 100);
  EXPECT_EQ(FillBehind(MakeStatement("select :id", {kId}), 7, 7)[0].text, "[[7]]");
}

TEST_F(PgBehind, IsSentAgainWhereItsConnectionIsLost) {
  Open(2, 1);
  MakeGate("behind_gate", 64);
  const auto gate = MakeStatement("select behind_gate(:id)", {kId});
  FillBehind(gate, 1, 4);
  PgClient locker(SharedPgServer().Url());
  locker.Run("select pg_advisory_lock(64)");
  std::promise<void> all;
  int answered = 0;
  FillBehind(gate, 1, 30, [&](const Result<Rows>& rows) {
    EXPECT_TRUE(rows.has_value()) << Text(rows);
    if (++answered == 30) all.set_value();
  });
  std::vector<std::string> waiting;
  while (waiting.empty()) waiting = locker.Run(Waiting(64));
  locker.Run("select pg_terminate_backend(" + waiting[0] + ")");
  const std::string other = Waiting(64) + " and pid <> " + waiting[0];
  while (locker.Run(other).empty()) continue;
  locker.Run("select pg_advisory_unlock(64)");
  all.get_future().get();
}

TEST_F(PgBehind, ClosingAnswersWhatIsPending) {
  Open(1, 1);
  MakeGate("behind_gate", 65);
  PgClient locker(SharedPgServer().Url());
  locker.Run("select pg_advisory_lock(65)");
  int answered = 0;
  FillBehind(MakeStatement("select behind_gate(:id)", {kId}), 1, 50, [&](const Result<Rows>& rows) {
    EXPECT_EQ(Text(rows), "KCKSourceError");
    ++answered;
  });
  source_.reset();
  EXPECT_EQ(answered, 50);
}

TEST_F(PgBehind, CountsItsStatements) {
  Open(1, 1);
  const auto statement = MakeStatement("select :id", {kId});
  for (int i = 0; i < 3; ++i) RunFill(*source_, statement, {"1"});
  SourceStats before = source_->stats();
  EXPECT_EQ(before.statements, 3U);
  EXPECT_EQ(before.behind_statements + before.batches + before.filled_singly, 0U);
  FillBehind(statement, 1, 10);
  const SourceStats after = source_->stats();
  EXPECT_EQ(after.behind_statements, after.statements - before.statements);
  EXPECT_GE(after.batches, 1U);
  EXPECT_EQ(after.batch_keys + (after.behind_statements - after.batches), 10U);
}

}  // namespace
}  // namespace kck
