// Reading a product's keys, and forgetting them, which has the same path.
#include <fmt/format.h>

#include "http/openapi_calls.h"

namespace kck {
namespace {

constexpr std::string_view kTag = "products";

std::string_view ResponseOf(const Product& product) {
  const bool rows = product.process_result.jsonpath_first.empty() && product.process_result.jq.empty();
  if (product.settable || !rows || !product.statement) return "Entry";
  return product.statement->shape == RowShape::kRows ? "EntryOfRows" : "EntryOfDicts";
}

std::string Joined(std::string text, const std::string& more) {
  if (!text.empty() && !more.empty()) text += "\n\n";
  return text + more;
}

struct KeyPath {
  std::string path;
  std::vector<std::string> parameters;
};

// With the parameters that the token gives, or without.
KeyPath PathOf(const Product& product, const ApiSubject& subject, bool whole) {
  KeyPath key{"/fetch/" + product.name, {}};
  for (std::size_t i = 0; i < product.params.size(); ++i) {
    if (!whole && !IsSent(product.access, i, subject)) continue;
    key.path += fmt::format("/{{{}}}", product.params[i].name);
    key.parameters.push_back(PathParameter(product.params[i]));
  }
  return key;
}

ApiOperation FetchOf(const Product& product, const std::string& name, const ApiSubject& subject) {
  KeyPath key = PathOf(product, subject, false);
  ApiOperation operation{
      .path = std::move(key.path),
      .method = "get",
      .id = "fetch_" + name,
      .tag = kTag,
      .summary = "Fetch " + product.name,
      .description = Joined(product.description, ClaimsText(product.access, product.params, subject)),
      .parameters = std::move(key.parameters),
      .body = {},
      .answers = {{200, ResponseOf(product)}, {304, "NotModified"}},
      .errors = {404, 409, 502, 504},
      .access = ApiAccessOf(product.access, subject)};
  for (const std::string_view header : {"WaitMs", "IfNoneMatch", "KckAfter"}) {
    operation.parameters.push_back(ComponentRef("parameters", header));
  }
  return operation;
}

ApiOperation PurgeOf(const Product& product, const std::string& name, const ApiSubject& subject) {
  KeyPath key = PathOf(product, subject, true);
  key.parameters.push_back(ComponentRef("parameters", "IfMatch"));
  return {.path = std::move(key.path),
          .method = "delete",
          .id = "purge_" + name,
          .tag = kTag,
          .summary = "Forget a key of " + product.name,
          .description = "For administrators. The path has every parameter of the key.",
          .parameters = std::move(key.parameters),
          .body = {},
          .answers = {{200, "Purged"}},
          .errors = {412},
          .access = subject.Administrators()};
}

}  // namespace

void AddProductOperations(ApiPaths& paths, const ApiSubject& subject) {
  const std::vector<ProductPtr> products = subject.catalog->Products();
  std::vector<std::string_view> given;
  for (const ProductPtr& product : products) given.push_back(product->name);
  const ApiNames names(given);
  for (const ProductPtr& product : products) {
    AddOperation(paths, FetchOf(*product, names.Of(product->name), subject));
    AddOperation(paths, PurgeOf(*product, names.Of(product->name), subject));
  }
}

}  // namespace kck
