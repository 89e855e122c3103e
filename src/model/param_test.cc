#include "model/param.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace kck {
namespace {

struct Case {
  ParamType type;
  const char* text;
  const char* canonical;  // null: refused
};

class Canonical : public testing::TestWithParam<Case> {};

TEST_P(Canonical, HasOneSpelling) {
  const auto [type, text, canonical] = GetParam();
  const Result<std::string> result = CanonicalText(type, text);
  if (canonical == nullptr) {
    EXPECT_FALSE(result) << text << " became " << *result;
    return;
  }
  ASSERT_TRUE(result) << text;
  EXPECT_EQ(*result, canonical);
  EXPECT_EQ(CanonicalText(type, *result), *result) << "a canonical spelling is its own";
}

constexpr auto kInt = ParamType::kInt;
constexpr auto kFloat = ParamType::kFloat;
constexpr auto kDate = ParamType::kDate;
constexpr auto kTimestamp = ParamType::kTimestamp;
constexpr auto kUuid = ParamType::kUuid;
constexpr auto kBool = ParamType::kBool;
constexpr auto kString = ParamType::kString;

INSTANTIATE_TEST_SUITE_P(
    Types, Canonical,
    testing::Values(
        Case{kInt, "007", "7"}, Case{kInt, "-0", "0"}, Case{kInt, "+5", "5"},
        Case{kInt, "-9223372036854775808", "-9223372036854775808"}, Case{kInt, "9223372036854775808", nullptr},
        Case{kInt, "", nullptr}, Case{kInt, "1.0", nullptr}, Case{kInt, "1 ", nullptr}, Case{kInt, "+-1", nullptr},
        Case{kInt, "0x10", nullptr}, Case{kFloat, "1.0", "1"}, Case{kFloat, "1e3", "1000"}, Case{kFloat, "-0.0", "0"},
        Case{kFloat, ".5", "0.5"}, Case{kFloat, "0.1", "0.1"}, Case{kFloat, "nan", nullptr},
        Case{kFloat, "inf", nullptr}, Case{kFloat, "1e999", nullptr}, Case{kFloat, "", nullptr},
        Case{kDate, "2013-01-31", "2013-01-31"}, Case{kDate, "2012-02-29", "2012-02-29"},
        Case{kDate, "2013-02-29", nullptr}, Case{kDate, "2013-1-1", nullptr}, Case{kDate, "0000-01-01", nullptr},
        Case{kDate, "2013-01-31x", nullptr}, Case{kTimestamp, "2013-01-31 05:00:00", "2013-01-31T05:00:00"},
        Case{kTimestamp, "2013-01-31T05:00", "2013-01-31T05:00:00"},
        Case{kTimestamp, "2013-01-31T05:00:00.250", "2013-01-31T05:00:00.25"},
        Case{kTimestamp, "2013-01-31T05:00:00.000", "2013-01-31T05:00:00"},
        Case{kTimestamp, "2013-01-31T23:30:00-02:00", "2013-02-01T01:30:00Z"},
        Case{kTimestamp, "2013-01-01T00:30:00+0100", "2012-12-31T23:30:00Z"},
        Case{kTimestamp, "2013-01-01T00:30:00+01", "2012-12-31T23:30:00Z"},
        Case{kTimestamp, "2013-01-01T00:30:00Z", "2013-01-01T00:30:00Z"}, Case{kTimestamp, "2013-01-01", nullptr},
        Case{kTimestamp, "2013-01-01T24:00:00", nullptr}, Case{kTimestamp, "2013-01-01T05:00:00.1234567", nullptr},
        Case{kTimestamp, "2013-01-01T05:00:00.", nullptr}, Case{kTimestamp, "2013-01-01T05:00.5", nullptr},
        Case{kTimestamp, "0001-01-01T00:30:00+01:00", nullptr}, Case{kTimestamp, "9999-12-31T23:30:00-01:00", nullptr},
        Case{kTimestamp, "9999-12-31T23:30:00.999999Z", "9999-12-31T23:30:00.999999Z"},
        Case{kTimestamp, "2013-01-01T05:00:00+1", nullptr},
        Case{kUuid, "123E4567E89B12D3A456426614174000", "123e4567-e89b-12d3-a456-426614174000"},
        Case{kUuid, "123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"},
        Case{kUuid, "123e4567-e89b-12d3-a456-42661417400", nullptr},
        Case{kUuid, "123e-4567e89b-12d3-a456-426614174000", nullptr}, Case{kBool, "true", "true"},
        Case{kBool, "1", "true"}, Case{kBool, "f", "false"}, Case{kBool, "yes", nullptr}, Case{kString, "", ""},
        Case{kString, "ä/b", "ä/b"}, Case{kString, "\xff", nullptr}, Case{kString, "\xed\xa0\x80", nullptr}));

RC_GTEST_PROP(CanonicalFloat, ReadsBackEqual, (double number)) {
  RC_PRE(std::isfinite(number));
  const Result<std::string> text = CanonicalText(ParamType::kFloat, std::to_string(number));
  RC_ASSERT(text.has_value());
  RC_ASSERT(std::stod(*text) == std::stod(std::to_string(number)));
}

}  // namespace
}  // namespace kck
