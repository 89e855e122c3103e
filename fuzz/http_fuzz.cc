// A connection's bytes through the request parser, the router and the reading of keys, queries and versions.
//
// Beyond crashes it holds them to this: how the bytes are cut changes nothing; what KCK takes as a request, Boost.Beast
// takes as the same request with the same borders; a key's canonical spelling is its own; an error's body is JSON.
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json.h"
#include "http/entry_text.h"
#include "http/query.h"
#include "http/request_parser.h"
#include "http/response.h"
#include "http/router.h"
#include "model/product_key.h"
#include "testing/request_reader.h"

namespace kck {
namespace {

namespace beast = boost::beast;

constexpr std::size_t kBodyBytesMax = 4096;
constexpr std::size_t kTrickledBytesMax = 1024;  // longer inputs would take too long byte by byte

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "http_fuzz: %s\n", what);
  std::abort();
}

ProductPtr MakeProduct(const std::string& name, std::vector<Param> params) {
  auto product = std::make_shared<Product>();
  product->name = name;
  product->database = "main";
  product->params = std::move(params);
  return product;
}

const Catalog& Products() {
  static const Catalog catalog(
      {MakeProduct("item", {{"id", ParamType::kInt, false, false}}),
       MakeProduct("note", {{"name", ParamType::kString, true, false}}),
       MakeProduct("day", {{"day", ParamType::kDate, false, false}, {"price", ParamType::kFloat, true, false}})});
  return catalog;
}

void CheckKey(std::string_view raw_key) {
  static_cast<void>(WholeProduct(raw_key));
  const Result<ResolvedKey> key = ResolveKey(Products(), raw_key);
  if (!key) {
    std::string body;
    AppendErrorBody(body, key.error(), raw_key);
    return Require(IsJson(body), "an error's body is no JSON");
  }
  const Result<ResolvedKey> again = ResolveKey(Products(), key->text);
  Require(again && again->text == key->text, "a canonical key has another canonical spelling");
}

void CheckCall(const Request& request) {
  const Route route = FindRoute(request.method, request.target);
  if (!route.key.empty()) CheckKey(route.key);
  if (const Result<QueryFields> fields = ParseQuery(route.query)) {
    for (const auto& [name, value] : *fields) CheckKey(value);
  }
  static_cast<void>(ListedCoding(request.if_none_match, Version{1, 2, 3}, [](ContentCoding) { return true; }));
  static_cast<void>(ParseAcceptEncoding(request.accept_encoding, CompressionSettings().codings));
  static_cast<void>(DemandedVersion(request.if_match));
}

// `bytes` are what the parser took `request` from.
void CheckWithBeast(const Request& request, std::string_view bytes) {
  while (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
  beast::http::request_parser<beast::http::string_body> parser;
  parser.eager(true);
  parser.header_limit(kHeaderBytesMax * 2);
  parser.body_limit(kBodyBytesMax);
  beast::error_code error;
  const std::size_t taken = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  // Beast reads Proxy-Connection as if it were Connection, and is strict about it.
  if (parser.get().count(beast::http::field::proxy_connection) > 0) return;
  Require(!error && parser.is_done() && taken == bytes.size(), "Beast sees no request, or another end of it");
  Require(std::string_view(parser.get().target()) == request.target, "Beast sees another target");
  Require(parser.get().body() == request.body, "Beast sees another body");
  Require(parser.get().version() == static_cast<unsigned>(request.version), "Beast sees another version");
}

void CheckRequests(std::string_view bytes) {
  Request request;
  ByteBudget budget(kBodyBytesMax);
  RequestParser parser(request, kBodyBytesMax, budget);
  for (;;) {
    const RequestParser::Progress progress = parser.Put(bytes);
    Require(progress.consumed <= bytes.size(), "more is consumed than there was");
    if (progress.state != RequestParser::State::kComplete) return;
    CheckWithBeast(request, bytes.substr(0, progress.consumed));
    CheckCall(request);
    if (!request.keep_alive) return;
    bytes.remove_prefix(progress.consumed);
    parser.Reset();
    Require(budget.bytes() == 0, "a body's bytes are not given back");
  }
}

void CheckCuts(std::string_view bytes) {
  RequestReader whole(kBodyBytesMax);
  whole.Add(bytes);
  RequestReader halves(kBodyBytesMax);
  const std::size_t cut = std::hash<std::string_view>()(bytes) % (bytes.size() + 1);
  halves.Add(bytes.substr(0, cut));
  halves.Add(bytes.substr(cut));
  Require(halves.read() == whole.read(), "cut in two, the bytes are read differently");
  if (bytes.size() > kTrickledBytesMax) return;
  RequestReader trickle(kBodyBytesMax);
  for (std::size_t i = 0; i < bytes.size(); ++i) trickle.Add(bytes.substr(i, 1));
  Require(trickle.read() == whole.read(), "byte by byte, the bytes are read differently");
}

}  // namespace
}  // namespace kck

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  kck::CheckRequests(bytes);
  kck::CheckCuts(bytes);
  return 0;
}
