#include "primer/process_result.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace kck {
namespace {

std::string Path(const std::string& path, const std::string& json) {
  const auto result = ApplyProcessResult({path, ""}, json);
  return result ? *result : "error " + result.error().message;
}

std::string Jq(const std::string& program, const std::string& json) {
  const auto result = ApplyProcessResult({"", program}, json);
  return result ? *result : "error " + result.error().message;
}

TEST(ProcessResult, WithoutAnExpressionTheRowsAreTheValue) { EXPECT_EQ(*ApplyProcessResult({}, "[[1]]"), "[[1]]"); }

TEST(JsonPath, KeepsEveryScalarAsItIs) {
  EXPECT_EQ(Path("$[0][0]", "[[12345678901234567890.123456789]]"), "12345678901234567890.123456789");
  EXPECT_EQ(Path("$[1].a", R"([{"a":1},{"b":0,"a":9007199254740993}])"), "9007199254740993");
  EXPECT_EQ(Path("$[0]['a b']", R"([{"a b":{"c": [1, 2.50]}}])"), R"({"c":[1,2.50]})");
  EXPECT_EQ(Path("$[0].l[1]", R"([{"l":[1,[2,3]]}])"), "[2,3]");
  EXPECT_EQ(Path("$[0].s", R"([{"s":"a\"]\u0000b"}])"), R"("a\"]\u0000b")");
  EXPECT_EQ(Path("$[0].n", R"([{"n":null}])"), "null");
  EXPECT_EQ(Path("$[0].t", R"([{"t":true,"u":1}])"), "true");
  EXPECT_EQ(Path("$", "[[1.10]]"), "[[1.10]]");
  EXPECT_EQ(Path("$..price", R"([{"line":{"price":0.10}},{"price":2}])"), "0.10");
  EXPECT_EQ(Path("$[*][1]", R"([["x",99999999999999999999999]])"), "99999999999999999999999");
}

TEST(JsonPath, NoMatchIsNull) {
  EXPECT_EQ(Path("$[5]", "[[1]]"), "null");
  EXPECT_EQ(Path("$[0].a", "[[1]]"), "null");
  EXPECT_EQ(Path("$[0].b", R"([{"a":1}])"), "null");
  EXPECT_EQ(Path("$..zz", R"([{"a":1}])"), "null");
}

TEST(JsonPath, GivesTheFirstMatch) {
  EXPECT_EQ(Path("$[0][\"a b\"]", R"([{"a b":3}])"), "3");
  EXPECT_EQ(Path("$[0].*", R"([{"x":"v","y":2}])"), R"("v")");
  EXPECT_EQ(Path("$..b", R"([{"a":{"b":"x"}},{"b":"y"}])"), R"("x")");
  EXPECT_EQ(Path("$[*].a", R"([{"a":7},{"a":8}])"), "7");
}

TEST(Jq, GivesTheFirstOutput) {
  EXPECT_EQ(Jq(".[0] | {name, n: (.p * 2)}", R"([{"name":"ä","p":2,"x":1}])"), R"({"name":"ä","n":4})");
  EXPECT_EQ(Jq(".[]", "[1,2]"), "1");
  EXPECT_EQ(Jq("empty", "[1,2]"), "null");
  EXPECT_EQ(Jq("length", "[1,2]"), "2");
}

TEST(Jq, AnErrorSaysWhatAndTheNextCallWorks) {
  EXPECT_EQ(Jq(".[0].a", "[[1]]"), "error jq: Cannot index array with string \"a\"");
  EXPECT_EQ(Jq("error({})", "[1]"), "error jq: an error that is no text");
  EXPECT_EQ(Jq("error(\"no such city\")", "[1]"), "error jq: no such city");
  EXPECT_EQ(Jq(".[0]", "[[1]]"), "[1]");
}

TEST(Jq, AnErrorHoldsNoData) {
  const std::string rows = R"([{"name":"se(cret) \"x","n":41}])";
  for (const char* program :
       {".[0].name - 1", ".[0].name | fromjson", ".[0].name | strptime(\"%Y\")", ".[0] | .n + .name", ".[.[0].name]",
        ".[0] | @csv", "path(.[0].n + 0)", "{(.[0].n | . + 0): 1}", ".[0].name | .[]", "path(.[0] | tojson | .[0])",
        "[.[0].name] | implode", "(.[0].n, 1) | test(\"x\")"}) {
    const std::string told = Jq(program, rows);
    EXPECT_EQ(told.substr(0, 10), "error jq: ") << program;
    for (const char* data : {"se(", "cret", "41", "name\\\""}) {
      EXPECT_EQ(told.find(data), std::string::npos) << program << " tells " << told;
    }
  }
}

TEST(Jq, ThreadsDoNotShareAProgram) {
  std::vector<std::jthread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&right, t] {
      for (int i = 0; i < 500; ++i) {
        const std::string n = std::to_string(t * 1000 + i);
        if (Jq("[.[] | . + 1] | add", "[" + n + ",0]") == std::to_string(t * 1000 + i + 2)) ++right;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(right, 2000);
}

TEST(ProcessResultFault, SaysWhatDoesNotCompile) {
  for (const char* path : {"$", "$[0].a", "$..a", "$[0]['a b']", "$[0][\"a b\"]", "$[*].größe", "$[0].*"}) {
    EXPECT_EQ(ProcessResultFault({path, ""}), "") << path;
  }
  for (const char* path : {"[0]", "a", "$[", "$['a", "$['a'", "$[0", "$x", "$[0]x", "$[]", "$.", "$..", "$..*", "$[-1]",
                           "$[0:2]", "$[0,1]", "$[?(@.a)]", "$.a$", "$[99999999999999999999]"}) {
    EXPECT_NE(ProcessResultFault({path, ""}), "") << path;
  }
  EXPECT_EQ(ProcessResultFault({"", ".[0]"}), "");
  EXPECT_EQ(ProcessResultFault({"", ".[0"}), "jq: syntax error, unexpected $end at <top-level>, line 1");
  EXPECT_NE(ProcessResultFault({"", "nosuch(1)"}), "");
  EXPECT_NE(ProcessResultFault({"", "import \"a\" as a; ."}), "");
}

}  // namespace
}  // namespace kck
