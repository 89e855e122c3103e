#include "http/openapi_operation.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/json_object.h"

namespace kck {
namespace {

// A request that does not parse, and ones beyond what the server holds at once.
constexpr int kMalformed = 400;
constexpr int kHeadTooLarge = 431;
constexpr int kTooLarge = 413;
constexpr int kOverloaded = 503;
constexpr int kTooMany = 429;
constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;

std::set<int> ErrorsOf(const ApiOperation& operation, const ApiRules& rules) {
  std::set<int> errors{kMalformed, kHeadTooLarge, kOverloaded};
  if (!operation.body.empty()) errors.insert(kTooLarge);
  if (rules.compat_06) return errors;
  errors.insert(operation.errors.begin(), operation.errors.end());
  if (rules.limits_requests) errors.insert(kTooMany);
  // Pages of other sites do not write.
  if (operation.method != "get") errors.insert(kForbidden);
  if (rules.asks_for_tokens && operation.access.kind == ApiAccess::Kind::kToken) {
    errors.insert({kUnauthorized, kForbidden});
  }
  return errors;
}

void AppendResponses(std::string& out, const ApiOperation& operation, const ApiRules& rules) {
  std::map<int, std::string> responses;
  for (const int status : ErrorsOf(operation, rules)) responses.emplace(status, ErrorResponseName(status));
  for (const ApiAnswer& answer : operation.answers) responses.insert_or_assign(answer.status, answer.response);
  if (rules.compat_06) responses.emplace(200, "Error200");
  JsonObject object(out);
  for (const auto& [status, name] : responses) {
    object.Member(std::to_string(status)) += ComponentRef("responses", name);
  }
  object.End();
}

void AppendScheme(std::string& out, std::string_view role) {
  JsonObject scheme(out);
  std::string& roles = scheme.Member("bearer");
  roles += '[';
  if (!role.empty()) AppendJsonString(roles, role);
  roles += ']';
  scheme.End();
}

// A list of alternatives.
void AppendSecurity(std::string& out, const ApiAccess& access) {
  out += '[';
  switch (access.kind) {
    case ApiAccess::Kind::kOpen:
      break;
    case ApiAccess::Kind::kTokenLooked:
      AppendScheme(out, {});
      out += ",{}";
      break;
    case ApiAccess::Kind::kToken:
      if (access.roles.empty()) AppendScheme(out, {});
      for (const std::string& role : access.roles) {
        if (&role != &access.roles.front()) out += ',';
        AppendScheme(out, role);
      }
      break;
  }
  out += ']';
}

void AppendOperation(std::string& out, const ApiOperation& operation, const ApiRules& rules) {
  JsonObject object(out);
  object.Text("operationId", operation.id);
  AppendJsonList(object.Member("tags"), std::vector{operation.tag},
                 [&out](std::string_view tag) { AppendJsonString(out, tag); });
  object.Text("summary", operation.summary);
  if (!operation.description.empty()) object.Text("description", operation.description);
  if (!operation.parameters.empty()) {
    AppendJsonList(object.Member("parameters"), operation.parameters,
                   [&out](const std::string& parameter) { out += parameter; });
  }
  if (!operation.body.empty()) object.Member("requestBody") += operation.body;
  AppendResponses(object.Member("responses"), operation, rules);
  if (rules.asks_for_tokens) AppendSecurity(object.Member("security"), operation.access);
  object.End();
}

}  // namespace

void AddOperation(ApiPaths& paths, ApiOperation operation) {
  std::vector<ApiOperation>& operations = paths[operation.path];
  operations.push_back(std::move(operation));
}

void AppendPaths(std::string& out, const ApiPaths& paths, const ApiRules& rules) {
  JsonObject object(out);
  for (const auto& [path, operations] : paths) {
    JsonObject item(object.Member(path));
    for (const ApiOperation& operation : operations) AppendOperation(item.Member(operation.method), operation, rules);
    item.End();
  }
  object.End();
}

std::string ComponentRef(std::string_view kind, std::string_view name) {
  return fmt::format(R"({{"$ref":"#/components/{}/{}"}})", kind, name);
}

std::string ErrorResponseName(int status) { return fmt::format("Error{}", status); }

}  // namespace kck
