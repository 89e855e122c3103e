// The calls that write through updaters.
#include <fmt/format.h>

#include "base/json.h"
#include "http/calls.h"
#include "http/gate.h"
#include "http/update_body.h"
#include "model/product_key.h"

namespace kck {
namespace {

std::string UpdatedBody(std::string_view updater, WriteAction action, const Updated& updated) {
  std::string body = R"({"success":true,"updater":)";
  AppendJsonString(body, updater);
  body += fmt::format(R"(,"action":"{}","rows":{},"returning":)", WriteActionName(action), updated.rows);
  body += updated.returning;
  body += fmt::format(R"(,"token":"{}"}})", updated.token);
  return body;
}

Engine::UpdateCallback UpdatedLater(Exchange& exchange, const std::string& updater, WriteAction action) {
  return [resume = exchange.Later(), updater, action](Result<Updated> result) {
    resume([updater, action, result = std::move(result)](Exchange& waiting) {
      if (!result) return waiting.AnswerError(result.error(), updater);
      waiting.AnswerJson(200, UpdatedBody(updater, action, *result));
    });
  };
}

Result<ResolvedWrite> ReadWrite(Exchange& exchange, WriteCall call, std::string_view name, std::string_view key) {
  UpdaterPtr updater = exchange.engine().catalog()->FindUpdater(DecodeSegment(name).value_or(""));
  if (!updater) {
    // Which there are is nobody's business who may not use them.
    if (Result<TokenParams> open = OpenUpdater(exchange, Updater()); !open) return Failure(std::move(open.error()));
    return Fail(ErrorCode::kUnknownKey, "there is no updater of that name");
  }
  if (call == WriteCall::kCreate && !key.empty()) {
    return Fail(ErrorCode::kBadRequest, "create takes no key in the path: a key that is chosen goes into the body");
  }
  const Result<TokenParams> from_token = OpenUpdater(exchange, *updater);
  if (!from_token) return Failure(from_token.error());
  const Request& request = exchange.request();
  const Result<std::vector<WriteField>> fields = ReadWriteBody(request.content_type, request.body);
  if (!fields) return Failure(fields.error());
  return ResolveWrite(std::move(updater), call, key, *fields, *from_token);
}

void RunWrite(Exchange& exchange, const Route& route, WriteCall call) {
  const std::string_view name = KeyName(route.key);
  const std::string_view key = route.key.substr(std::min(route.key.size(), name.size() + 1));
  Result<ResolvedWrite> write = ReadWrite(exchange, call, name, key);
  if (!write) return exchange.AnswerError(write.error(), name);
  Engine::UpdateCallback done = UpdatedLater(exchange, write->updater->name, write->action);
  exchange.engine().RunUpdater(*std::move(write), exchange.Deadline(), std::move(done));
}

}  // namespace

void CreateCall(Exchange& exchange, const Route& route) { RunWrite(exchange, route, WriteCall::kCreate); }
void UpdateCall(Exchange& exchange, const Route& route) { RunWrite(exchange, route, WriteCall::kUpdate); }
void DeleteCall(Exchange& exchange, const Route& route) { RunWrite(exchange, route, WriteCall::kDelete); }

}  // namespace kck
