#include "model/write_request.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace kck {
namespace {

using Kind = WriteField::Kind;

// A value for each of the updater's parameters that the write gives.
using Given = std::vector<std::optional<ParamValue>>;

Failure Bad(std::string message) { return Fail(ErrorCode::kBadRequest, std::move(message)); }

Failure BadParam(const Param& param, std::string_view why) {
  return Bad(fmt::format("parameter {}: {}", param.name, why));
}

std::string_view KindWanted(ParamType type) {
  switch (type) {
    case ParamType::kInt:
    case ParamType::kFloat:
      return "a JSON number, or a string that holds one";
    case ParamType::kBool:
      return "true or false";
    case ParamType::kString:
    case ParamType::kDate:
    case ParamType::kTimestamp:
    case ParamType::kUuid:
      break;
  }
  return "a JSON string, in quotes";
}

bool Fits(ParamType type, Kind kind) {
  switch (kind) {
    case Kind::kNumber:
      return type == ParamType::kInt || type == ParamType::kFloat;
    case Kind::kBool:
      return type == ParamType::kBool;
    case Kind::kFormText:
    case Kind::kText:
    case Kind::kNull:
      break;
  }
  return true;
}

// A form cannot spell NULL; an input that was left blank is one where the empty text is no value of the type.
bool IsNull(const Param& param, const WriteField& field) {
  const bool blank = field.kind == Kind::kFormText && field.text.empty() && param.type != ParamType::kString;
  return field.kind == Kind::kNull || (blank && param.nullable);
}

Result<ParamValue> ReadValue(const Param& param, const WriteField& field) {
  if (IsNull(param, field)) {
    if (param.nullable) return ParamValue{};
    return BadParam(param, param.primary_key ? "a primary key is never null" : "it is not nullable");
  }
  if (!Fits(param.type, field.kind)) return BadParam(param, fmt::format("it has to be {}", KindWanted(param.type)));
  Result<std::string> text = CanonicalText(param.type, field.text);
  if (!text) return BadParam(param, text.error().message);
  return ParamValue{*std::move(text)};
}

std::vector<std::string_view> NamesOf(const Updater& updater, const std::vector<std::size_t>& params) {
  std::vector<std::string_view> names;
  for (const std::size_t param : params) names.push_back(updater.params[param].name);
  return names;
}

std::string ParamList(const Updater& updater) {
  std::vector<std::string_view> names;
  for (const Param& param : updater.params) names.push_back(param.name);
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

Result<void> ReadFields(const Updater& updater, WriteCall call, const std::vector<WriteField>& fields,
                        const TokenParams& from_token, Given& given) {
  std::vector<std::string_view> seen;
  for (const WriteField& field : fields) {
    const auto param = std::ranges::find(updater.params, field.name, &Param::name);
    if (param == updater.params.end()) {
      return Bad(fmt::format("updater {} has no parameter \"{}\"; it takes: {}", updater.name, field.name,
                             ParamList(updater)));
    }
    if (std::ranges::find(seen, field.name) != seen.end()) return BadParam(*param, "it is given twice");
    seen.push_back(field.name);
    if (from_token.contains(static_cast<std::size_t>(param - updater.params.begin()))) {
      return BadParam(*param, "it comes from the token, and is not to be sent");
    }
    if (call == WriteCall::kCreate && param->primary_key && field.kind == Kind::kNull) continue;
    Result<ParamValue> value = ReadValue(*param, field);
    if (!value) return Failure(std::move(value.error()));
    given[static_cast<std::size_t>(param - updater.params.begin())] = *std::move(value);
  }
  return {};
}

Result<void> ReadKey(const Updater& updater, std::string_view key, const TokenParams& from_token, Given& given) {
  if (key.empty()) return {};
  std::vector<std::size_t> params = PrimaryKeyOf(updater);
  std::erase_if(params, [&](std::size_t param) { return from_token.contains(param); });
  const std::vector<std::string_view> segments = SplitKey(key);
  if (segments.size() != params.size()) {
    return Bad(fmt::format("the primary key of updater {} has {} part{} ({}), and the path has {}", updater.name,
                           params.size(), params.size() == 1 ? "" : "s", fmt::join(NamesOf(updater, params), "/"),
                           segments.size()));
  }
  for (std::size_t i = 0; i < params.size(); ++i) {
    const Param& param = updater.params[params[i]];
    const std::optional<std::string> text = DecodeSegment(segments[i]);
    if (!text) return BadParam(param, "a % in the path is not followed by two hexadecimal digits");
    Result<std::string> canonical = CanonicalText(param.type, *text);
    if (!canonical) return BadParam(param, canonical.error().message);
    std::optional<ParamValue>& value = given[params[i]];
    if (value && *value != *canonical) return BadParam(param, "the path and the body give different values");
    value = ParamValue{*std::move(canonical)};
  }
  return {};
}

bool InsertTakes(const Updater& updater, std::size_t param) {
  const auto& insert = updater.Template(WriteAction::kInsert);
  return insert && std::ranges::find(insert->params, param) != insert->params.end();
}

WriteAction ActionOf(const Updater& updater, WriteCall call, const Given& given) {
  if (call == WriteCall::kDelete) return WriteAction::kDelete;
  const std::vector<std::size_t> key = PrimaryKeyOf(updater);
  auto is_given = [&](std::size_t param) { return given[param].has_value(); };
  const bool carries = std::ranges::any_of(key, is_given);
  if (call == WriteCall::kUpdate) return carries || key.empty() ? WriteAction::kUpdate : WriteAction::kInsert;
  const bool chosen = std::ranges::any_of(key, [&](std::size_t param) { return InsertTakes(updater, param); });
  return carries && !chosen ? WriteAction::kUpdate : WriteAction::kInsert;
}

Failure NoTemplate(const Updater& updater, WriteCall call, WriteAction action) {
  std::string why;
  if (call == WriteCall::kCreate && action == WriteAction::kUpdate)
    why = " (a write with the primary key is an update)";
  if (call == WriteCall::kUpdate && action == WriteAction::kInsert)
    why = " (a write without the primary key is an insert)";
  return Bad(fmt::format("updater {} has no {}{}", updater.name, WriteActionName(action), why));
}

}  // namespace

std::vector<std::pair<std::string, ParamValue>> NamedParams(const ResolvedWrite& write) {
  const std::vector<std::size_t>& params = write.updater->Template(write.action)->params;
  std::vector<std::pair<std::string, ParamValue>> named;
  for (std::size_t i = 0; i < params.size(); ++i) {
    named.emplace_back(write.updater->params[params[i]].name, write.params[i]);
  }
  return named;
}

std::string WriteKey(const ResolvedWrite& write) {
  std::string key = write.updater->name;
  if (std::ranges::any_of(write.key, [](const auto& part) { return !part; })) return key;
  for (const auto& part : write.key) {
    key += '/';
    AppendKeyPart(key, *part);
  }
  return key;
}

Result<ResolvedWrite> ResolveWrite(UpdaterPtr updater, WriteCall call, std::string_view key,
                                   const std::vector<WriteField>& fields, const TokenParams& from_token) {
  Given given(updater->params.size());
  if (Result<void> read = ReadFields(*updater, call, fields, from_token, given); !read) {
    return Failure(std::move(read.error()));
  }
  if (Result<void> read = ReadKey(*updater, key, from_token, given); !read) return Failure(std::move(read.error()));
  for (const auto& [param, value] : from_token) given[param] = value;
  ResolvedWrite write;
  write.action = ActionOf(*updater, call, given);
  const auto& found = updater->Template(write.action);
  if (!found) return NoTemplate(*updater, call, write.action);
  for (const std::size_t param : PrimaryKeyOf(*updater)) write.key.push_back(given[param]);
  std::vector<std::size_t> missing;
  for (const std::size_t param : found->params) {
    if (!given[param] && !updater->params[param].nullable) missing.push_back(param);
    write.params.push_back(std::exchange(given[param], std::nullopt).value_or(ParamValue{}));
  }
  if (!missing.empty()) {
    return Bad(fmt::format("the {} of updater {} needs: {}", WriteActionName(write.action), updater->name,
                           fmt::join(NamesOf(*updater, missing), ", ")));
  }
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i] && !from_token.contains(i)) {
      return BadParam(updater->params[i], fmt::format("the {} of updater {} does not take it",
                                                      WriteActionName(write.action), updater->name));
    }
  }
  write.updater = std::move(updater);
  return write;
}

}  // namespace kck
