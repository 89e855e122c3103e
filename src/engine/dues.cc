#include "engine/dues.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "base/json.h"
#include "model/json_param.h"
#include "model/product_key.h"

namespace kck {
namespace {

void AppendParam(std::string& out, const Param& param, const ParamValue& value) {
  AppendJsonString(out, param.name);
  out += ':';
  if (!value) {
    out += "null";
  } else if ((param.type == ParamType::kInt || param.type == ParamType::kFloat || param.type == ParamType::kBool) &&
             IsJson(*value)) {
    out += *value;
  } else {
    AppendJsonString(out, *value);
  }
}

// "airline/UA"; a part that is not known is *.
std::string KeyText(const ResolvedWrite& write) {
  std::string text = write.updater->name;
  for (const auto& part : write.key) {
    text += '/';
    text += part ? part->value_or("%00") : "*";
  }
  return text;
}

// The place called `column` of the first row, which is a list or an object.
std::optional<ParamValue> FirstRowsValue(simdjson::dom::element rows, const Written& written,
                                         const std::string& column) {
  simdjson::dom::element row;
  if (rows.at(0).get(row) != simdjson::SUCCESS) return std::nullopt;
  simdjson::dom::element value;
  if (row.is_object()) {
    if (row[column].get(value) != simdjson::SUCCESS) return std::nullopt;
    return ParamOfJson(value);
  }
  const auto found = std::ranges::find(written.columns, column);
  if (found == written.columns.end()) return std::nullopt;
  if (row.at(static_cast<std::size_t>(found - written.columns.begin())).get(value) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  return ParamOfJson(value);
}

void AddAfterPrime(const Catalog& catalog, const ResolvedKey& key, Dues& dues) {
  for (const Dependent& dependent : catalog.DependentsOfPrime(key.product->name)) {
    if (!Fires(dependent.trigger, key.params)) continue;
    if (dependent.trigger.whole) {
      dues.Add(dependent.product);
    } else if (auto due = DueKey(dependent, key.params)) {
      dues.Add(*std::move(due));
    }
  }
}

void AddReaders(const Catalog& catalog, const std::vector<std::string>& readers, Dues& dues) {
  for (const std::string& reader : readers) {
    Result<ResolvedKey> due = ResolveKey(catalog, reader);
    // Its product may have gone, or have other parameters now.
    if (due && due->product) dues.Add(*std::move(due));
  }
}

// What is primed after a due key will be due in its turn, and is out of date by now. Neither triggers nor reads have
// cycles; where both make one, each key is there once.
void AddAllThatFollows(const Catalog& catalog, const Dependencies* dependencies, Dues& dues) {
  for (std::size_t i = 0; i < dues.keys.size(); ++i) {
    const ResolvedKey key = dues.keys[i];
    AddAfterPrime(catalog, key, dues);
    if (dependencies != nullptr) AddReaders(catalog, dependencies->DependentsOf(key.text), dues);
  }
  for (std::size_t i = 0; i < dues.products.size(); ++i) {
    const ProductPtr product = dues.products[i];
    for (const Dependent& dependent : catalog.DependentsOfPrime(product->name)) dues.Add(dependent.product);
  }
}

}  // namespace

void Dues::Add(ResolvedKey key) {
  if (std::ranges::find(keys, key.text, &ResolvedKey::text) == keys.end()) keys.push_back(std::move(key));
}

void Dues::Add(const ProductPtr& product) {
  if (std::ranges::find(products, product) == products.end()) products.push_back(product);
}

Dues DuesOfPrime(const Catalog& catalog, const ResolvedKey& key, const std::vector<std::string>& readers,
                 const Dependencies* dependencies) {
  Dues dues;
  AddAfterPrime(catalog, key, dues);
  AddReaders(catalog, readers, dues);
  AddAllThatFollows(catalog, dependencies, dues);
  return dues;
}

Dues DuesOfChange(const Catalog& catalog, const std::string& key, const Dependencies& dependencies) {
  Dues dues;
  AddReaders(catalog, dependencies.DependentsOf(key), dues);
  AddAllThatFollows(catalog, &dependencies, dues);
  return dues;
}

Cause CauseOfPrime(const Entry& entry) {
  Cause cause{RefreshReason::kPrime, fmt::format("prime {}", entry.key()), nullptr};
  if (entry.value().size() > Hints::kBytesMax) return cause;
  std::string hint = R"({"primed":)";
  AppendJsonString(hint, entry.key());
  hint += fmt::format(R"(,"value":{}}})", entry.value());
  cause.hint = std::make_shared<const std::string>(std::move(hint));
  return cause;
}

Dues DuesOfUpdate(const Catalog& catalog, const ResolvedWrite& write, const Dependencies* dependencies) {
  std::vector<ParamValue> known;
  for (const auto& part : write.key) known.push_back(part.value_or(ParamValue{}));
  Dues dues;
  for (const Dependent& dependent : catalog.DependentsOfUpdate(write.updater->name)) {
    bool needs_unknown = false;
    for (std::size_t i = 0; i < write.key.size(); ++i) {
      needs_unknown |= !write.key[i] && dependent.trigger.parts[i].kind != Trigger::Part::Kind::kAny;
    }
    if (!needs_unknown && !Fires(dependent.trigger, known)) continue;
    if (needs_unknown || dependent.trigger.whole) {
      dues.Add(dependent.product);
    } else if (auto due = DueKey(dependent, known)) {
      dues.Add(*std::move(due));
    }
  }
  AddAllThatFollows(catalog, dependencies, dues);
  return dues;
}

Cause CauseOfUpdate(const ResolvedWrite& write, const Written& written) {
  const Updater& updater = *write.updater;
  Cause cause{RefreshReason::kUpdate, fmt::format("{} {}", WriteActionName(write.action), KeyText(write)), nullptr};
  std::string hint = R"({"updater":)";
  AppendJsonString(hint, updater.name);
  hint += fmt::format(R"(,"action":"{}","params":{{)", WriteActionName(write.action));
  const std::vector<std::size_t>& params = updater.Template(write.action)->params;
  for (std::size_t i = 0; i < params.size() && i < write.params.size(); ++i) {
    if (i > 0) hint += ',';
    AppendParam(hint, updater.params[params[i]], write.params[i]);
  }
  hint += fmt::format(R"(}},"rows":{},"returning":{}}})", written.rows, written.returning);
  if (hint.size() <= Hints::kBytesMax) cause.hint = std::make_shared<const std::string>(std::move(hint));
  return cause;
}

void LearnKey(ResolvedWrite& write, const Written& written) {
  if (std::ranges::all_of(write.key, [](const auto& part) { return part.has_value(); })) return;
  simdjson::dom::parser parser;
  simdjson::dom::element rows;
  if (parser.parse(simdjson::padded_string(written.returning)).get(rows) != simdjson::SUCCESS) return;
  const std::vector<std::size_t> params = PrimaryKeyOf(*write.updater);
  for (std::size_t i = 0; i < write.key.size(); ++i) {
    const Param& param = write.updater->params[params[i]];
    if (write.key[i]) continue;
    std::optional<ParamValue> value = FirstRowsValue(rows, written, param.name);
    if (!value || !*value) continue;
    if (Result<std::string> text = CanonicalText(param.type, **value)) write.key[i] = ParamValue{*std::move(text)};
  }
}

}  // namespace kck
