// The rules of a put, where the test decides what Cassandra answers, and when.
#include "store/cassandra_puts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "store/cassandra_marks.h"
#include "store/version_name.h"
#include "testing/entries.h"
#include "testing/manual_scheduler.h"

namespace kck {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kProduct = 7;
const std::string kKey = "a";

const CassandraFailure kTimeout{CqlStatus::kTimeout, {ErrorCode::kStoreError, "timeout"}};

// Answers at once, from what it holds. Before a write, `before_write` runs: it is what another node does meanwhile.
class FakeTables : public EntryTables {
 public:
  explicit FakeTables(const Scheduler& scheduler) : scheduler_(scheduler) {}

  void ReadEntries(const std::string&, OutcomeCallback<KeyRows> done) override { done(KeyRows{entries, marks}); }

  EntryCell CellFor(const Entry& entry) const override { return CellOf(entry, MomentOf(scheduler_), 8); }

  void WriteParts(const std::string&, EntryPtr, const EntryCell& cell, OutcomeCallback<void> done) override {
    if (cell.chunks > 0) said.push_back("parts");
    done({});
  }

  void ForgetParts(const std::string&, std::uint64_t, const EntryCell& cell) override {
    if (cell.chunks > 0) said.push_back("forget parts");
  }

  void WriteEntry(const std::string&, const Entry& entry, const EntryCell& cell, const Forgetting& forgetting,
                  OutcomeCallback<void> done) override {
    said.push_back("write " + VersionText(entry.version()));
    written_us = cell.written_us;
    forgotten = forgetting;
    done(NextOutcome());
  }

  void WriteMark(const std::string&, std::uint64_t number, std::int32_t ttl, OutcomeCallback<void> done) override {
    said.push_back(fmt::format("mark {} for {} s", number, ttl));
    done(NextOutcome());
  }

  void WriteMark(const std::string&, const MarkedTransaction& mark, std::int64_t, std::int32_t ttl,
                 OutcomeCallback<void> done) override {
    said.push_back(fmt::format("mark {}.{} for {} s", mark.epoch, mark.id, ttl));
    done(NextOutcome());
  }

  void ReadSettable(const std::string&, std::optional<CqlConsistency>,
                    OutcomeCallback<std::optional<EntryRow>> done) override {
    said.push_back("read");
    if (read_fails || reads_that_fail-- > 0) return done(tl::unexpected(kTimeout));
    done(settable);
  }

  void WriteSettable(const std::string&, const Entry& entry, const EntryCell& cell,
                     const std::optional<std::string>& expected, OutcomeCallback<bool> done) override {
    said.push_back("write " + VersionText(entry.version()));
    if (before_write) before_write();
    const std::optional<std::string> there = settable ? std::optional(settable->packed) : std::nullopt;
    const bool applied = there == expected;
    const Outcome<void> outcome = NextOutcome();
    if (applied && (outcome || fails_after_it_wrote)) settable = RowOf(DecodeEntry(kKey, cell.entry, Now()).value());
    if (after_write) after_write();
    if (!outcome) return done(tl::unexpected(outcome.error()));
    done(applied);
  }

  Moment Now() const { return MomentOf(scheduler_); }

  EntryRow RowOf(const EntryPtr& entry, std::int64_t written = 0) const {
    EntryCell cell = CellFor(*entry);
    cell.written_us = written;
    const std::string packed = PackCell(cell);
    return {entry->fingerprint(), entry, std::move(cell), packed};
  }

  std::vector<EntryRow> entries;
  KeyMarks marks;
  std::optional<EntryRow> settable;
  bool read_fails = false;
  int reads_that_fail = 0;
  bool fails_after_it_wrote = false;
  std::deque<CassandraFailure> failures;  // of the next writes
  std::function<void()> before_write;
  std::function<void()> after_write;

  std::vector<std::string> said;
  std::int64_t written_us = 0;
  Forgetting forgotten;

 private:
  Outcome<void> NextOutcome() {
    if (failures.empty()) return {};
    const CassandraFailure failure = failures.front();
    failures.pop_front();
    return tl::unexpected(failure);
  }

  const Scheduler& scheduler_;
};

class CassandraPutsTest : public testing::Test {
 protected:
  // "ok", "dropped" where nothing was written, or the error.
  std::string Put(const EntryPtr& entry, std::optional<PutCondition> condition = {}) {
    std::vector<std::string> ends;
    const auto writes = [this] {
      return std::ranges::count_if(tables_.said, [](const auto& word) { return word.starts_with("write"); });
    };
    const auto before = writes();
    auto done = [&](const Outcome<void>& put) {
      ends.push_back(put ? (writes() == before ? "dropped" : "ok") : put.error().error.message);
    };
    PutEntry({tables_, scheduler_, clock_}, {kKey, entry, condition, std::move(done), {}, "main"});
    EXPECT_EQ(ends.size(), 1U);
    return ends.empty() ? "no end" : ends.front();
  }

  static EntryPtr Of(std::uint64_t number, std::uint64_t fingerprint, const EditFacts& more = {},
                     const std::string& value = "1") {
    return MakeEntry(kKey, value, {1, number, 0}, [&](EntryFacts& facts) {
      facts.fingerprint = fingerprint;
      if (more) more(facts);
    });
  }

  ManualScheduler scheduler_;
  WriteClock clock_{scheduler_};
  FakeTables tables_{scheduler_};
};

TEST_F(CassandraPutsTest, OfAProductTheNewerIsWrittenAndTheOlderDropped) {
  EXPECT_EQ(Put(Of(10, kProduct)), "ok");
  tables_.entries = {tables_.RowOf(Of(10, kProduct))};
  EXPECT_EQ(Put(Of(9, kProduct)), "dropped");
  EXPECT_EQ(Put(Of(11, kProduct)), "ok");
  EXPECT_THAT(Put(Of(12, kProduct), PutCondition{{1, 9, 0}}), HasSubstr("another version"));
  EXPECT_EQ(Put(Of(12, kProduct), PutCondition{{1, 10, 0}}), "ok");
}

TEST_F(CassandraPutsTest, ADeletionReachesAheadOfItsWriteButNotPastItsEntrysLife) {
  tables_.entries = {tables_.RowOf(Of(9, kProduct))};
  Put(Of(10, kProduct));
  EXPECT_EQ(tables_.forgotten.older_until_us, tables_.written_us + 60'000'000);
  Put(Of(10, kProduct, [this](EntryFacts& facts) { facts.expires_at = scheduler_.Now() + seconds(5); }));
  EXPECT_EQ(tables_.forgotten.older_until_us, (scheduler_.UnixMillis() + 3000) * 1000);
  Put(Of(10, kProduct, [this](EntryFacts& facts) { facts.expires_at = scheduler_.Now() - seconds(5); }));
  EXPECT_EQ(tables_.forgotten.older_until_us, tables_.written_us);
}

TEST_F(CassandraPutsTest, EachWriteBearsALaterTime) {
  Put(Of(10, kProduct));
  const std::int64_t first_us = tables_.written_us;
  Put(Of(11, kProduct));
  EXPECT_GT(tables_.written_us, first_us);
  EXPECT_NEAR(static_cast<double>(tables_.written_us), static_cast<double>(scheduler_.UnixMillis()) * 1000, 10.0);
}

TEST_F(CassandraPutsTest, DefinitionsThatAreADayOldGoWithTheNextWriteOfAnother) {
  const std::int64_t now_us = scheduler_.UnixMillis() * 1000;
  const std::int64_t hour_us = std::int64_t{3600} * 1000 * 1000;
  tables_.entries = {tables_.RowOf(Of(10, 1), now_us - 23 * hour_us), tables_.RowOf(Of(10, 2), now_us - 25 * hour_us),
                     tables_.RowOf(Of(10, kProduct), now_us - 25 * hour_us)};
  EXPECT_EQ(Put(Of(11, kProduct)), "ok");
  EXPECT_THAT(tables_.forgotten.definitions, ElementsAre(2U));
}

TEST_F(CassandraPutsTest, PartsAreWrittenBeforeTheirRowAndGoAfterIt) {
  tables_.entries = {tables_.RowOf(Of(10, kProduct, {}, "a long value"))};
  EXPECT_EQ(Put(Of(11, kProduct, {}, "another long value")), "ok");
  EXPECT_THAT(tables_.said, ElementsAre("parts", "write 1.11.0", "forget parts"));
}

TEST_F(CassandraPutsTest, ASetWhoseEndIsUnclearSaysSo) {
  tables_.failures = {kTimeout, kTimeout};
  EXPECT_EQ(Put(Of(10, kProduct)), "timeout");
  EXPECT_THAT(Put(Of(10, kProduct, [](EntryFacts& facts) { facts.kind = EntryKind::kSet; })),
              HasSubstr("may have been written"));
}

TEST_F(CassandraPutsTest, ATransactionThatLostIsJudgedAgain) {
  tables_.settable = tables_.RowOf(Of(10, 0));
  tables_.before_write = [this] {
    tables_.before_write = {};
    tables_.settable = tables_.RowOf(Of(11, 0));
  };
  EXPECT_EQ(Put(Of(12, 0)), "ok") << "still the newer";
  EXPECT_THAT(tables_.said, ElementsAre("read", "write 1.12.0", "read", "write 1.12.0"));

  tables_.before_write = [this] { tables_.settable = tables_.RowOf(Of(20, 0)); };
  EXPECT_THAT(Put(Of(13, 0), PutCondition{{1, 12, 0}}), HasSubstr("another version"));
  EXPECT_EQ(tables_.settable->entry->version(), (Version{1, 20, 0}));
}

TEST_F(CassandraPutsTest, AVersionIsThatOfTheProcessThatPutItFirst) {
  const auto set = [](std::uint64_t sequence) {
    return [sequence](EntryFacts& facts) {
      facts.kind = EntryKind::kSet;
      facts.fill_sequence = sequence;
    };
  };
  tables_.settable = tables_.RowOf(Of(10, 0));
  tables_.before_write = [&] {
    tables_.before_write = {};
    EntryRow first = tables_.RowOf(Of(11, 0, set(1), "\"theirs\""));
    first.cell.writer = 2;
    first.packed = PackCell(first.cell);
    tables_.settable = first;
  };
  EXPECT_THAT(Put(Of(11, 0, set(2), "\"ours\"")), HasSubstr("another process was there before"));
  EXPECT_EQ(tables_.settable->entry->value(), "\"theirs\"");

  tables_.settable = tables_.RowOf(Of(11, 0, set(2), "\"ours\""));
  EXPECT_EQ(Put(Of(11, 0, set(2), "\"ours\"")), "ok") << "its own, once more";
}

TEST_F(CassandraPutsTest, ATransactionThatAlwaysLosesEnds) {
  std::uint64_t number = 10;
  tables_.before_write = [&] { tables_.settable = tables_.RowOf(Of(++number, 0)); };
  EXPECT_THAT(Put(Of(1000, 0)), HasSubstr("too many"));
}

TEST_F(CassandraPutsTest, ATimeOutOfATransactionThatHappenedIsSettledAsSuccess) {
  tables_.settable = tables_.RowOf(Of(10, 0));
  tables_.failures = {kTimeout};
  tables_.fails_after_it_wrote = true;
  EXPECT_EQ(Put(Of(11, 0), PutCondition{{1, 10, 0}}), "ok");
  EXPECT_THAT(tables_.said, ElementsAre("read", "write 1.11.0", "read"));
}

TEST_F(CassandraPutsTest, ATimeOutOfATransactionThatDidNotHappenIsTriedAgain) {
  tables_.settable = tables_.RowOf(Of(10, 0));
  tables_.failures = {kTimeout};
  EXPECT_EQ(Put(Of(11, 0), PutCondition{{1, 10, 0}}), "ok");
  EXPECT_THAT(tables_.said, ElementsAre("read", "write 1.11.0", "read", "write 1.11.0"));
}

TEST_F(CassandraPutsTest, ATimeOutThatOthersWroteOverStaysUnclear) {
  tables_.settable = tables_.RowOf(Of(10, 0));
  tables_.failures = {kTimeout};
  tables_.fails_after_it_wrote = true;
  tables_.after_write = [this] { tables_.settable = tables_.RowOf(Of(12, 0)); };
  EXPECT_THAT(Put(Of(11, 0), PutCondition{{1, 10, 0}}), HasSubstr("may have been written"));
}

TEST_F(CassandraPutsTest, WithoutAConditionItMightAsWellHaveHappenedBeforeWhatOthersWrote) {
  tables_.settable = tables_.RowOf(Of(10, 0));
  tables_.failures = {kTimeout};
  tables_.after_write = [this] { tables_.settable = tables_.RowOf(Of(12, 0)); };
  EXPECT_EQ(Put(Of(11, 0, {}, "a long value")), "ok");
  EXPECT_THAT(tables_.said, ElementsAre("parts", "read", "write 1.11.0", "read", "forget parts"));
}

TEST_F(CassandraPutsTest, WhatIsLowerCannotHaveTakenItsPlace) {
  tables_.settable = tables_.RowOf(Of(10, 0));
  tables_.failures = {kTimeout};
  tables_.after_write = [this] {
    tables_.after_write = {};
    tables_.settable = tables_.RowOf(Of(11, 0));
  };
  EXPECT_EQ(Put(Of(12, 0)), "ok");
  EXPECT_EQ(tables_.settable->entry->version(), (Version{1, 12, 0}));
}

// As among the transactions of several nodes on one key.
TEST_F(CassandraPutsTest, WhatEndsWithoutAVerdictIsTriedAgainForAWhile) {
  tables_.reads_that_fail = 2;
  tables_.failures = {8, kTimeout};
  EXPECT_EQ(Put(Of(10, 0)), "ok");
  tables_.after_write = [this] { tables_.reads_that_fail = 2; };
  tables_.failures = {8, kTimeout};
  EXPECT_EQ(Put(Of(11, 0), PutCondition{{1, 10, 0}}), "ok");
  EXPECT_EQ(tables_.settable->entry->version(), (Version{1, 11, 0}));
  tables_.after_write = [this] { scheduler_.Advance(seconds(2)); };
  tables_.failures = {8, kTimeout};
  EXPECT_THAT(Put(Of(12, 0)), HasSubstr("may have been written")) << "not where each takes its time";
}

TEST_F(CassandraPutsTest, ATimeOutThatCannotBeSettledStaysUnclear) {
  tables_.failures = {kTimeout};
  tables_.after_write = [this] { tables_.read_fails = true; };
  EXPECT_THAT(Put(Of(11, 0)), HasSubstr("may have been written"));
  tables_.read_fails = false;
  tables_.after_write = {};
  tables_.failures = {100, kTimeout};
  EXPECT_THAT(Put(Of(12, 0)), HasSubstr("may have been written")) << "it is not tried for ever";
}

TEST_F(CassandraPutsTest, PartsOfATransactionThatWasNotWrittenGo) {
  tables_.settable = tables_.RowOf(Of(10, 0));
  EXPECT_EQ(Put(Of(9, 0, {}, "a long value")), "dropped");
  EXPECT_THAT(tables_.said, ElementsAre("parts", "read", "forget parts"));
}

TEST_F(CassandraPutsTest, WhatIsDamagedOrPastItsLifeIsReplacedAsWhatItIs) {
  EntryRow row = tables_.RowOf(Of(20, 0));
  row.entry = nullptr;
  tables_.settable = row;
  EXPECT_EQ(Put(Of(10, 0)), "ok");
}

std::optional<std::uint64_t> EndOf(const std::optional<MarkedTransaction>& before) {
  return before ? std::optional(before->id) : std::nullopt;
}

TEST_F(CassandraPutsTest, WhatIsPurgedGoesWhateverItsDefinition) {
  const std::int64_t now_us = scheduler_.UnixMillis() * 1000;
  tables_.entries = {tables_.RowOf(Of(10, 1), now_us), tables_.RowOf(Of(10, 2), now_us)};
  EXPECT_EQ(Put(MakeTombstone(kKey, {1, 11, 0}, [](EntryFacts& facts) { facts.fingerprint = kProduct; })), "ok");
  EXPECT_THAT(tables_.forgotten.definitions, ElementsAre(1, 2));
}

TEST_F(CassandraPutsTest, TheFirstOfADefinitionThatNeverEndsLeavesNoDeletion) {
  tables_.entries = {tables_.RowOf(Of(10, kProduct + 1), scheduler_.UnixMillis() * 1000)};
  EXPECT_EQ(Put(Of(10, kProduct)), "ok");
  EXPECT_EQ(tables_.forgotten.older_until_us, std::nullopt);
  EXPECT_EQ(Put(Of(10, kProduct, [this](EntryFacts& facts) { facts.expires_at = scheduler_.Now() + hours(1); })), "ok");
  EXPECT_NE(tables_.forgotten.older_until_us, std::nullopt) << "what is below would come forward as it ends";
  tables_.entries = {tables_.RowOf(Of(10, kProduct))};
  EXPECT_EQ(Put(Of(11, kProduct)), "ok");
  EXPECT_NE(tables_.forgotten.older_until_us, std::nullopt);
}

TEST_F(CassandraPutsTest, MarksThatAStampIsPastGoWithThePut) {
  const auto stamped = [](std::uint64_t number, std::string_view stamp) {
    return Of(number, kProduct, [stamp](EntryFacts& facts) { facts.stamp = InternStamp(stamp); });
  };
  tables_.marks.transactions = {{"main", 1, 15}, {"main", 1, 12}, {"second", 1, 3}, {"main", 2, 1}};
  EXPECT_EQ(Put(stamped(10, "11:11:")), "ok");
  EXPECT_EQ(tables_.forgotten.marks_before, std::nullopt);
  EXPECT_EQ(Put(stamped(16, "13:17:13")), "ok");
  EXPECT_EQ(EndOf(tables_.forgotten.marks_before), 13U);
  EXPECT_EQ(Put(stamped(20, "20:20:")), "ok");
  EXPECT_EQ(EndOf(tables_.forgotten.marks_before), 16U);
  EXPECT_EQ(tables_.forgotten.marks_before->database, "main");
  EXPECT_EQ(tables_.forgotten.marks_before->epoch, 1U);
  EXPECT_TRUE(tables_.forgotten.tells_marks);
  EXPECT_EQ(Put(Of(21, kProduct, [](EntryFacts& facts) { facts.kind = EntryKind::kSet; })), "ok");
  EXPECT_EQ(EndOf(tables_.forgotten.marks_before), 2U) << "of the later epoch";
  EXPECT_FALSE(tables_.forgotten.tells_marks);
}

TEST_F(CassandraPutsTest, AMarkLivesAsLongAsWhatItIsHeldAgainst) {
  const auto mark = [this](const std::optional<MarkedTransaction>& transaction) {
    std::optional<Result<std::uint64_t>> number;
    PutMark({tables_, scheduler_, clock_}, kKey, transaction,
            [&number](Result<std::uint64_t> marked) { number = std::move(marked); });
    return *number;
  };
  constexpr int kDayS = 86400;
  const std::uint64_t first = mark({}).value();
  EXPECT_EQ(tables_.said.back(), fmt::format("mark {} for {} s", first, 30 * kDayS));
  EXPECT_EQ(mark(MarkedTransaction{"main", 1, 12}).value(), 0U);
  EXPECT_EQ(tables_.said.back(), fmt::format("mark 1.12 for {} s", 30 * kDayS));
  const auto lives = [this](Duration life) {
    return Of(10, kProduct, [this, life](EntryFacts& facts) { facts.expires_at = scheduler_.Now() + life; });
  };
  tables_.entries = {tables_.RowOf(lives(hours(40 * 24)))};
  tables_.marks.number = first + 1000000000;
  EXPECT_EQ(mark({}).value(), first + 1000000001) << "above what is there, whatever the clock says";
  EXPECT_THAT(tables_.said.back(), HasSubstr(fmt::format("for {} s", 41 * kDayS)));
  tables_.entries = {tables_.RowOf(Of(10, kProduct))};
  mark({});
  EXPECT_THAT(tables_.said.back(), HasSubstr("for 0 s")) << "it stays as long as what has no end";
  tables_.failures = {kTimeout};
  EXPECT_FALSE(mark({}));
}

}  // namespace
}  // namespace kck
