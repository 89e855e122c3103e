#include <fmt/format.h>

#include <charconv>

#include "http/calls.h"
#include "http/gate.h"
#include "http/query.h"
#include "model/product_key.h"

namespace kck {

Result<std::chrono::milliseconds> ReadMilliseconds(std::string_view name, std::string_view text) {
  std::uint32_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc{} && stop == end) return std::chrono::milliseconds(number);
  return Fail(ErrorCode::kBadRequest, fmt::format("{0} takes a number of milliseconds, as {0}=500", name));
}

Result<WriteTokens> TokensOf(Exchange& exchange) {
  if (!exchange.request().has_kck_after) return WriteTokens();
  return exchange.engine().OpenTokens(exchange.request().kck_after);
}

Result<TimePoint> WaitOf(const Exchange& exchange, std::string_view query) {
  const TimePoint latest = exchange.Deadline();
  if (query.empty()) return latest;
  Result<QueryFields> fields = ParseQuery(query);
  if (!fields) return Failure(std::move(fields.error()));
  TimePoint until = latest;
  for (const auto& [name, value] : *fields) {
    if (name != "wait_ms") continue;
    const auto wait = ReadMilliseconds(name, value);
    if (!wait) return Failure(wait.error());
    until = std::min(latest, Clock::now() + *wait);
  }
  return until;
}

Engine::FetchCallback EntryLater(Exchange& exchange, std::string_view key) {
  return [resume = exchange.Later(), key = std::string(key)](Result<Served> result) {
    resume([key, result = std::move(result)](Exchange& waiting) {
      if (result) {
        waiting.AnswerEntry(*result);
      } else {
        waiting.AnswerError(result.error(), key);
      }
    });
  };
}

void FetchCall(Exchange& exchange, const Route& route) {
  Engine& engine = exchange.engine();
  const Result<std::string_view> opened = OpenKey(exchange, route.key, exchange.thread().key);
  if (!opened) return exchange.AnswerError(opened.error(), route.key);
  // What is wrong is wrong of a hit as well, which waits for nothing.
  if (!route.query.empty()) {
    if (const auto until = WaitOf(exchange, route.query); !until) return exchange.AnswerError(until.error(), route.key);
  }
  if (!exchange.request().has_kck_after) {
    if (const std::optional<Served> served = engine.Peek(*opened)) {
      exchange.thread().metrics.CountHotHit();
      return exchange.AnswerEntry(*served);
    }
  }
  Result<ResolvedKey> key = ResolveKey(*engine.catalog(), *opened);
  if (!key) return exchange.AnswerError(key.error(), route.key);
  const Result<TimePoint> until = WaitOf(exchange, route.query);
  if (!until) return exchange.AnswerError(until.error(), route.key);
  Result<WriteTokens> after = TokensOf(exchange);
  if (!after) return exchange.AnswerError(after.error(), route.key);
  engine.Fetch(*std::move(key), *until, EntryLater(exchange, route.key), *std::move(after), exchange.trace());
}

}  // namespace kck
