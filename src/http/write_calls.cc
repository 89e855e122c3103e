#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/json.h"
#include "base/trim.h"
#include "http/calls.h"
#include "http/entry_text.h"
#include "http/query.h"
#include "model/product_key.h"

namespace kck {
namespace {

constexpr std::string_view kQueued = R"({"success":true,"queued":true})";

// Ends the answer of a set or a purge.
Engine::WriteCallback VersionLater(Exchange& exchange, const std::string& key, bool tagged) {
  return [resume = exchange.Later(), key, tagged](Result<Version> result) {
    resume([key, tagged, result = std::move(result)](Exchange& waiting) {
      if (!result) return waiting.AnswerError(result.error(), key);
      std::string body = R"({"success":true,"key":)";
      AppendJsonString(body, key);
      const std::string version = VersionText(*result);
      if (waiting.compat_06()) {
        body += fmt::format(R"(,"version":{}}})", result->number);
      } else {
        body += fmt::format(R"(,"version":"{}"}})", version);
      }
      waiting.AnswerJson(200, body, tagged ? fmt::format("\"{}\"", version) : "");
    });
  };
}

// Ends the answer of a call that brings nothing but success.
Engine::DoneCallback DoneLater(Exchange& exchange, std::string_view key, int status, std::string body) {
  return [resume = exchange.Later(), key = std::string(key), status, body = std::move(body)](Result<void> result) {
    resume([key, status, body, result = std::move(result)](Exchange& waiting) {
      if (!result) return waiting.AnswerError(result.error(), key);
      waiting.AnswerJson(status, body);
    });
  };
}

Result<std::optional<Version>> Condition(const Request& request) {
  if (!request.has_if_match) return std::nullopt;
  Result<Version> version = DemandedVersion(request.if_match);
  if (!version) return Failure(std::move(version.error()));
  return *version;
}

void PurgeWhole(Exchange& exchange, const Route& route, std::string_view product) {
  if (exchange.request().has_if_match) {
    const Error error{ErrorCode::kBadRequest, "If-Match goes with one key: a whole product has no version"};
    return exchange.AnswerError(error, route.key);
  }
  std::string body = R"({"success":true,"key":)";
  AppendJsonString(body, route.key);
  body += '}';
  exchange.engine().PurgeProduct(product, DoneLater(exchange, route.key, 200, std::move(body)));
}

// The body of a refresh: none, or a JSON object that the fill is told.
Result<HintPtr> HintOf(std::string_view body) {
  body = Trim(body, kJsonBlanks);
  if (body.empty()) return nullptr;
  Result<HintPtr> hint = ReadHint(body);
  if (!hint) hint.error().message = fmt::format("the body of refresh is a hint, or nothing: {}", hint.error().message);
  return hint;
}

void RefreshWhole(Exchange& exchange, const Route& route, std::string_view product, bool waits) {
  if (waits) {
    const Error error{ErrorCode::kBadRequest,
                      "wait=1 goes with one key: it is not known when all keys of a product are"};
    return exchange.AnswerError(error, route.key);
  }
  exchange.engine().RefreshProduct(product, DoneLater(exchange, route.key, 202, std::string(kQueued)));
}

// A number of seconds above 0, with up to three digits behind the point, as products have their lives.
std::optional<std::chrono::milliseconds> ReadSeconds(std::string_view text) {
  constexpr double kSecondsMax = 100.0 * 365 * 86400;
  double seconds = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seconds, std::chars_format::fixed);
  if (error != std::errc{} || stop != end || !(seconds >= 0.001) || seconds > kSecondsMax) return std::nullopt;
  return std::chrono::milliseconds(std::llround(seconds * 1000));
}

// What a set says in its query and by KCK-Lease.
Result<SetTerms> TermsOf(const Request& request, std::string_view query) {
  SetTerms terms;
  if (!request.kck_lease.empty()) {
    Result<LeaseId> lease = LeaseOf(request);
    if (!lease) return Failure(std::move(lease.error()));
    terms.lease = *std::move(lease);
  }
  Result<QueryFields> fields = ParseQuery(query);
  if (!fields) return Failure(std::move(fields.error()));
  for (const auto& [name, value] : *fields) {
    if (name != "expire_seconds" && name != "stale_seconds") {
      return Fail(ErrorCode::kBadRequest, "the query takes expire_seconds and stale_seconds only");
    }
    const auto life = ReadSeconds(value);
    if (!life) {
      return Fail(ErrorCode::kBadRequest, fmt::format("{0} takes a number of seconds above 0, as {0}=3600", name));
    }
    (name == "expire_seconds" ? terms.expires_after : terms.stale_after) = life;
  }
  if (terms.expires_after && terms.stale_after && *terms.stale_after >= *terms.expires_after) {
    return Fail(ErrorCode::kBadRequest, "stale_seconds is not below expire_seconds");
  }
  return terms;
}

}  // namespace

Result<bool> WaitsForEnd(std::string_view query) {
  Result<QueryFields> fields = ParseQuery(query);
  if (!fields) return Failure(std::move(fields.error()));
  bool waits = false;
  for (const auto& [name, value] : *fields) {
    if (name != "wait" || (value != "0" && value != "1")) {
      return Fail(ErrorCode::kBadRequest, "the query takes wait=0 or wait=1 only");
    }
    waits = value == "1";
  }
  return waits;
}

void SetCall(Exchange& exchange, const Route& route) {
  const Result<std::optional<Version>> condition = Condition(exchange.request());
  if (!condition) return exchange.AnswerError(condition.error(), route.key);
  const std::string_view value = Trim(exchange.request().body, kJsonBlanks);
  if (value.empty() || !IsJson(value)) {
    const Error error{ErrorCode::kBadRequest, "the body has to be one JSON value; a text is a JSON string, in quotes"};
    return exchange.AnswerError(error, route.key);
  }
  Result<ResolvedKey> key = ResolveKey(*exchange.engine().catalog(), route.key);
  if (!key) return exchange.AnswerError(key.error(), route.key);
  Result<SetTerms> terms = TermsOf(exchange.request(), route.query);
  if (!terms) return exchange.AnswerError(terms.error(), route.key);
  if (key->product && (terms->expires_after || terms->stale_after)) {
    const Error error{ErrorCode::kBadRequest, "this product says how long its values live; a set does not"};
    return exchange.AnswerError(error, route.key);
  }
  Engine::WriteCallback done = VersionLater(exchange, key->text, true);
  exchange.engine().Set(*std::move(key), std::string(value), *condition, std::move(done), *std::move(terms));
}

void PurgeCall(Exchange& exchange, const Route& route) {
  if (const auto product = WholeProduct(route.key); !product.empty()) return PurgeWhole(exchange, route, product);
  const Result<std::optional<Version>> condition = Condition(exchange.request());
  if (!condition) return exchange.AnswerError(condition.error(), route.key);
  Result<ResolvedKey> key = ResolveKey(*exchange.engine().catalog(), route.key);
  if (!key) return exchange.AnswerError(key.error(), route.key);
  Engine::WriteCallback done = VersionLater(exchange, key->text, false);
  exchange.engine().Purge(*std::move(key), *condition, std::move(done));
}

void RefreshCall(Exchange& exchange, const Route& route) {
  const Result<bool> waits = WaitsForEnd(route.query);
  if (!waits) return exchange.AnswerError(waits.error(), route.key);
  if (const auto product = WholeProduct(route.key); !product.empty()) {
    return RefreshWhole(exchange, route, product, *waits);
  }
  Result<ResolvedKey> key = ResolveKey(*exchange.engine().catalog(), route.key);
  if (!key) return exchange.AnswerError(key.error(), route.key);
  Result<HintPtr> hint = HintOf(exchange.request().body);
  if (!hint) return exchange.AnswerError(hint.error(), route.key);
  Engine& engine = exchange.engine();
  if (*waits)
    return engine.Refresh(*std::move(key), *std::move(hint), exchange.Deadline(), EntryLater(exchange, route.key));
  engine.QueueRefresh(*std::move(key), *std::move(hint), DoneLater(exchange, route.key, 202, std::string(kQueued)));
}

}  // namespace kck
