#include "refresh/domain_keys.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <optional>

#include "model/json_param.h"
#include "model/product_key.h"

namespace kck {
namespace {

// The item's value for parameter `index`.
std::optional<ParamValue> ValueOf(simdjson::dom::element item, const Product& product, std::size_t index) {
  simdjson::dom::element value;
  if (item.is_array()) {
    if (item.get_array().value_unsafe().size() != product.params.size()) return std::nullopt;
    if (item.at(index).get(value) != simdjson::SUCCESS) return std::nullopt;
    return ParamOfJson(value);
  }
  if (item.is_object()) {
    if (item[product.params[index].name].get(value) != simdjson::SUCCESS) return std::nullopt;
    return ParamOfJson(value);
  }
  return product.params.size() == 1 ? ParamOfJson(item) : std::nullopt;
}

std::optional<ResolvedKey> ReadItem(const ProductPtr& product, simdjson::dom::element item) {
  std::vector<ParamValue> values;
  for (std::size_t i = 0; i < product->params.size(); ++i) {
    std::optional<ParamValue> value = ValueOf(item, *product, i);
    if (!value) return std::nullopt;
    values.push_back(*std::move(value));
  }
  Result<ResolvedKey> key = KeyOf(product, values);
  return key ? std::optional(*std::move(key)) : std::nullopt;
}

}  // namespace

Result<DomainKeys> ReadDomain(const ProductPtr& product, std::string_view value, std::size_t from,
                              std::size_t count_max) {
  simdjson::dom::parser parser;
  simdjson::dom::array items;
  if (parser.parse(simdjson::padded_string(value)).get(items) != simdjson::SUCCESS) {
    return Fail(
        ErrorCode::kPrimerFailed,
        fmt::format("the domain of {} is no list: a domain's value lists the parameters of its keys, as [[1],[2]]",
                    product->name));
  }
  DomainKeys domain;
  domain.next = from;
  std::size_t index = 0;
  for (const simdjson::dom::element item : items) {
    if (index++ < from) continue;
    if (domain.next - from == count_max) {
      domain.more = true;
      break;
    }
    ++domain.next;
    if (auto key = ReadItem(product, item)) {
      domain.keys.push_back(*std::move(key));
    } else {
      ++domain.refused;
    }
  }
  return domain;
}

}  // namespace kck
