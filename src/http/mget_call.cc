// Many keys at once. What is in memory is taken at once, the rest is fetched side by side, and the answer goes out when
// all are there.
#include <fmt/format.h>
#include <simdjson.h>

#include <atomic>

#include "http/calls.h"
#include "http/entry_text.h"
#include "http/gate.h"
#include "http/query.h"
#include "model/product_key.h"

namespace kck {
namespace {

constexpr std::size_t kKeysMax = 1000;
constexpr std::size_t kAnswerBytesMax = std::size_t{64} << 20U;

using Keys = std::vector<std::string>;

// Filled from several threads, each result by one of them; `missing` orders that before the reading.
struct Gathering {
  Keys keys;
  std::vector<std::optional<Result<Served>>> results;
  std::atomic<std::size_t> missing{0};
};

Failure NotAList() {
  return Fail(ErrorCode::kBadRequest, R"(the body has to be a JSON list of keys, as ["item/7","item/8"])");
}

Result<Keys> KeysOfBody(const std::string& body) {
  simdjson::dom::parser parser;
  simdjson::dom::array list;
  if (parser.parse(body).get(list) != simdjson::SUCCESS) return NotAList();
  Keys keys;
  for (const simdjson::dom::element item : list) {
    std::string_view key;
    if (item.get(key) != simdjson::SUCCESS) return NotAList();
    keys.emplace_back(key);
  }
  return keys;
}

Result<Keys> KeysOfQuery(std::string_view query) {
  Result<QueryFields> fields = ParseQuery(query);
  if (!fields) return Failure(std::move(fields.error()));
  Keys keys;
  for (auto& [name, value] : *fields) {
    if (name == "wait_ms") continue;
    if (name != "key") {
      return Fail(ErrorCode::kBadRequest,
                  "the query of mget takes key=… and wait_ms=… only, as /mget?key=item/7&key=item/8");
    }
    keys.push_back(std::move(value));
  }
  return keys;
}

Result<Keys> KeysOf(const Request& request, const Route& route) {
  Result<Keys> keys = request.method == Method::kPost ? KeysOfBody(request.body) : KeysOfQuery(route.query);
  if (keys && keys->size() > kKeysMax) {
    return Fail(ErrorCode::kBadRequest,
                fmt::format("mget takes at most {} keys, and these are {}: ask in parts", kKeysMax, keys->size()));
  }
  return keys;
}

void AppendResult(std::string& out, const std::string& key, const Result<Served>& result, Exchange& exchange) {
  if (!result) return AppendErrorBody(out, result.error(), key);
  if (out.size() + result->entry->value().size() > kAnswerBytesMax) {
    const Error error{ErrorCode::kBadRequest, fmt::format("the answer would be over {} MiB: ask for fewer keys at once",
                                                          kAnswerBytesMax >> 20U)};
    return AppendErrorBody(out, error, key);
  }
  exchange.thread().metrics.CountServed(*result, exchange.thread().times.now());
  AppendItem(out, *result, exchange.thread().times, exchange.compat_06());
}

void AnswerAll(Exchange& exchange, const Gathering& gathering) {
  std::string body = R"({"success":true,"items":[)";
  for (std::size_t i = 0; i < gathering.keys.size(); ++i) {
    if (i > 0) body += ',';
    AppendResult(body, gathering.keys[i], *gathering.results[i], exchange);
  }
  body += "]}";
  exchange.AnswerJson(200, body);
}

struct Absent {
  std::size_t index;
  ResolvedKey key;
};

// Takes what needs no waiting; returns the rest.
std::vector<Absent> TakePresent(Exchange& exchange, Gathering& gathering) {
  Engine& engine = exchange.engine();
  const CatalogPtr catalog = engine.catalog();
  std::vector<Absent> absent;
  for (std::size_t i = 0; i < gathering.keys.size(); ++i) {
    const Result<std::string_view> opened = OpenKey(exchange, gathering.keys[i], exchange.thread().key);
    if (!opened) {
      gathering.results[i] = Failure(opened.error());
      continue;
    }
    std::optional<Served> served;
    if (!exchange.request().has_kck_after) served = engine.Peek(*opened);
    if (served) {
      exchange.thread().metrics.CountHotHit();
      gathering.results[i] = *std::move(served);
      continue;
    }
    Result<ResolvedKey> key = ResolveKey(*catalog, *opened);
    if (key) {
      absent.push_back({i, *std::move(key)});
    } else {
      gathering.results[i] = Failure(std::move(key.error()));
    }
  }
  return absent;
}

}  // namespace

void MgetCall(Exchange& exchange, const Route& route) {
  Result<Keys> keys = KeysOf(exchange.request(), route);
  if (!keys) return exchange.AnswerError(keys.error(), {});
  const Result<TimePoint> until = WaitOf(exchange, route.query);
  if (!until) return exchange.AnswerError(until.error(), {});
  const Result<WriteTokens> after = TokensOf(exchange);
  if (!after) return exchange.AnswerError(after.error(), {});
  auto gathering = std::make_shared<Gathering>();
  gathering->keys = *std::move(keys);
  gathering->results.resize(gathering->keys.size());
  std::vector<Absent> absent = TakePresent(exchange, *gathering);
  if (absent.empty()) return AnswerAll(exchange, *gathering);

  gathering->missing = absent.size();
  Engine& engine = exchange.engine();
  auto resume = exchange.Later();
  for (Absent& one : absent) {
    auto gather = [gathering, index = one.index, resume](Result<Served> result) {
      gathering->results[index] = std::move(result);
      if (--gathering->missing > 0) return;
      resume([gathering](Exchange& waiting) { AnswerAll(waiting, *gathering); });
    };
    engine.Fetch(std::move(one.key), *until, std::move(gather), *after, exchange.trace());
  }
}

}  // namespace kck
