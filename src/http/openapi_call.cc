// The call that describes the API.
#include "http/calls.h"
#include "http/openapi.h"

namespace kck {
namespace {

ApiSubject SubjectOf(Exchange& exchange) {
  ApiSubject subject;
  subject.catalog = exchange.engine().catalog();
  subject.rules.compat_06 = exchange.compat_06();
  subject.rules.asks_for_tokens = exchange.server().node.authenticator != nullptr;
  subject.rules.limits_requests = exchange.server().settings.rate_limit.has_value();
  if (!subject.rules.asks_for_tokens) return subject;
  const AuthState& auth = exchange.thread().tokens->state();
  subject.admin_role = auth.admin_role;
  subject.public_metrics = auth.public_metrics;
  subject.has_logins = auth.login != nullptr;
  return subject;
}

}  // namespace

void OpenApiCall(Exchange& exchange) {
  ServerState& server = exchange.server();
  const OpenApiDocumentPtr document = server.openapi.Of(SubjectOf(exchange), server.probes.version);
  exchange.AnswerTagged(document->text, document->etag);
}

}  // namespace kck
