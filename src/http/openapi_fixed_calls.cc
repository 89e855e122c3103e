#include "http/openapi_fixed_calls.h"

#include "http/openapi_calls.h"

namespace kck {
namespace {

ApiAccess AccessOf(For whom, const ApiSubject& subject) {
  switch (whom) {
    case For::kEveryone:
      return {};
    case For::kTokenLooked:
      return {ApiAccess::Kind::kTokenLooked, {}};
    case For::kAnyToken:
      return {ApiAccess::Kind::kToken, {}};
    case For::kMetricsReaders:
      return subject.public_metrics ? ApiAccess() : subject.Administrators();
    case For::kAdministrators:
      break;
  }
  return subject.Administrators();
}

ApiOperation OperationOf(const FixedCall& call, const ApiSubject& subject) {
  ApiOperation operation{.path = std::string(call.path),
                         .method = call.method,
                         .id = std::string(call.id),
                         .tag = call.tag,
                         .summary = std::string(call.summary),
                         .description = std::string(call.description),
                         .parameters = {},
                         .body = std::string(call.body),
                         .answers = {},
                         .errors = {},
                         .access = AccessOf(call.whom, subject)};
  for (const std::string_view name : call.parameters) {
    if (!name.empty()) operation.parameters.push_back(ComponentRef("parameters", name));
  }
  for (const ApiAnswer& answer : call.answers) {
    if (!answer.response.empty()) operation.answers.push_back(answer);
  }
  for (const int status : call.errors) {
    if (status != 0) operation.errors.push_back(status);
  }
  return operation;
}

}  // namespace

void AddFixedOperations(ApiPaths& paths, const ApiSubject& subject) {
  std::vector<std::span<const FixedCall>> tables{EntryCalls(), NodeCalls()};
  if (subject.has_logins) tables.push_back(LoginCalls());
  if (subject.rules.asks_for_tokens) tables.push_back(LogoutCalls());
  for (const std::span<const FixedCall> calls : tables) {
    for (const FixedCall& call : calls) AddOperation(paths, OperationOf(call, subject));
  }
}

}  // namespace kck
