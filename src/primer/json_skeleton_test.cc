#include "primer/json_skeleton.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/json.h"

namespace kck {
namespace {

TEST(JsonSkeleton, HasPlacesForScalars) {
  const JsonSkeleton skeleton = SkeletonOf(" [{\"a:\\\"\": 1.10, \"b\": \"x, y\"}, [], [true,null , -2e9]]\n");
  EXPECT_EQ(skeleton.text, R"([{"a:\"":0,"b":1},[],[2,3,4]])");
  EXPECT_EQ(skeleton.scalars, (std::vector<std::string_view>{"1.10", "\"x, y\"", "true", "null", "-2e9"}));
}

TEST(JsonSkeleton, FillsAnyPart) {
  const std::vector<std::string_view> scalars = {"1", "\"b\"", "false"};
  EXPECT_EQ(WithScalars("1", scalars), "\"b\"");
  EXPECT_EQ(WithScalars(R"({"0":2,"x":[0]})", scalars), R"({"0":false,"x":[1]})");
}

std::string JsonString(const std::string& text) {
  std::string json;
  AppendJsonString(json, text);
  return json;
}

rc::Gen<std::string> JsonGen(int depth) {
  auto scalar = rc::gen::oneOf(rc::gen::map(rc::gen::arbitrary<std::string>(), JsonString),
                               rc::gen::map(rc::gen::arbitrary<std::int64_t>(),
                                            [](std::int64_t number) { return std::to_string(number) + ".50"; }),
                               rc::gen::element<std::string>("null", "true", "[]", "{}", "-1e-7"));
  if (depth == 0) return scalar;
  auto part = JsonGen(depth - 1);
  auto list = rc::gen::map(rc::gen::pair(part, part), [](const std::pair<std::string, std::string>& parts) {
    return "[" + parts.first + "," + parts.second + "]";
  });
  auto object = rc::gen::map(rc::gen::pair(rc::gen::arbitrary<std::string>(), part),
                             [](const std::pair<std::string, std::string>& member) {
                               return "{" + JsonString(member.first) + ":" + member.second + "}";
                             });
  return rc::gen::oneOf(scalar, list, object);
}

RC_GTEST_PROP(JsonSkeleton, GivesBackWhatItTook, ()) {
  const std::string json = *JsonGen(4);
  const JsonSkeleton skeleton = SkeletonOf(json);
  RC_ASSERT(WithScalars(skeleton.text, skeleton.scalars) == json);
}

}  // namespace
}  // namespace kck
