#include "process/process_record.h"

#include <gmock/gmock.h>

namespace kck {
namespace {

TEST(ProcessRecord, ComesBackAsItWas) {
  ProcessRecord record;
  record.schedule = "cron */10 6-22 * * 1-5 (Europe/Berlin)";
  record.counts_from = 1700000000123;
  record.last_success_unix_ms = 1700000000456;
  record.begun = ProcessRun{1700000600000, 1700000600007, 0, "", ""};
  record.last_failure = ProcessRun{0, 1700000000100, 12, "KCKSourceError", "two\nlines"};
  record.Add({0, 1700000000100, 12, "KCKSourceError", "two\nlines"});
  record.Add({1700000000000, 1700000000300, 5, "done", "3 rows"});
  record.Add({1700000000000, 1700000000300, 5, "done", ""});

  const auto read = ProcessRecord::Parse(record.Text());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->Text(), record.Text());
  EXPECT_EQ(read->schedule, record.schedule);
  EXPECT_EQ(read->counts_from, record.counts_from);
  EXPECT_EQ(read->last_success_unix_ms, record.last_success_unix_ms);
  EXPECT_EQ(read->begun->tick_unix_ms, 1700000600000);
  EXPECT_EQ(read->begun->result, "");
  EXPECT_EQ(read->last_failure->detail, "two lines");
  ASSERT_EQ(read->runs.size(), 3U);
  EXPECT_EQ(read->runs[1].detail, "3 rows");
  EXPECT_TRUE(read->runs[2].by_hand());
}

TEST(ProcessRecord, HoldsAsManyRunsAsItShould) {
  ProcessRecord record;
  record.counts_from = 1;
  for (int i = 1; i <= 50; ++i) record.Add({i, i, 0, "done", std::string(2000, 'x')});
  const auto read = ProcessRecord::Parse(record.Text());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->runs.size(), ProcessRecord::kRunsMax);
  EXPECT_EQ(read->runs.front().tick_unix_ms, 50);
  EXPECT_LT(record.Text().size(), 20000U);
}

TEST(ProcessRecord, OtherTextIsNone) {
  for (const char* text : {"", "times\n", "times x y\n", "run 1 2\n", "something\n", "schedule every 5m\n"}) {
    EXPECT_FALSE(ProcessRecord::Parse(text)) << text;
  }
}

}  // namespace
}  // namespace kck
