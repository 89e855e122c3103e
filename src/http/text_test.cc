// The parts that turn values into bytes and bytes into parts, each by itself.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/json.h"
#include "http/entry_text.h"
#include "http/input.h"
#include "http/output.h"
#include "http/query.h"
#include "http/router.h"
#include "http/time_text.h"
#include "testing/entries.h"

namespace kck {
namespace {

Served MakeServed(const std::string& value, const char* stamp, TimePoint as_of = Clock::now()) {
  EntryFacts facts;
  facts.version = {5, 734, 2};
  facts.as_of_unix_ms = 1795554512123;
  facts.as_of = as_of;
  if (stamp != nullptr) facts.stamp = InternStamp(stamp);
  return {Entry::Make("item/7", facts, value), Freshness::kStale};
}

TEST(EntryTextTest, HeadersSayWhatIsKnownOfTheEntry) {
  TimeText times;
  std::string out;
  AppendEntryHeaders(out, MakeServed("1", "734:740:735,737"), times);
  EXPECT_EQ(out,
            "ETag: \"5.734.2\"\r\nKCK-State: stale\r\nKCK-Age: 0\r\n"
            "KCK-As-Of: 2026-11-24T21:08:32.123Z; snapshot=\"734:740:735,737\"\r\n");
  out.clear();
  AppendEntryHeaders(out, MakeServed("1", nullptr), times);
  EXPECT_TRUE(out.ends_with("KCK-As-Of: 2026-11-24T21:08:32.123Z\r\n")) << out;
}

TEST(EntryTextTest, AgeIsInWholeSeconds) {
  TimeText times;
  std::string out;
  AppendEntryHeaders(out, MakeServed("1", nullptr, times.now() - std::chrono::milliseconds(3999)), times);
  EXPECT_NE(out.find("KCK-Age: 3\r\n"), std::string::npos) << out;
}

std::string BodyOf(const Entry& entry, bool compat_06) {
  std::string out;
  AppendBeforeValue(out, entry, compat_06);
  out += entry.value();
  AppendBehindValue(out, entry.content());
  return out;
}

TEST(EntryTextTest, BodyHoldsKeyVersionValueAndTime) {
  const EntryPtr entry = MakeEntry("it\"em/1", R"([{"a":1.10}])", {1, 2, 3});
  EXPECT_EQ(BodyOf(*entry, false),
            R"({"success":true,"key":"it\"em/1","version":"1.2.3","value":[{"a":1.10}],"modified":1700000000.000})");
  EXPECT_EQ(BodyOf(*entry, true),
            R"({"success":true,"key":"it\"em/1","version":2,"value":[{"a":1.10}],"modified":1700000000.000})");
}

RC_GTEST_PROP(EntryTextProperty, BodyIsJsonWhateverTheKey, ()) {
  const EntryPtr entry = MakeEntry(*rc::gen::arbitrary<std::string>(), "1", {1, 2, 3});
  RC_ASSERT(IsJson(BodyOf(*entry, false)));
  RC_ASSERT(IsJson(BodyOf(*entry, true)));
}

TEST(EntryTextTest, ItemAddsWhatTheHeadersSay) {
  TimeText times;
  std::string out;
  AppendItem(out, MakeServed("[1]", "734:740:"), times, false);
  EXPECT_EQ(out, R"({"success":true,"key":"item/7","version":"5.734.2","value":[1],"modified":1795554512.123,)"
                 R"("state":"stale","age_seconds":0,"as_of":"2026-11-24T21:08:32.123Z","snapshot":"734:740:"})");
}

constexpr auto kTakesNone = [](ContentCoding) { return false; };

TEST(EntryTextTest, FindsTheVersionInAList) {
  const Version version{5, 734, 2};
  for (const char* list : {R"("5.734.2")", R"(W/"5.734.2")", "*", R"("x", "5.734.2")", R"( "a" ,W/"5.734.2" )"}) {
    EXPECT_EQ(ListedCoding(list, version, kTakesNone), ContentCoding::kIdentity) << list;
  }
  for (const char* list : {R"("5.734.1")", R"("5.734.20")", "", ",", R"("a, b")", R"(W/W/"5.734.2")"}) {
    EXPECT_EQ(ListedCoding(list, version, kTakesNone), std::nullopt) << list;
  }
  EXPECT_EQ(ListedCoding(R"("5.734.2-br")", version, kTakesNone), std::nullopt) << "it could not be read";
  EXPECT_EQ(ListedCoding(R"("5.734.2-br", W/"5.734.2")", version, kTakesNone), ContentCoding::kIdentity);
  const auto takes_zstd = [](ContentCoding coding) { return coding == ContentCoding::kZstd; };
  EXPECT_EQ(ListedCoding(R"("5.734.2-br", "5.734.2-zstd")", version, takes_zstd), ContentCoding::kZstd);
  EXPECT_EQ(ListedCoding(R"("5.734.2-identity", "5.734.2-")", version, takes_zstd), std::nullopt);
}

TEST(EntryTextTest, ReadsADemandedVersion) {
  EXPECT_EQ(DemandedVersion(R"("5.734.2")"), (Version{5, 734, 2}));
  EXPECT_EQ(DemandedVersion(" 5.734.2 "), (Version{5, 734, 2}));
  EXPECT_EQ(DemandedVersion(R"("5.734.2-gzip")"), (Version{5, 734, 2}));
  for (const char* wrong : {"*", "", "W/\"5.734.2\"", "\"5.734\"", "\"5.734.2\", \"5.734.3\""}) {
    const Result<Version> version = DemandedVersion(wrong);
    ASSERT_FALSE(version) << wrong;
    EXPECT_EQ(version.error().code, ErrorCode::kBadRequest);
  }
}

TEST(TimeTextTest, RendersEachSecondAsItself) {
  TimeText times;
  const auto text = [&](std::int64_t unix_ms) {
    std::string out;
    times.AppendIso(out, unix_ms);
    return out;
  };
  EXPECT_EQ(text(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(text(64000), "1970-01-01T00:01:04.000Z") << "another second of the same slot";
  EXPECT_EQ(text(7), "1970-01-01T00:00:00.007Z");
  EXPECT_EQ(text(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(text(1709210096089), "2024-02-29T12:34:56.089Z");
}

TEST(TimeTextTest, DateHasTheFormOfTheHeader) {
  TimeText times;
  std::tm read{};
  const std::string date(times.date());
  const char* end = strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &read);
  ASSERT_EQ(end, date.c_str() + date.size()) << date;
  EXPECT_LE(std::abs(timegm(&read) - std::time(nullptr)), 2);
}

TEST(OutputTest, KeepsTheOrderOfCopiedAndSharedBytes) {
  Output output;
  const EntryPtr large = MakeEntry("large", std::string(100000, '1'), {});
  const EntryPtr small = MakeEntry("small", "2", {});
  output.Append(large->value(), large);
  output.text() += "head ";
  output.Append(small->value(), small);
  output.Append(large->value(), large);
  output.text() += " tail";

  std::vector<iovec> pieces;
  output.Pieces(pieces);
  std::string all;
  for (const iovec& piece : pieces) all.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  EXPECT_EQ(all, fmt::format("{0}head {1}{0} tail", large->value(), small->value()));
  EXPECT_EQ(pieces.front().iov_base, large->value().data()) << "large values stand by reference";
  EXPECT_EQ(output.size(), all.size());
  std::string spare;
  output.Clear(spare);
  EXPECT_GE(spare.capacity(), 15U);
  EXPECT_TRUE(output.empty());
}

RC_GTEST_PROP(InputProperty, HoldsTheBytesInOrder, ()) {
  Input input;
  std::string expected;
  std::string buffer;  // used again for each arrival, as a thread's is
  char next = 0;
  const auto steps = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 20000));
  for (const std::size_t step : steps) {
    if (step % 2 == 0) input.Keep();
    if (step % 2 == 0 || input.unread().empty()) {
      buffer.assign(step, next++);
      input.Arrived(buffer);
      expected += buffer;
    }
    RC_ASSERT(input.unread() == expected);
    const std::size_t taken = std::min(expected.size(), step / 3 * 2);
    input.Consume(taken);
    expected.erase(0, taken);
  }
}

TEST(QueryTest, DecodesFieldsInOrder) {
  const auto fields = ParseQuery("key=item%2F7&key=a%252Fb&&x+y=1+2&flag&empty=");
  ASSERT_TRUE(fields);
  const QueryFields expected{{"key", "item/7"}, {"key", "a%2Fb"}, {"x y", "1 2"}, {"flag", ""}, {"empty", ""}};
  EXPECT_EQ(*fields, expected);
  for (const char* wrong : {"a=%", "a=%2", "a=%zz", "%4"}) EXPECT_FALSE(ParseQuery(wrong)) << wrong;
}

TEST(RouterTest, FindsCalls) {
  const auto call = [](Method method, std::string_view target) { return FindRoute(method, target).call; };
  EXPECT_EQ(call(Method::kGet, "/fetch/item/7"), Call::kFetch);
  EXPECT_EQ(call(Method::kHead, "/fetch/item/7"), Call::kFetch);
  EXPECT_EQ(call(Method::kDelete, "/fetch/item/7"), Call::kPurge);
  EXPECT_EQ(call(Method::kGet, "/mget?key=a"), Call::kMget);
  EXPECT_EQ(call(Method::kPost, "/mget"), Call::kMget);
  EXPECT_EQ(call(Method::kPut, "/set/a"), Call::kSet);
  EXPECT_EQ(call(Method::kPost, "/refresh/a"), Call::kRefresh);
  EXPECT_EQ(call(Method::kPost, "/lease"), Call::kHolder);
  EXPECT_EQ(call(Method::kPost, "/lease/a?hold_ms=5"), Call::kLease);
  EXPECT_EQ(call(Method::kDelete, "/lease/a"), Call::kGiveUp);
  EXPECT_EQ(call(Method::kGet, "/processes"), Call::kProcesses);
  EXPECT_EQ(call(Method::kPost, "/processes/a/run?wait=1"), Call::kRunProcess);
  EXPECT_EQ(call(Method::kGet, "/"), Call::kIndex);
  EXPECT_EQ(call(Method::kGet, "http://host:1/healthz"), Call::kHealth);
  EXPECT_EQ(call(Method::kGet, "http://host"), Call::kIndex);
  EXPECT_EQ(call(Method::kGet, "/fetch"), Call::kNone);
  EXPECT_EQ(call(Method::kGet, "/fetched/a"), Call::kNone);
  EXPECT_EQ(call(Method::kGet, "/healthz/"), Call::kNone);
  EXPECT_EQ(call(Method::kGet, "*"), Call::kNone);
}

TEST(RouterTest, CutsKeyAndQueryWithoutDecoding) {
  const Route route = FindRoute(Method::kGet, "/fetch/a%2Fb//c?wait=1?");
  EXPECT_EQ(route.key, "a%2Fb//c");
  EXPECT_EQ(route.query, "wait=1?");
  EXPECT_EQ(FindRoute(Method::kPost, "/fetch/a").allow, "GET, HEAD, DELETE");
  EXPECT_EQ(FindRoute(Method::kGet, "/nothing").allow, "");
}

}  // namespace
}  // namespace kck
