// The calls that show what is due, and have dead letters tried again.
#include <fmt/format.h>

#include <charconv>

#include "http/calls.h"
#include "http/query.h"
#include "http/queue_text.h"
#include "model/product_key.h"

namespace kck {
namespace {

constexpr std::size_t kKeysShown = 20;
constexpr std::size_t kKeysShownMax = 1000;

std::optional<std::size_t> ReadCount(std::string_view text) {
  std::size_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end || number > kKeysShownMax) return std::nullopt;
  return number;
}

Result<std::size_t> KeysShown(std::string_view query) {
  const Result<QueryFields> fields = ParseQuery(query);
  if (!fields) return Failure(fields.error());
  std::size_t keys = kKeysShown;
  for (const auto& [name, value] : *fields) {
    const auto count = name == "keys" ? ReadCount(value) : std::nullopt;
    if (!count) {
      return Fail(ErrorCode::kBadRequest, fmt::format("the query of queue takes keys=N only, to {}", kKeysShownMax));
    }
    keys = *count;
  }
  return keys;
}

// The key, canonical, or the `name/*` whose dead letters are meant; empty: all.
Result<std::string> RetryScope(const Catalog& catalog, std::string_view query) {
  const Result<QueryFields> fields = ParseQuery(query);
  if (!fields) return Failure(fields.error());
  std::string scope;
  for (const auto& [name, value] : *fields) {
    if (name != "key") return Fail(ErrorCode::kBadRequest, "the query of queue/retry takes a key only, as key=item/7");
    scope = value;
    if (!WholeProduct(value).empty()) continue;
    Result<ResolvedKey> key = ResolveKey(catalog, value);
    if (!key) return Failure(std::move(key.error()));
    scope = std::move(key->text);
  }
  return scope;
}

}  // namespace

void QueueCall(Exchange& exchange, const Route& route) {
  const Result<std::size_t> keys = KeysShown(route.query);
  if (!keys) return exchange.AnswerError(keys.error(), {});
  std::string body;
  AppendQueue(body, exchange.refresher().Report(*keys));
  exchange.AnswerJson(200, body);
}

void RetryCall(Exchange& exchange, const Route& route) {
  const Result<std::string> scope = RetryScope(*exchange.engine().catalog(), route.query);
  if (!scope) return exchange.AnswerError(scope.error(), {});
  const std::size_t retried = exchange.refresher().RetryDead(*scope);
  exchange.AnswerJson(200, fmt::format(R"({{"success":true,"retried":{}}})", retried));
}

}  // namespace kck
