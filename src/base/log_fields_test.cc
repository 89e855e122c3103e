#include "base/log_fields.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace kck {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::system_clock::time_point kTime{milliseconds(1'764'018'512'045)};

TEST(LogFieldsTest, JsonLine) {
  LogFields fields;
  fields.Text("product", "item").Number("status", 200).Milliseconds("took_ms", std::chrono::microseconds(1234567));
  EXPECT_EQ(JsonLogLine(kTime, "info", "request", fields),
            R"({"time":"2025-11-24T21:08:32.045Z","level":"info","message":"request","product":"item","status":200,)"
            R"("took_ms":1234.567})");
}

TEST(LogFieldsTest, JsonLineStaysOneObjectWhateverItHolds) {
  LogFields fields;
  fields.Text("error", "\"\\\x01\xFF");
  const std::string line = JsonLogLine(kTime, "error", "two\nlines \"quoted\"", fields);
  EXPECT_TRUE(IsJson(line)) << line;
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_NE(line.find(R"(two\nlines \"quoted\")"), std::string::npos) << line;
}

TEST(LogFieldsTest, TextLine) {
  LogFields fields;
  fields.Text("product", "item").Text("trace_id", "").Text("why", "two words").Text("sign", "a=b").Number("rows", 3);
  EXPECT_EQ(TextLogLine("a fill\nwas slow", fields),
            R"(a fill was slow product=item why="two words" sign="a=b" rows=3)");
}

}  // namespace
}  // namespace kck
