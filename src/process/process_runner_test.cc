// When processes run, and what becomes of their runs.
#include "process/process_runner.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>

#include "testing/process_fixture.h"

namespace kck {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using Answer = ProcessRunner::Answer;

class ProcessTest : public ProcessFixture {
 protected:
  void Serve(const ProcessPtr& process) {
    Define({process});
    StartRunner();
  }

  // Moves on to the next whole minute of the wall clock.
  void ToTheMinute() {
    const std::int64_t into = clock_.UnixMillis() % 60000;
    if (into != 0) scheduler_.Advance(milliseconds(60000 - into));
  }

  // Ends the writes as they come, and says how many did at once, one after another.
  int EndWritesAtOnce() {
    int ended = 0;
    for (; writes_under_way() > 0; ++ended) {
      EXPECT_EQ(writes_under_way(), 1U) << "never two at a time";
      EndWrite();
    }
    return ended;
  }
};

TEST_F(ProcessTest, EveryCountsFromTheEnd) {
  Serve(Sql(Every(minutes(1))));
  EXPECT_EQ(Next(), minutes(1));
  scheduler_.Advance(milliseconds(59999));
  EXPECT_EQ(writes_under_way(), 0U);
  scheduler_.Advance(milliseconds(1));
  EXPECT_EQ(writes_under_way(), 1U);
  EXPECT_TRUE(Report().running_since_unix_ms);
  EXPECT_EQ(Next(), milliseconds(-1));
  scheduler_.Advance(minutes(5));
  EXPECT_EQ(writes_under_way(), 1U) << "it does not overlap itself";
  EndWrite(Rows(1));
  EXPECT_EQ(History(), "done 1 row");
  EXPECT_EQ(Report().runs.front().took_ms, 300000);
  EXPECT_FALSE(Report().running_since_unix_ms);
  EXPECT_EQ(Next(), minutes(1));
  EXPECT_EQ(Report().last_success_unix_ms, clock_.UnixMillis());
}

TEST_F(ProcessTest, AmongNodesEveryHasTicksThatDoNotDependOnItsRuns) {
  claim_.among = true;
  Schedule schedule = Every(minutes(1));
  schedule.jitter = 0.5;
  Serve(Sql(schedule));
  for (int run = 0; run < 20; ++run) {
    scheduler_.Advance(Next());
    ASSERT_EQ(writes_under_way(), 1U);
    if (run % 3 == 0) scheduler_.Advance(seconds(7));
    EndWrite();
    EXPECT_EQ(claim_.asked.back() % 60000, 0);
  }
  EXPECT_EQ(std::set(claim_.asked.begin(), claim_.asked.end()).size(), 20U) << "none twice";
}

TEST_F(ProcessTest, CronKeepsItsTimes) {
  Serve(Sql(Times("* * * * *")));
  ToTheMinute();
  const std::int64_t minute = clock_.UnixMillis();
  scheduler_.Advance(seconds(20));
  EndWrite();
  EXPECT_EQ(Next(), seconds(40));
  EXPECT_THAT(claim_.asked, ElementsAre(minute));
  EXPECT_EQ(Report().runs.front().tick_unix_ms, minute);
}

TEST_F(ProcessTest, JitterSpreadsTheBeginAndNotTheTick) {
  Schedule schedule = Every(minutes(10));
  schedule.jitter = 0.1;
  Serve(Sql(schedule));
  const std::int64_t began = clock_.UnixMillis();
  EXPECT_GE(Next(), minutes(9));
  EXPECT_LE(Next(), minutes(11));
  EXPECT_NE(Next(), minutes(10));
  scheduler_.Advance(Next());
  EXPECT_EQ(writes_under_way(), 1U);
  EXPECT_THAT(claim_.asked, ElementsAre(began + 600000));
}

TEST_F(ProcessTest, ATimeThatNeverComes) {
  Serve(Sql(Times("0 0 30 2 *")));
  EXPECT_EQ(Next(), milliseconds(-1));
  scheduler_.Advance(std::chrono::hours(24));
  EXPECT_EQ(writes_under_way(), 0U);
}

TEST_F(ProcessTest, RestartsDoNotPutOffWhatIsDue) {
  Serve(Sql(Every(minutes(1)), MissedRuns::kSkip));
  for (int i = 0; i < 3; ++i) {
    scheduler_.Advance(seconds(15));
    Kill();
    StartRunner();
  }
  EXPECT_EQ(Next(), seconds(15));
}

// What is run at once after five and a half minutes without a server, and what comes then.
struct Down {
  bool cron;
  MissedRuns missed;
  int runs_at_once;
  milliseconds next;
};

class DownTest : public ProcessTest, public testing::WithParamInterface<Down> {};

TEST_P(DownTest, MissedTicks) {
  const Down& expected = GetParam();
  ToTheMinute();
  Serve(Sql(expected.cron ? Times("* * * * *") : Every(minutes(1)), expected.missed));
  Kill(minutes(5) + seconds(30));
  StartRunner();
  EXPECT_EQ(EndWritesAtOnce(), expected.runs_at_once);
  EXPECT_EQ(Next(), expected.next);
}

INSTANTIATE_TEST_SUITE_P(
    Policies, DownTest,
    testing::Values(Down{true, MissedRuns::kSkip, 0, seconds(30)}, Down{true, MissedRuns::kOnce, 1, seconds(30)},
                    Down{true, MissedRuns::kAll, 5, seconds(30)}, Down{false, MissedRuns::kSkip, 0, seconds(30)},
                    Down{false, MissedRuns::kOnce, 1, minutes(1)}, Down{false, MissedRuns::kAll, 5, minutes(1)}));

TEST_F(ProcessTest, AllOfManyMissedTicksAreBounded) {
  runner_limits_.missed_max = 3;
  Serve(Sql(Times("* * * * *"), MissedRuns::kAll));
  ToTheMinute();
  EndWrite();
  Kill(minutes(10));
  StartRunner();
  EXPECT_EQ(Report().owed, 2U) << "and one runs";
  EXPECT_EQ(EndWritesAtOnce(), 3);
  const auto runs = Report().runs;
  EXPECT_EQ(runs[0].tick_unix_ms - runs[1].tick_unix_ms, 60000);
  EXPECT_EQ(runs[0].tick_unix_ms, clock_.UnixMillis());
}

TEST_F(ProcessTest, AKillWhileMissedTicksAreMadeUpFor) {
  for (const bool cron : {true, false}) {
    ToTheMinute();
    Serve(Sql(cron ? Times("* * * * *") : Every(minutes(1)), MissedRuns::kAll));
    Kill(minutes(5));
    StartRunner();
    EndWrite();
    EndWrite();
    Kill();
    StartRunner();
    EXPECT_EQ(EndWritesAtOnce(), 3) << "the one that was under way, and the two behind it";
    Kill();
    Define({});
    StartRunner();
    Kill();
  }
}

struct Overlap {
  MissedRuns missed;
  int runs_at_once;
};

class OverlapTest : public ProcessTest, public testing::WithParamInterface<Overlap> {};

TEST_P(OverlapTest, TicksThatComeWhileItRuns) {
  Serve(Sql(Times("* * * * *"), GetParam().missed));
  ToTheMinute();
  EXPECT_EQ(writes_under_way(), 1U);
  scheduler_.Advance(minutes(2) + seconds(30));
  EndWrite();
  EXPECT_EQ(EndWritesAtOnce(), GetParam().runs_at_once);
  EXPECT_EQ(Next(), seconds(30));
}

INSTANTIATE_TEST_SUITE_P(Policies, OverlapTest,
                         testing::Values(Overlap{MissedRuns::kSkip, 0}, Overlap{MissedRuns::kOnce, 1},
                                         Overlap{MissedRuns::kAll, 2}));

struct Killed {
  bool sql;
  MissedRuns missed;
  bool again;
};

class KilledTest : public ProcessTest, public testing::WithParamInterface<Killed> {};

TEST_P(KilledTest, ARunThatAKillInterrupts) {
  const Schedule hourly = Times("0 * * * *");
  Serve(GetParam().sql ? Sql(hourly, GetParam().missed) : Domain(hourly, GetParam().missed));
  scheduler_.Advance(Next());
  EXPECT_TRUE(Report().running_since_unix_ms);
  const std::vector<std::int64_t> tick = claim_.asked;
  Kill(seconds(10));
  StartRunner();
  EXPECT_THAT(History(), HasSubstr("interrupted"));
  EXPECT_EQ(Report().results["interrupted"], 1U);
  EXPECT_EQ(Report().running_since_unix_ms.has_value(), GetParam().again);
  if (!GetParam().again) return;
  ASSERT_EQ(claim_.asked.size(), 2U);
  EXPECT_EQ(claim_.asked[1], tick[0]);
  if (GetParam().sql) EndWrite();
  AnswerComputes("[[1],[2]]");
  EXPECT_THAT(History(), HasSubstr(GetParam().sql ? "done 3 rows" : "done 2 keys, 0 failed"));
  Kill();
  StartRunner();
  EXPECT_FALSE(Report().running_since_unix_ms) << "it ended";
}

INSTANTIATE_TEST_SUITE_P(Policies, KilledTest,
                         testing::Values(Killed{true, MissedRuns::kSkip, false}, Killed{true, MissedRuns::kOnce, true},
                                         Killed{true, MissedRuns::kAll, true}, Killed{false, MissedRuns::kSkip, true},
                                         Killed{false, MissedRuns::kOnce, true}));

TEST_F(ProcessTest, ARunByHandThatAKillInterruptsIsBegunAgain) {
  Serve(Sql(Times("0 * * * *")));
  Run("work", Answer::kBegun);
  Kill();
  StartRunner();
  EXPECT_EQ(EndWritesAtOnce(), 1);
  EXPECT_TRUE(Report().runs.front().by_hand());
  EXPECT_THAT(claim_.asked, ElementsAre()) << "only ticks are claimed";
}

TEST_F(ProcessTest, OneRunIsForWhatWasInterruptedAndWhatWasMissed) {
  Serve(Sql(Times("* * * * *")));
  ToTheMinute();
  Kill(minutes(3));
  StartRunner();
  EXPECT_EQ(EndWritesAtOnce(), 1);
}

TEST_F(ProcessTest, NothingBeginsThatIsNotRecorded) {
  Serve(Sql(Every(minutes(1))));
  store_.down = true;
  scheduler_.Advance(minutes(1));
  EXPECT_EQ(writer_->begun(), 0U);
  EXPECT_THAT(History(), HasSubstr("KCKStoreError"));
  store_.down = false;
  store_.writes.clear();
  scheduler_.Advance(minutes(1));
  EXPECT_THAT(store_.writes, ElementsAre("record process/work"));
  EndWrite();
  EXPECT_THAT(store_.writes, ElementsAre("record process/work", "record process/work"));
}

TEST_F(ProcessTest, WhatIsSeenToHaveEndedMayRunAgain) {
  Serve(Sql(Every(minutes(1))));
  Run("work", Answer::kBegun);
  writer_->Answer(0, Rows(1));
  ProcessReport recording;
  scheduler_.Post([&] { recording = Report(); });
  scheduler_.RunReady();
  EXPECT_EQ(recording.results["done"], 1U);
  EXPECT_TRUE(recording.running_since_unix_ms) << "the end is not on record yet";
  EXPECT_TRUE(recording.runs.empty());
  EXPECT_EQ(History(), "done 1 row");
  EXPECT_FALSE(Report().running_since_unix_ms);
}

TEST_F(ProcessTest, OnlyWhatIsGrantedRuns) {
  claim_.answer = false;
  Serve(Sql(Times("* * * * *"), MissedRuns::kAll));
  ToTheMinute();
  scheduler_.Advance(minutes(1));
  EXPECT_EQ(claim_.asked.size(), 2U);
  EXPECT_EQ(claim_.asked[1] - claim_.asked[0], 60000);
  claim_.answer = kck::Fail(ErrorCode::kStoreError, "scripted");
  scheduler_.Advance(minutes(1));
  EXPECT_EQ(writer_->begun(), 0U);
  EXPECT_TRUE(Report().runs.empty());
  claim_.answer = true;
  scheduler_.Advance(minutes(1));
  EXPECT_EQ(EndWritesAtOnce(), 1);
  Kill();
  StartRunner();
  EXPECT_EQ(writes_under_way(), 0U) << "what another node ran was not missed";
}

TEST_F(ProcessTest, TheHistoryIsBoundedAndOutlivesTheServer) {
  Serve(Sql(Every(minutes(1))));
  for (std::uint64_t i = 1; i <= 30; ++i) {
    scheduler_.Advance(minutes(1));
    EndWrite(Rows(i));
  }
  Kill();
  StartRunner();
  const auto runs = Report().runs;
  ASSERT_EQ(runs.size(), 20U);
  EXPECT_EQ(runs.front().detail, "30 rows");
  EXPECT_EQ(runs.back().detail, "11 rows");
  EXPECT_TRUE(Report().results.empty()) << "counted since start";
}

TEST_F(ProcessTest, AFailureWaitsForTheNextTick) {
  Serve(Sql(Every(minutes(1))));
  scheduler_.Advance(minutes(1));
  const auto failed = clock_.UnixMillis();
  EndWrite(kck::Fail(ErrorCode::kSourceError, "scripted"));
  EXPECT_EQ(writes_under_way(), 0U);
  EXPECT_EQ(Next(), minutes(1));
  scheduler_.Advance(minutes(1));
  EndWrite();
  EXPECT_EQ(History(), "done 3 rows, KCKSourceError scripted");
  ASSERT_TRUE(Report().last_failure);
  EXPECT_EQ(Report().last_failure->began_unix_ms, failed);
  EXPECT_EQ(Report().results["KCKSourceError"], 1U);
  EXPECT_EQ(Report().results["done"], 1U);
}

TEST_F(ProcessTest, ByHandItTellsOfTheBeginOrOfTheEnd) {
  Serve(Sql(Every(minutes(1))));
  scheduler_.Advance(seconds(30));
  const Ran begun = Run("work", Answer::kBegun);
  ASSERT_TRUE(*begun);
  EXPECT_EQ((*begun)->value().result, "");
  EXPECT_EQ(writes_under_way(), 1U);
  EXPECT_EQ((*Run("work", Answer::kEnded))->error().code, ErrorCode::kOverloaded);
  EXPECT_EQ((*Run("other", Answer::kEnded))->error().code, ErrorCode::kUnknownKey);
  EndWrite();
  EXPECT_EQ(Next(), minutes(1)) << "every counts from the end of this run, too";

  const Ran ended = Run("work", Answer::kEnded);
  EXPECT_FALSE(*ended);
  EndWrite();
  EXPECT_EQ((*ended)->value().detail, "3 rows");
  const Ran failed = Run("work", Answer::kEnded);
  EndWrite(kck::Fail(ErrorCode::kBadRequest, "scripted"));
  EXPECT_EQ((*failed)->error().code, ErrorCode::kBadRequest);
}

TEST_F(ProcessTest, CronGoesOnBesideRunsByHand) {
  Serve(Sql(Times("* * * * *")));
  ToTheMinute();
  EndWrite();
  scheduler_.Advance(seconds(20));
  Run("work", Answer::kBegun);
  EndWrite();
  EXPECT_EQ(Next(), seconds(40));
}

TEST_F(ProcessTest, ADomainIsRefreshedWhole) {
  Serve(Domain(Every(minutes(1))));
  Fetch("item/1");
  AnswerComputes("[]");
  const std::size_t before = primer_.begun();
  const Ran ran = Run("work", Answer::kEnded);
  AnswerComputes(R"([[1],[2],[3],["x"]])");
  ASSERT_TRUE(*ran);
  EXPECT_EQ((*ran)->value().detail, "3 keys, 0 failed, 1 item of the domain fit no key");
  EXPECT_EQ(primer_.begun() - before, 4U) << "the domain, and each of its keys, fresh or not";
}

TEST_F(ProcessTest, ADomainThatIsNone) {
  Serve(Domain(Every(minutes(1))));
  const Ran ran = Run("work", Answer::kEnded);
  AnswerComputes("5");
  ASSERT_TRUE(*ran);
  EXPECT_FALSE(**ran);
  EXPECT_GT(Next(), seconds(59)) << "its times go on";
  auto nothing = Domain(Every(minutes(1)));
  nothing->domain = "nothing";
  Define({nothing});
  EXPECT_EQ((*Run("work", Answer::kEnded))->error().code, ErrorCode::kUnknownKey);
  EXPECT_EQ(Report().results["KCKUnknownKey"], 1U);
}

TEST_F(ProcessTest, AReloadKeepsWhatItDoesNotChange) {
  Serve(Sql(Every(minutes(1))));
  scheduler_.Advance(minutes(1));
  EndWrite();
  scheduler_.Advance(seconds(20));
  Define({Sql(Every(minutes(1)), MissedRuns::kAll)});
  EXPECT_EQ(Next(), seconds(40));
  Define({Sql(Every(minutes(2)))});
  EXPECT_EQ(Next(), minutes(2)) << "other times count from now";
  EXPECT_EQ(History(), "done 3 rows");
  Define({});
  EXPECT_TRUE(runner_->Report().empty());
  scheduler_.Advance(minutes(10));
  EXPECT_EQ(writes_under_way(), 0U);
  Define({Sql(Every(minutes(2)))});
  EXPECT_EQ(Next(), minutes(2)) << "nothing is missed by a process that was not there";
  EXPECT_EQ(History(), "done 3 rows");
}

TEST_F(ProcessTest, AReloadWhileItRuns) {
  Serve(Sql(Every(minutes(1))));
  scheduler_.Advance(minutes(1));
  Define({Sql(Times("0 * * * *"))});
  EndWrite();
  EXPECT_EQ(History(), "done 3 rows");
  EXPECT_GT(Next(), minutes(1));
  Run("work", Answer::kBegun);
  Define({});
  EndWrite();
  EXPECT_EQ(writes_under_way(), 0U);
}

TEST_F(ProcessTest, TimesThatWereChangedWhileNoServerRan) {
  Serve(Sql(Every(minutes(1))));
  Kill(minutes(10));
  Define({Sql(Every(minutes(2)))});
  StartRunner();
  EXPECT_EQ(writes_under_way(), 0U);
  EXPECT_EQ(Next(), minutes(2));
}

TEST_F(ProcessTest, WhatIsGoneAtAStartIsForgotten) {
  Serve(Sql(Every(minutes(1))));
  Run("work", Answer::kBegun);
  EndWrite();
  Kill();
  Define({});
  StartRunner();
  EXPECT_THAT(store_.writes.back(), "forget process/work");
}

TEST_F(ProcessTest, StopLeavesADomainForTheNextStart) {
  Serve(Domain(Every(minutes(1)), MissedRuns::kSkip));
  const Ran waiting = Run("work", Answer::kEnded);
  runner_->Stop();
  scheduler_.RunReady();
  ASSERT_TRUE(*waiting);
  EXPECT_EQ((*waiting)->error().code, ErrorCode::kOverloaded);
  EXPECT_EQ((*Run("work", Answer::kBegun))->error().code, ErrorCode::kOverloaded);
  Kill();
  StartRunner();
  EXPECT_TRUE(Report().running_since_unix_ms);
}

TEST_F(ProcessTest, AWallClockThatIsSetForward) {
  Serve(Sql(Times("0 * * * *")));
  clock_.set_by = std::chrono::hours(48);
  scheduler_.Advance(seconds(30));
  EXPECT_EQ(EndWritesAtOnce(), 1) << "one run for all that were missed";
  Define({Sql(Times("0 * * * *"), MissedRuns::kSkip)});
  clock_.set_by += std::chrono::hours(48);
  scheduler_.Advance(seconds(30));
  EXPECT_EQ(writes_under_way(), 0U);
  EXPECT_LE(Next(), std::chrono::hours(1));
}

TEST_F(ProcessTest, AWallClockThatIsSetBack) {
  Serve(Sql(Every(minutes(5))));
  clock_.set_by = std::chrono::hours(-48);
  scheduler_.Advance(seconds(30));
  EXPECT_EQ(Next(), minutes(5));
}

TEST_F(ProcessTest, ARecordThatCannotBeReadCountsAsNone) {
  store_.PutRecord("process/work", "not a record", [](const Result<void>&) {});
  Serve(Sql(Every(minutes(1))));
  EXPECT_EQ(Next(), minutes(1));
}

}  // namespace
}  // namespace kck
