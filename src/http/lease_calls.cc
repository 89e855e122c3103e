// What applications compute: who holds leases, and asking for one.
#include <fmt/format.h>

#include <charconv>

#include "base/json.h"
#include "engine/leases.h"
#include "http/calls.h"
#include "http/entry_text.h"
#include "http/gate.h"
#include "http/query.h"
#include "model/product_key.h"

namespace kck {
namespace {

constexpr std::chrono::milliseconds kHoldUsual = std::chrono::minutes(1);
constexpr std::chrono::milliseconds kHoldMax = std::chrono::hours(1);

Result<std::chrono::milliseconds> HoldOf(std::string_view query) {
  Result<QueryFields> fields = ParseQuery(query);
  if (!fields) return Failure(std::move(fields.error()));
  std::chrono::milliseconds hold = kHoldUsual;
  for (const auto& [name, value] : *fields) {
    if (name != "hold_ms") continue;
    const auto read = ReadMilliseconds(name, value);
    if (!read) return Failure(read.error());
    if (read->count() == 0 || *read > kHoldMax) {
      return Fail(ErrorCode::kBadRequest, fmt::format("hold_ms is from 1 to {}", kHoldMax.count()));
    }
    hold = *read;
  }
  return hold;
}

void AnswerLease(Exchange& exchange, const LeaseId& id, std::string_view key, const Leased& leased) {
  std::string body = fmt::format(R"({{"success":true,"lease":"{}-{}","key":)", id.holder, id.number);
  AppendJsonString(body, key);
  body += R"(,"stale":)";
  if (leased.served) {
    AppendItem(body, *leased.served, exchange.thread().times, exchange.compat_06());
  } else {
    body += "null";
  }
  body += '}';
  exchange.AnswerJson(200, body);
}

Engine::LeaseCallback LeaseLater(Exchange& exchange, const LeaseId& id, const std::string& key,
                                 std::string_view raw_key) {
  return [resume = exchange.Later(), id, key, spelled = std::string(raw_key)](Result<Leased> result) {
    resume([id, key, spelled, result = std::move(result)](Exchange& waiting) {
      if (!result) return waiting.AnswerError(result.error(), spelled);
      if (!result->is_granted) return waiting.AnswerEntry(*result->served);
      AnswerLease(waiting, id, key, *result);
    });
  };
}

}  // namespace

Result<LeaseId> LeaseOf(const Request& request) {
  const std::string_view text = request.kck_lease;
  const std::size_t dash = text.rfind('-');
  LeaseId id;
  if (dash != std::string_view::npos && dash > 0) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + dash + 1, end, id.number);
    id.holder = text.substr(0, dash);
    const bool is_plain = id.holder.find_first_not_of(
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos;
    if (error == std::errc{} && stop == end && is_plain) return id;
  }
  return Fail(ErrorCode::kBadRequest,
              "KCK-Lease is <holder>-<number>: the holder of POST /lease, and a number of your own for each wish");
}

void HolderCall(Exchange& exchange) {
  exchange.AnswerJson(200, fmt::format(R"({{"success":true,"holder":"{}"}})", exchange.Holder()));
}

void LeaseCall(Exchange& exchange, const Route& route) {
  Engine& engine = exchange.engine();
  const Result<std::string_view> opened = OpenKey(exchange, route.key, exchange.thread().key);
  if (!opened) return exchange.AnswerError(opened.error(), route.key);
  const Result<TimePoint> until = WaitOf(exchange, route.query);
  if (!until) return exchange.AnswerError(until.error(), route.key);
  const Result<std::chrono::milliseconds> hold = HoldOf(route.query);
  if (!hold) return exchange.AnswerError(hold.error(), route.key);
  Result<ResolvedKey> key = ResolveKey(*engine.catalog(), *opened);
  if (!key) return exchange.AnswerError(key.error(), route.key);
  Result<LeaseId> id = key->product ? LeaseId() : LeaseOf(exchange.request());
  if (!id) return exchange.AnswerError(id.error(), route.key);
  const std::optional<Served> served = engine.Peek(key->text);
  // A product's stale value is computed by this server.
  if (served && (key->product || served->freshness == Freshness::kFresh)) {
    exchange.thread().metrics.CountHotHit();
    return exchange.AnswerEntry(*served);
  }
  Engine::LeaseCallback done = LeaseLater(exchange, *id, key->text, route.key);
  engine.Lease(*std::move(key), *std::move(id), {*until, *hold}, std::move(done));
}

void GiveUpCall(Exchange& exchange, const Route& route) {
  const Result<LeaseId> id = LeaseOf(exchange.request());
  if (!id) return exchange.AnswerError(id.error(), route.key);
  const Result<ResolvedKey> key = ResolveKey(*exchange.engine().catalog(), route.key);
  if (!key) return exchange.AnswerError(key.error(), route.key);
  const bool ended = exchange.engine().leases().GiveUp(key->text, *id);
  exchange.AnswerJson(200, fmt::format(R"({{"success":true,"ended":{}}})", ended));
}

}  // namespace kck
