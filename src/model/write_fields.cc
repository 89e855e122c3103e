#include "model/write_fields.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <optional>

#include "base/trim.h"

namespace kck {
namespace {

namespace ondemand = simdjson::ondemand;
using Kind = WriteField::Kind;

Failure Bad(std::string message) { return Fail(ErrorCode::kBadRequest, std::move(message)); }

Failure NotAnObject() { return Bad(R"(the body has to be one JSON object, as {"name":"a","price":1.5})"); }

Failure Nested(std::string_view name) {
  return Bad(fmt::format("parameter {}: a list or an object is sent as a string that holds its JSON", name));
}

// A number as it was written. What it is worth is for its parameter's type to judge.
Result<std::string> NumberText(ondemand::value& value) {
  const std::string_view token = value.raw_json_token();
  return std::string(Trim(token, kJsonBlanks));
}

Result<std::string> ReadText(ondemand::value& value, Kind kind) {
  std::string_view text;
  bool is = false;
  switch (kind) {
    case Kind::kNumber:
      return NumberText(value);
    case Kind::kBool:
      if (value.get_bool().get(is) != simdjson::SUCCESS) return NotAnObject();
      return std::string(is ? "true" : "false");
    case Kind::kNull:
      if (value.is_null().get(is) != simdjson::SUCCESS || !is) return NotAnObject();
      return std::string();
    case Kind::kText:
    case Kind::kFormText:
      break;
  }
  if (value.get_string().get(text) != simdjson::SUCCESS) return NotAnObject();
  return std::string(text);
}

std::optional<Kind> KindOf(ondemand::json_type type) {
  switch (type) {
    case ondemand::json_type::string:
      return Kind::kText;
    case ondemand::json_type::number:
      return Kind::kNumber;
    case ondemand::json_type::boolean:
      return Kind::kBool;
    case ondemand::json_type::null:
      return Kind::kNull;
    default:
      return std::nullopt;
  }
}

Result<WriteField> ReadMember(simdjson::simdjson_result<ondemand::field> member) {
  std::string_view name;
  ondemand::value value;
  ondemand::json_type type{};
  if (member.unescaped_key().get(name) != simdjson::SUCCESS) return NotAnObject();
  WriteField field{std::string(name), Kind::kNull, ""};
  if (member.value().get(value) != simdjson::SUCCESS || value.type().get(type) != simdjson::SUCCESS) {
    return NotAnObject();
  }
  const std::optional<Kind> kind = KindOf(type);
  if (!kind) return Nested(field.name);
  Result<std::string> text = ReadText(value, *kind);
  if (!text) return Failure(std::move(text.error()));
  field.kind = *kind;
  field.text = *std::move(text);
  return field;
}

}  // namespace

Result<std::vector<WriteField>> ReadJsonFields(std::string_view body) {
  const simdjson::padded_string padded(body);
  ondemand::parser parser;
  ondemand::document document;
  ondemand::object object;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS) return NotAnObject();
  if (document.get_object().get(object) != simdjson::SUCCESS) return NotAnObject();
  std::vector<WriteField> fields;
  for (auto member : object) {
    Result<WriteField> field = ReadMember(member);
    if (!field) return Failure(std::move(field.error()));
    fields.push_back(*std::move(field));
  }
  // simdjson has no other word for "nothing follows".
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) return NotAnObject();
  return fields;
}

}  // namespace kck
