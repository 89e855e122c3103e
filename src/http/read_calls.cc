#include "http/calls.h"
#include "model/product_key.h"

namespace kck {

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
  if (const std::optional<Served> served = engine.Peek(route.key)) {
    exchange.thread().metrics.CountHotHit();
    return exchange.AnswerEntry(*served);
  }
  Result<ResolvedKey> key = ResolveKey(*engine.catalog(), route.key);
  if (!key) return exchange.AnswerError(key.error(), route.key);
  engine.Fetch(*std::move(key), exchange.Deadline(), EntryLater(exchange, route.key));
}

}  // namespace kck
