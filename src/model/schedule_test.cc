// Cron expressions: what they name, what the changes of clocks do to them, and what is said of a wrong one.
#include "model/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <cstdlib>
#include <ctime>
#include <set>

namespace kck {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// "2026-03-29 01:00", in UTC.
std::int64_t UnixMs(const std::string& text) {
  std::tm parts{};
  if (strptime(text.c_str(), "%Y-%m-%d %H:%M", &parts) == nullptr) throw std::runtime_error(text);
  return std::int64_t{timegm(&parts)} * 1000;
}

std::string Text(std::int64_t unix_ms) {
  const std::time_t time = unix_ms / 1000;
  std::tm parts{};
  gmtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min);
}

// The next times of an expression in a zone, in UTC.
std::vector<std::string> Times(const std::string& expression, const std::string& zone, const std::string& after,
                               std::size_t count = 1) {
  const auto cron = Cron::Parse(expression, zone);
  if (!cron) return {cron.error().message};
  std::vector<std::string> times;
  std::optional<std::int64_t> time = UnixMs(after);
  while (times.size() < count && (time = (*cron)->NextAfter(*time))) times.push_back(Text(*time));
  return times;
}

std::string Next(const std::string& expression, const std::string& after) {
  const auto times = Times(expression, "UTC", after);
  return times.empty() ? "never" : times[0];
}

std::string FaultOf(const std::string& expression) {
  const auto cron = Cron::Parse(expression, "UTC");
  return cron ? "none" : cron.error().message;
}

TEST(Cron, NamesMinutes) {
  EXPECT_EQ(Next("* * * * *", "2026-05-04 10:59"), "2026-05-04 11:00");
  EXPECT_EQ(Next("0 * * * *", "2026-05-04 10:00"), "2026-05-04 11:00") << "after, not at";
  EXPECT_EQ(Next("*/10 6-22 * * 1-5", "2026-05-08 22:50"), "2026-05-11 06:00") << "from Friday to Monday";
  EXPECT_EQ(Next("5,35 6-22/8 * * *", "2026-05-04 06:36"), "2026-05-04 14:05");
  EXPECT_EQ(Next(" 15 \t 3  1 1-3,7 * ", "2026-03-02 00:00"), "2026-07-01 03:15");
  EXPECT_EQ(Next("0 0 1 feb,Jul *", "2026-03-01 00:00"), "2026-07-01 00:00");
  EXPECT_EQ(Next("0 0 * JUN-AUG *", "2026-03-01 00:00"), "2026-06-01 00:00");
}

TEST(Cron, ASundayIsZeroAndSeven) {
  for (const char* sunday : {"0", "7", "sun", "7-7", "SUN"}) {
    EXPECT_EQ(Next(fmt::format("0 0 * * {}", sunday), "2026-05-04 00:00"), "2026-05-10 00:00") << sunday;
  }
  EXPECT_THAT(Times("0 0 * * fri-sun", "UTC", "2026-05-04 00:00", 4),
              ElementsAre("2026-05-08 00:00", "2026-05-09 00:00", "2026-05-10 00:00", "2026-05-15 00:00"));
  EXPECT_EQ(Next("0 0 * * SUN-TUE", "2026-05-06 00:00"), "2026-05-10 00:00");
}

TEST(Cron, EitherDayDoesWhereBothAreRestricted) {
  EXPECT_THAT(Times("0 0 13 * 5", "UTC", "2026-05-02 00:00", 4),
              ElementsAre("2026-05-08 00:00", "2026-05-13 00:00", "2026-05-15 00:00", "2026-05-22 00:00"));
  EXPECT_THAT(Times("0 0 30 2 1", "UTC", "2026-02-20 00:00", 2), ElementsAre("2026-02-23 00:00", "2027-02-01 00:00"));
  EXPECT_THAT(Times("0 0 */2 * 1", "UTC", "2026-05-02 00:00", 2), ElementsAre("2026-05-11 00:00", "2026-05-25 00:00"))
      << "odd days that are Mondays";
}

TEST(Cron, LooksEightYearsAhead) {
  EXPECT_EQ(Next("0 0 29 2 *", "2026-01-01 00:00"), "2028-02-29 00:00");
  EXPECT_EQ(Next("0 0 29 2 *", "2096-02-29 00:00"), "2104-02-29 00:00") << "1900 and 2100 are no leap years";
  EXPECT_EQ(Next("0 0 30 2 *", "2026-01-01 00:00"), "never");
  EXPECT_EQ(Next("0 0 31 2,4,6,9,11 *", "2026-01-01 00:00"), "never");
}

TEST(Cron, HasShortForms) {
  EXPECT_EQ(Next("@hourly", "2026-05-04 10:30"), "2026-05-04 11:00");
  EXPECT_EQ(Next("@daily", "2026-05-04 10:30"), "2026-05-05 00:00");
  EXPECT_EQ(Next("@midnight", "2026-05-04 10:30"), "2026-05-05 00:00");
  EXPECT_EQ(Next("@weekly", "2026-05-04 10:30"), "2026-05-10 00:00");
  EXPECT_EQ(Next("@monthly", "2026-05-04 10:30"), "2026-06-01 00:00");
  EXPECT_EQ(Next("@yearly", "2026-05-04 10:30"), "2027-01-01 00:00");
  EXPECT_EQ(Next("@annually", "2026-05-04 10:30"), "2027-01-01 00:00");
}

// In Berlin, 2:00 to 3:00 is skipped at 01:00 UTC of 29 March 2026.
TEST(Cron, ATimeThatTheClockSkipsIsDueWhenItGoesOn) {
  EXPECT_THAT(Times("30 2 * * *", "Europe/Berlin", "2026-03-28 01:30", 2),
              ElementsAre("2026-03-29 01:00", "2026-03-30 00:30"));
  EXPECT_THAT(Times("0 2,3 * * *", "Europe/Berlin", "2026-03-29 00:30", 2),
              ElementsAre("2026-03-29 01:00", "2026-03-30 00:00"))
      << "once for both";
  EXPECT_THAT(Times("30 2 * * *", "America/New_York", "2026-03-07 07:30", 2),
              ElementsAre("2026-03-08 07:00", "2026-03-09 06:30"));
  EXPECT_THAT(Times("30 2 * * *", "Australia/Sydney", "2026-10-03 00:00", 2),
              ElementsAre("2026-10-03 16:00", "2026-10-04 15:30"));
  EXPECT_THAT(Times("0 0 * * *", "America/Santiago", "2026-09-05 05:00", 2),
              ElementsAre("2026-09-06 04:00", "2026-09-07 03:00"))
      << "the day begins at one";
  EXPECT_THAT(Times("0 12 30 12 *", "Pacific/Apia", "2011-12-30 00:00"), ElementsAre("2011-12-30 10:00"))
      << "the day is skipped";
}

// In Berlin, 2:00 to 3:00 is there twice, from 00:00 and from 01:00 UTC of 25 October 2026.
TEST(Cron, ATimeThatTheClockHasTwiceIsDueTheFirstTime) {
  EXPECT_THAT(Times("30 2 * * *", "Europe/Berlin", "2026-10-24 12:00", 2),
              ElementsAre("2026-10-25 00:30", "2026-10-26 01:30"));
  EXPECT_THAT(Times("*/20 2,3 * * *", "Europe/Berlin", "2026-10-25 00:30", 2),
              ElementsAre("2026-10-25 00:40", "2026-10-25 02:00"));
  EXPECT_THAT(Times("30 2 * * *", "Europe/Berlin", "2026-10-25 01:10"), ElementsAre("2026-10-26 01:30"))
      << "asked while it is there again";
  EXPECT_THAT(Times("30 1 * * *", "America/New_York", "2026-11-01 00:00", 2),
              ElementsAre("2026-11-01 05:30", "2026-11-02 06:30"));
  EXPECT_THAT(Times("30 2 * * *", "Australia/Sydney", "2026-04-04 00:00", 2),
              ElementsAre("2026-04-04 15:30", "2026-04-05 16:30"));
  EXPECT_THAT(Times("45 1 * * *", "Australia/Lord_Howe", "2026-04-04 00:00", 2),
              ElementsAre("2026-04-04 14:45", "2026-04-05 15:15"))
      << "by half an hour";
}

TEST(Cron, EveryHourGoesByWhatTheClockShows) {
  EXPECT_THAT(Times("*/30 * * * *", "Europe/Berlin", "2026-10-25 00:00", 4),
              ElementsAre("2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:30", "2026-10-25 02:00"));
  EXPECT_THAT(Times("10 * * * *", "Europe/Berlin", "2026-03-29 00:00", 2),
              ElementsAre("2026-03-29 00:10", "2026-03-29 01:10"))
      << "2:10 is skipped, and not made up for at 3:00";
}

TEST(Cron, KnowsZonesWithFewChanges) {
  EXPECT_THAT(Times("0 12 * * *", "Antarctica/Troll", "2004-01-01 00:00"), ElementsAre("2004-01-01 12:00"));
  EXPECT_THAT(Times("0 12 * * *", "Asia/Kathmandu", "2026-01-01 00:00"), ElementsAre("2026-01-01 06:15"));
  EXPECT_THAT(Times("0 12 * * *", "Etc/GMT+5", "2026-01-01 00:00"), ElementsAre("2026-01-01 17:00"));
}

TEST(Cron, SaysWhichFieldIsWrong) {
  EXPECT_EQ(FaultOf("60 * * * *"), "minute \"60\": not from 0 to 59; right is 0, */10 or 15,45");
  EXPECT_EQ(FaultOf("0 24 * * *"), "hour \"24\": not from 0 to 23; right is 3, 6-22/2 or *");
  EXPECT_EQ(FaultOf("0 0 0 * *"), "day of the month \"0\": not from 1 to 31; right is 1, 1,15 or *");
  EXPECT_EQ(FaultOf("0 0 1 13 *"), "month \"13\": not from 1 to 12; right is 1, JUN-AUG or *");
  EXPECT_EQ(FaultOf("0 0 * * 8"), "day of the week \"8\": not from 0 to 7; right is 1-5, SUN or *");
  EXPECT_THAT(FaultOf("0 0 * * JAN"), HasSubstr("day of the week \"JAN\": no number"));
  EXPECT_THAT(FaultOf("x * * * *"), HasSubstr("minute \"x\": no number"));
  EXPECT_THAT(FaultOf("-5 * * * *"), HasSubstr("minute \"\": no number"));
  EXPECT_THAT(FaultOf("1,,2 * * * *"), HasSubstr("minute \"\": no number"));
  EXPECT_THAT(FaultOf("0 22-6 * * *"), HasSubstr("hour \"22-6\": it goes backwards, which is written 22-23,0-6"));
  EXPECT_THAT(FaultOf("0 0 * * 5-1"), HasSubstr("it goes backwards, which is written 5-6,0-1"));
  EXPECT_THAT(FaultOf("*/0 * * * *"), HasSubstr("minute \"*/0\": a step is from 1 to 59"));
  EXPECT_THAT(FaultOf("*/90 * * * *"), HasSubstr("a step is from 1 to 59"));
  EXPECT_THAT(FaultOf("*/x * * * *"), HasSubstr("a step is from 1 to 59"));
  EXPECT_THAT(FaultOf("5/10 * * * *"), HasSubstr("a step follows * or a range, as 5-59/10"));
  EXPECT_THAT(FaultOf("* * * *"), AllOf(HasSubstr("4 fields where five belong"), HasSubstr("*/10 6-22 * * 1-5")));
  EXPECT_THAT(FaultOf("0 * * * * *"), HasSubstr("6 fields where five belong"));
  EXPECT_THAT(FaultOf(""), HasSubstr("0 fields"));
  EXPECT_EQ(FaultOf("@reboot"), "@reboot is none of @yearly, @monthly, @weekly, @daily and @hourly");
}

TEST(Cron, SaysWhichTimeZoneIsMeant) {
  EXPECT_EQ(Cron::Parse("@daily", "Europe/Berln").error().message,
            "there is no time zone \"Europe/Berln\": did you mean \"Europe/Berlin\"?");
  EXPECT_EQ(Cron::Parse("@daily", "Central European Time").error().message,
            "there is no time zone \"Central European Time\": the name is an IANA one, as Europe/Berlin or UTC");
  EXPECT_FALSE(Cron::Parse("@daily", ""));
  EXPECT_FALSE(Cron::Parse("@daily", "../../../etc/passwd"));
}

// Hides the database, as in an image from which it was cut. The system may not allow that: then there is nothing to
// see.
[[noreturn]] void ParseWithoutDatabase() {
  const bool hidden =
      unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && mount("none", "/usr/share/zoneinfo", "tmpfs", 0, nullptr) == 0;
  const auto cron = hidden ? Cron::Parse("@daily", "UTC") : Fail(ErrorCode::kBadRequest, "install the package tzdata");
  fmt::print(stderr, "{}\n", cron ? "parsed" : cron.error().message);
  std::_Exit(0);
}

TEST(CronDeathTest, ASystemWithoutTimeZonesIsToldWhatToInstall) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";  // in a process that has not read the database yet
  EXPECT_EXIT(ParseWithoutDatabase(), testing::ExitedWithCode(0), "install the package tzdata");
}

TEST(Schedule, SpreadsAnIntervalToBothSides) {
  Schedule schedule;
  schedule.every = std::chrono::seconds(100);
  EXPECT_EQ(schedule.NextAfter(5000, 0), 5000 + 90000);
  EXPECT_EQ(schedule.NextAfter(5000, 0.5), 5000 + 100000);
  EXPECT_EQ(schedule.NextAfter(5000, 1), 5000 + 110000);
  schedule.jitter = 0;
  EXPECT_EQ(schedule.NextAfter(5000, 1), 5000 + 100000);
}

TEST(Schedule, SpreadsCronToLaterTimes) {
  Schedule schedule;
  schedule.cron = *Cron::Parse("0 * * * *", "UTC");
  const std::int64_t now = UnixMs("2026-05-04 10:55");
  const std::int64_t due = UnixMs("2026-05-04 11:00");
  EXPECT_EQ(schedule.NextAfter(now, 0), due);
  EXPECT_EQ(schedule.NextAfter(now, 1), due + 30000) << "a tenth of five minutes";
  EXPECT_EQ(schedule.NextAfter(UnixMs("2026-05-04 10:00"), 1), due + 60000) << "at most a minute";
  schedule.cron = *Cron::Parse("0 0 30 2 *", "UTC");
  EXPECT_EQ(schedule.NextAfter(now, 1), std::nullopt);
}

// A field as text, and the numbers that it names.
struct FieldCase {
  std::string text;
  std::set<int> numbers;
};

FieldCase AnyField(int least, int most) {
  if (*rc::gen::arbitrary<bool>()) {
    const int step = *rc::gen::arbitrary<bool>() ? 1 : *rc::gen::inRange(1, most + 1);
    FieldCase field{step == 1 ? "*" : fmt::format("*/{}", step), {}};
    for (int number = least; number <= most; number += step) field.numbers.insert(number);
    return field;
  }
  FieldCase field;
  for (int items = *rc::gen::inRange(1, 4); items > 0; --items) {
    const int first = *rc::gen::inRange(least, most + 1);
    const int last = *rc::gen::inRange(first, most + 1);
    const int step = *rc::gen::inRange(1, 4);
    for (int number = first; number <= last; number += step) field.numbers.insert(number);
    field.text += fmt::format("{}{}-{}/{}", field.text.empty() ? "" : ",", first, last, step);
  }
  return field;
}

struct Expression {
  std::vector<FieldCase> fields;

  bool Names(std::time_t clock) const {
    std::tm parts{};
    gmtime_r(&clock, &parts);
    const auto has = [this](std::size_t field, int number) { return fields[field].numbers.contains(number); };
    const bool of_month = has(2, parts.tm_mday);
    const bool of_week = has(4, parts.tm_wday) || (parts.tm_wday == 0 && has(4, 7));
    const bool either = !fields[2].text.starts_with('*') && !fields[4].text.starts_with('*');
    return has(0, parts.tm_min) && has(1, parts.tm_hour) && has(3, parts.tm_mon + 1) &&
           (either ? of_month || of_week : of_month && of_week);
  }
};

// What the C library's clock shows in the zone of the environment's TZ, as if it were UTC.
std::time_t ClockAt(std::time_t time) {
  std::tm parts{};
  localtime_r(&time, &parts);
  return time + parts.tm_gmtoff;
}

// Walks minute by minute: a minute is due once the clock has gone to or past it for the first time.
std::optional<std::time_t> WalkToNext(const Expression& expression, std::time_t after, std::time_t end) {
  constexpr std::time_t kMinute = 60;
  const bool every_hour = expression.fields[1].numbers.size() == 24;
  std::time_t latest = 0;  // that the clock has shown
  for (std::time_t time = (after / kMinute - 30 * 60) * kMinute; time <= end; time += kMinute) {
    const std::time_t clock = ClockAt(time);
    bool due = every_hour && expression.Names(clock);
    if (!every_hour && latest > 0) {
      for (std::time_t passed = latest + kMinute; passed <= clock; passed += kMinute) due |= expression.Names(passed);
    }
    latest = std::max(latest, clock);
    if (due && time > after) return time;
  }
  return std::nullopt;
}

class ZoneOfEnvironment {
 public:
  explicit ZoneOfEnvironment(const std::string& name) {
    setenv("TZ", name.c_str(), 1);
    tzset();
  }
  ~ZoneOfEnvironment() {
    unsetenv("TZ");
    tzset();
  }
};

RC_GTEST_PROP(Cron, FindsWhatAWalkByMinutesFinds, ()) {
  // Moments near which the clock of a zone changes, and one near which it does not.
  struct Moment {
    std::string zone;
    std::string time;
  };
  const auto moment = *rc::gen::elementOf(std::vector<Moment>{{"Europe/Berlin", "2026-03-29 01:00"},
                                                              {"Europe/Berlin", "2026-10-25 01:00"},
                                                              {"America/New_York", "2024-03-10 07:00"},
                                                              {"America/New_York", "2024-11-03 06:00"},
                                                              {"Australia/Lord_Howe", "2026-04-04 15:00"},
                                                              {"Australia/Lord_Howe", "2026-10-03 15:30"},
                                                              {"America/Santiago", "2026-04-05 03:00"},
                                                              {"America/Santiago", "2026-09-06 04:00"},
                                                              {"Pacific/Apia", "2011-12-30 10:00"},
                                                              {"UTC", "2028-02-29 00:00"}});
  Expression expression;
  std::string text;
  for (const auto& [least, most] : std::vector<std::pair<int, int>>{{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 7}}) {
    expression.fields.push_back(AnyField(least, most));
    text += expression.fields.back().text + " ";
  }
  const std::time_t after = UnixMs(moment.time) / 1000 + *rc::gen::inRange(-100000, 100000);
  const std::time_t end = after + 3 * 86400;
  RC_LOG() << text << "in " << moment.zone << " after " << Text(after * 1000);
  const ZoneOfEnvironment zone(moment.zone);
  const auto cron = Cron::Parse(text, moment.zone);
  RC_ASSERT(cron.has_value());
  const auto found = (*cron)->NextAfter(after * 1000);
  if (const auto walked = WalkToNext(expression, after, end)) {
    RC_ASSERT(found == *walked * 1000);
  } else {
    RC_ASSERT(!found || *found > end * 1000);
  }
}

RC_GTEST_PROP(Cron, ReadsAnyTextToTheEnd, (const std::string& text)) {
  const auto cron = Cron::Parse(text, "UTC");
  if (!cron) RC_ASSERT(!cron.error().message.empty());
}

}  // namespace
}  // namespace kck
