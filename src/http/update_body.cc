#include "http/update_body.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cctype>

#include "base/trim.h"
#include "http/query.h"

namespace kck {
namespace {

namespace ondemand = simdjson::ondemand;
using Kind = WriteField::Kind;

enum class BodyForm { kJson, kForm, kOther };

Failure Bad(std::string message) { return Fail(ErrorCode::kBadRequest, std::move(message)); }

// The media type, in lower case and without its parameters.
std::string MediaType(std::string_view content_type) {
  std::string type(Trim(content_type.substr(0, content_type.find(';')), kLineBlanks));
  std::ranges::transform(type, type.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return type;
}

BodyForm FormOf(std::string_view content_type, std::string_view body) {
  const std::string type = MediaType(content_type);
  if (type == "application/json" || type.ends_with("+json")) return BodyForm::kJson;
  if (!type.empty() && type != "application/x-www-form-urlencoded") return BodyForm::kOther;
  return body.starts_with('{') ? BodyForm::kJson : BodyForm::kForm;
}

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

Result<std::vector<WriteField>> ReadJson(std::string_view body) {
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

Result<std::vector<WriteField>> ReadForm(std::string_view body) {
  Result<QueryFields> read = ParseQuery(body);
  if (!read) return Failure(std::move(read.error()));
  std::vector<WriteField> fields;
  for (auto& [name, value] : *read) fields.push_back({std::move(name), Kind::kFormText, std::move(value)});
  return fields;
}

}  // namespace

Result<std::vector<WriteField>> ReadWriteBody(std::string_view content_type, std::string_view body) {
  body = Trim(body, kJsonBlanks);
  if (body.empty()) return std::vector<WriteField>();
  switch (FormOf(content_type, body)) {
    case BodyForm::kJson:
      return ReadJson(body);
    case BodyForm::kForm:
      return ReadForm(body);
    case BodyForm::kOther:
      break;
  }
  return Bad("Content-Type has to be application/json or application/x-www-form-urlencoded");
}

}  // namespace kck
