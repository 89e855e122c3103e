#include "http/openapi_calls.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>

#include "base/json_object.h"
#include "http/openapi_types.h"

namespace kck {
namespace {

std::string Identifier(std::string_view name) {
  std::string text(name);
  std::ranges::replace_if(text, [](char c) { return c == '-' || c == '.'; }, '_');
  return text;
}

std::string PathNote(const Param& param) {
  std::string note = param.description;
  if (!param.nullable) return note;
  if (!note.empty()) note += ". ";
  return note + "NULL is spelled %00";
}

}  // namespace

ApiAccess ApiAccessOf(const Access& access, const ApiSubject& subject) {
  switch (access.kind) {
    case AccessKind::kUnsaid:
      return subject.Administrators();
    case AccessKind::kPublic:
      return {};
    case AccessKind::kUser:
      break;
  }
  return {ApiAccess::Kind::kToken, access.roles};
}

bool IsSent(const Access& access, std::size_t param, const ApiSubject& subject) {
  return !subject.rules.asks_for_tokens || BindingOf(access, param) == nullptr;
}

std::string ClaimsText(const Access& access, const std::vector<Param>& params, const ApiSubject& subject) {
  std::string text;
  if (!subject.rules.asks_for_tokens) return text;
  for (const ClaimBinding& binding : access.claims) {
    if (!text.empty()) text += ' ';
    text += fmt::format("Parameter {} is the token's claim {}.", params[binding.param].name, binding.claim);
  }
  return text;
}

std::string PathParameter(const Param& param) {
  std::string out;
  JsonObject object(out);
  object.Text("name", param.name);
  object.Text("in", "path");
  object.Bool("required", true);
  if (const std::string note = PathNote(param); !note.empty()) object.Text("description", note);
  AppendPathSchema(object.Member("schema"), param);
  if (param.example) AppendParamExample(object.Member("example"), param);
  object.End();
  return out;
}

ApiNames::ApiNames(const std::vector<std::string_view>& names) {
  for (const std::string_view name : names) ++uses_[Identifier(name)];
}

std::string ApiNames::Of(std::string_view name) const {
  std::string text = Identifier(name);
  const auto uses = uses_.find(text);
  // A name that is an identifier keeps it, whatever comes and goes beside it.
  if (text == name || uses == uses_.end() || uses->second == 1) return text;
  return fmt::format("{}_{:08x}", text, XXH3_64bits(name.data(), name.size()) & 0xFFFFFFFFU);
}

}  // namespace kck
