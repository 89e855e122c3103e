#include "http/openapi_types.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <string_view>

#include "base/json.h"

namespace kck {
namespace {

constexpr std::string_view kIntBounds =
    R"("format":"int64","minimum":-9223372036854775808,"maximum":9223372036854775807)";
constexpr std::string_view kNoZero = R"("pattern":"^[^\\u0000]*$")";
constexpr std::string_view kNoZeroOrNull = R"("pattern":"^([^\\u0000]*|\\u0000)$")";

// What numbers look like as strings: some that are longer are taken too, and none of these is refused.
constexpr std::string_view kIntText = R"("pattern":"^[-+]?[0-9]{1,18}$")";
constexpr std::string_view kFloatText = R"("pattern":"^[-+]?[0-9]{1,18}(\\.[0-9]{1,18})?([eE][-+]?[0-9]{1,2})?$")";

// The members of a type's schema, without the braces around them.
std::string_view Members(ParamType type) {
  switch (type) {
    case ParamType::kInt:
      return R"("type":"integer","format":"int64","minimum":-9223372036854775808,"maximum":9223372036854775807)";
    case ParamType::kFloat:
      return R"("type":"number","format":"double")";
    case ParamType::kString:
      return R"("type":"string","pattern":"^[^\\u0000]*$")";
    case ParamType::kDate:
      return R"("type":"string","format":"date")";
    case ParamType::kTimestamp:
      return R"("type":"string","format":"date-time")";
    case ParamType::kUuid:
      return R"("type":"string","format":"uuid")";
    case ParamType::kBool:
      return R"("type":"boolean")";
  }
  return "";
}

// A JSON list of types, with null where the parameter takes it.
std::string Types(const Param& param, std::string_view types) {
  return fmt::format(R"("type":[{}{}])", types, param.nullable ? R"(,"null")" : "");
}

std::string BodyMembers(const Param& param) {
  switch (param.type) {
    case ParamType::kInt:
      return fmt::format("{},{},{}", Types(param, R"("integer","string")"), kIntBounds, kIntText);
    case ParamType::kFloat:
      return fmt::format(R"({},"format":"double",{})", Types(param, R"("number","string")"), kFloatText);
    case ParamType::kString:
      return fmt::format("{},{}", Types(param, R"("string")"), kNoZero);
    case ParamType::kDate:
      return Types(param, R"("string")") + R"(,"format":"date")";
    case ParamType::kTimestamp:
      return Types(param, R"("string")") + R"(,"format":"date-time")";
    case ParamType::kUuid:
      return Types(param, R"("string")") + R"(,"format":"uuid")";
    case ParamType::kBool:
      return fmt::format(R"("enum":[true,false,"true","false","t","f","1","0"{}])", param.nullable ? ",null" : "");
  }
  return "";
}

// The type's own schema, or `null_text`, which stands for NULL.
void AppendEither(std::string& out, const Param& param, std::string_view null_text) {
  fmt::format_to(std::back_inserter(out), R"({{"anyOf":[{{{}}},{{"const":"{}","description":"NULL"}}]}})",
                 Members(param.type), null_text);
}

void AppendPlain(std::string& out, std::string_view members) {
  out += '{';
  out += members;
  out += '}';
}

}  // namespace

void AppendPathSchema(std::string& out, const Param& param) {
  if (!param.nullable) return AppendPlain(out, Members(param.type));
  if (param.type == ParamType::kString) return AppendPlain(out, fmt::format(R"("type":"string",{})", kNoZeroOrNull));
  AppendEither(out, param, R"(\u0000)");
}

void AppendBodySchema(std::string& out, const Param& param) { AppendPlain(out, BodyMembers(param)); }

void AppendFormSchema(std::string& out, const Param& param) {
  if (param.type == ParamType::kBool) {
    return AppendPlain(out, fmt::format(R"("enum":[true,false,"t","f","1","0"{}])", param.nullable ? R"(,"")" : ""));
  }
  if (!param.nullable || param.type == ParamType::kString) return AppendPlain(out, Members(param.type));
  AppendEither(out, param, "");
}

void AppendParamExample(std::string& out, const Param& param) {
  switch (param.type) {
    case ParamType::kInt:
    case ParamType::kFloat:
    case ParamType::kBool:
      out += *param.example;  // its canonical spelling is JSON
      break;
    case ParamType::kString:
    case ParamType::kDate:
    case ParamType::kTimestamp:
    case ParamType::kUuid:
      AppendJsonString(out, *param.example);
      break;
  }
}

}  // namespace kck
