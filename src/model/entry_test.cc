#include "model/entry.h"

#include <gtest/gtest.h>

#include "model/fault.h"

namespace kck {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

const TimePoint kNow = TimePoint{} + hours(24 * 365);

EntryPtr At(Version version, std::uint64_t sequence) {
  EntryFacts facts;
  facts.version = version;
  facts.fill_sequence = sequence;
  return Entry::MakeTombstone("a", facts);
}

TEST(Supersedes, GoesByVersionThenBySequence) {
  EXPECT_TRUE(Supersedes(*At({1, 11, 0}, 1), *At({1, 10, 9}, 2)));
  EXPECT_FALSE(Supersedes(*At({1, 10, 9}, 2), *At({1, 11, 0}, 1))) << "however late it comes";
  EXPECT_TRUE(Supersedes(*At({2, 1, 0}, 1), *At({1, 99, 0}, 2))) << "an epoch outranks any number";
  EXPECT_TRUE(Supersedes(*At({1, 10, 1}, 1), *At({1, 10, 0}, 2)));
  EXPECT_TRUE(Supersedes(*At({1, 10, 0}, 2), *At({1, 10, 0}, 1)));
  EXPECT_FALSE(Supersedes(*At({1, 10, 0}, 1), *At({1, 10, 0}, 2)));
}

TEST(Version, ReadsBackWhatItPrints) {
  const Version version{4294967295U, 18446744073709551615U, 7};
  EXPECT_EQ(ParseVersion(VersionText(version)), version);
  for (const char* text : {"", "1", "1.2", "1.2.", "1.2.3.4", "a.2.3", "1.2.3 ", "-1.2.3", "4294967296.0.0"}) {
    EXPECT_FALSE(ParseVersion(text)) << text;
  }
}

TEST(Entry, HasAKeyAndAContent) {
  EntryFacts facts;
  facts.version = {1, 2, 3};
  facts.as_of_unix_ms = 1700000000007;
  const EntryPtr entry = Entry::Make("item/1", facts, R"([{"a":1.10}])");
  EXPECT_EQ(entry->key(), "item/1");
  EXPECT_EQ(entry->value(), R"([{"a":1.10}])");
  EXPECT_EQ(entry->content().version, facts.version);
  EXPECT_EQ(entry->content().modified_unix_ms, 1700000000007);
}

TEST(Entry, TimesOfAnySizeDoNoHarm) {
  EntryFacts facts;
  facts.as_of_unix_ms = INT64_MAX;
  facts.as_of = TimePoint::min();
  const EntryPtr entry = Entry::Make("item/1", facts, "1");
  EXPECT_GT(entry->as_of_unix_ms(), std::int64_t{1} << 46) << "the year 4199";
  EXPECT_LT(entry->as_of(), TimePoint{});
  EXPECT_EQ(entry->kind(), EntryKind::kValue);
}

TEST(Entry, ATombstoneHasAKeyAndNoContent) {
  const EntryPtr entry = At({1, 2, 3}, 4);
  EXPECT_EQ(entry->kind(), EntryKind::kTombstone);
  EXPECT_EQ(entry->key(), "a");
  EXPECT_FALSE(entry->has_content());
  EXPECT_EQ(entry->value(), "");
}

// With values on both sides of the size at which a renewal shares instead of copying.
class Renewal : public testing::TestWithParam<std::size_t> {};

INSTANTIATE_TEST_SUITE_P(Sizes, Renewal, testing::Values(1, 100000));

TEST_P(Renewal, KeepsTheContentAndChangesTheFacts) {
  const std::string value(GetParam(), '7');
  EntryFacts facts;
  facts.version = {1, 10, 0};
  facts.as_of_unix_ms = 1700000000007;
  EntryPtr entry = Entry::Make("item/1", facts, value);
  for (std::uint32_t sub = 1; sub <= 3; ++sub) {
    facts.version = {1, 20, sub};
    facts.fill_sequence = sub;
    facts.as_of_unix_ms = 1800000000007;
    facts.stamp = InternStamp("10:20:12,15");
    entry = Entry::MakeRenewal(entry, facts);
    EXPECT_EQ(entry->key(), "item/1");
    EXPECT_EQ(entry->version(), facts.version);
    EXPECT_EQ(entry->fill_sequence(), sub);
    EXPECT_EQ(entry->stamp(), facts.stamp);
    EXPECT_EQ(entry->content_version(), (Version{1, 10, 0}));
    EXPECT_EQ(entry->content().modified_unix_ms, 1700000000007);
    EXPECT_EQ(entry->value(), value);
  }
  EXPECT_LT(entry->memory_bytes(), value.size() * 5 / 4 + 500) << "the renewals before it are gone";
}

TEST(Entry, LivesAreKeptToTheMillisecondOrSecond) {
  const auto ends = [](TimePoint end) {
    EntryFacts facts;
    facts.as_of = kNow;
    facts.expires_at = end;
    facts.stale_at = end;
    const EntryPtr entry = Entry::MakeTombstone("a", facts);
    EXPECT_EQ(entry->expires_at(), entry->stale_at());
    EXPECT_EQ(Entry::MakeRenewal(entry, entry->facts())->expires_at(), entry->expires_at());
    return entry->expires_at();
  };
  EXPECT_EQ(ends(TimePoint::max()), TimePoint::max());
  EXPECT_EQ(ends(kNow + milliseconds(1)), kNow + milliseconds(1));
  EXPECT_EQ(ends(kNow + std::chrono::microseconds(1999)), kNow + milliseconds(1)) << "never longer than it was";
  EXPECT_EQ(ends(kNow + hours(24 * 30) + milliseconds(1500)), kNow + hours(24 * 30) + std::chrono::seconds(1));
  EXPECT_EQ(ends(kNow + hours(24 * 365 * 100)), kNow + std::chrono::seconds((std::int64_t{1} << 31) - 2)) << "68 years";
  EXPECT_EQ(ends(kNow), kNow);
  EXPECT_EQ(ends(TimePoint::min()), kNow) << "over, whenever one looks";
}

TEST(Fault, SaysWhereWhatAndWhatToDo) {
  EXPECT_EQ(FaultText({{"a.yml", 3, 5}, "unknown field \"exire\"", "did you mean \"expire_seconds\"?", false}),
            "a.yml:3:5: error: unknown field \"exire\" (did you mean \"expire_seconds\"?)");
  EXPECT_EQ(FaultText({{"a.yml", 0, 0}, "empty", "", true}), "a.yml: warning: empty");
}

}  // namespace
}  // namespace kck
