#include "http/update_body.h"

#include <algorithm>
#include <cctype>

#include "base/trim.h"
#include "http/query.h"
#include "model/write_fields.h"

namespace kck {
namespace {

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
      return ReadJsonFields(body);
    case BodyForm::kForm:
      return ReadForm(body);
    case BodyForm::kOther:
      break;
  }
  return Bad("Content-Type has to be application/json or application/x-www-form-urlencoded");
}

}  // namespace kck
