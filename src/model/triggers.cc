#include "model/triggers.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/catalog.h"
#include "model/product_key.h"

namespace kck {
namespace {

using Kind = Trigger::Part::Kind;

// NULL, as keys spell it, decoded.
constexpr std::string_view kNullText("\0", 1);

Result<BoundTrigger::Part> BindPart(const Trigger::Part& part, const Product& product, const Param& source) {
  BoundTrigger::Part bound{part.kind, {}, 0};
  if (part.kind == Kind::kLiteral && part.text == kNullText) {
    if (!source.nullable)
      return Fail(ErrorCode::kBadKey, fmt::format("%00 is NULL, and {} is not nullable", source.name));
  } else if (part.kind == Kind::kLiteral) {
    Result<std::string> text = CanonicalText(source.type, part.text);
    if (!text) return Fail(ErrorCode::kBadKey, fmt::format("\"{}\": {}", part.text, text.error().message));
    bound.literal = *std::move(text);
  }
  if (part.kind == Kind::kParam) {
    const auto param = std::ranges::find(product.params, part.text, &Param::name);
    if (param == product.params.end()) {
      return Fail(ErrorCode::kBadKey,
                  fmt::format("product {} has no parameter \"{}\"; * stands for any value", product.name, part.text));
    }
    bound.param = static_cast<std::size_t>(param - product.params.begin());
  }
  return bound;
}

}  // namespace

Result<BoundTrigger> BindTrigger(const Trigger& trigger, const Product& product, const std::vector<Param>& source) {
  BoundTrigger bound;
  if (trigger.whole_source) {
    bound.parts.resize(source.size());
  } else if (trigger.parts.size() != source.size()) {
    return Fail(ErrorCode::kBadKey,
                fmt::format("{} has {} part{} behind its name where {} takes {}", trigger.text, trigger.parts.size(),
                            trigger.parts.size() == 1 ? "" : "s", trigger.source, source.size()));
  } else {
    for (std::size_t i = 0; i < source.size(); ++i) {
      Result<BoundTrigger::Part> part = BindPart(trigger.parts[i], product, source[i]);
      if (!part) return Failure(std::move(part.error()));
      bound.parts.push_back(*std::move(part));
    }
  }
  for (std::size_t i = 0; i < product.params.size(); ++i) {
    bound.whole |= std::ranges::none_of(
        bound.parts, [i](const BoundTrigger::Part& part) { return part.kind == Kind::kParam && part.param == i; });
  }
  return bound;
}

std::vector<Param> KeyParamsOf(const Updater& updater) {
  std::vector<Param> params;
  for (const std::size_t index : PrimaryKeyOf(updater)) params.push_back(updater.params[index]);
  return params;
}

bool Fires(const BoundTrigger& trigger, const std::vector<ParamValue>& source) {
  for (std::size_t i = 0; i < trigger.parts.size(); ++i) {
    if (trigger.parts[i].kind == Kind::kLiteral && trigger.parts[i].literal != source[i]) return false;
    // A parameter that stands twice takes one value.
    for (std::size_t j = 0; j < i && trigger.parts[i].kind == Kind::kParam; ++j) {
      const bool same = trigger.parts[j].kind == Kind::kParam && trigger.parts[j].param == trigger.parts[i].param;
      if (same && source[i] != source[j]) return false;
    }
  }
  return true;
}

std::optional<ResolvedKey> DueKey(const Dependent& dependent, const std::vector<ParamValue>& source) {
  std::vector<ParamValue> params(dependent.product->params.size());
  for (std::size_t i = 0; i < dependent.trigger.parts.size(); ++i) {
    if (dependent.trigger.parts[i].kind == Kind::kParam) params[dependent.trigger.parts[i].param] = source[i];
  }
  Result<ResolvedKey> key = KeyOf(dependent.product, params);
  return key ? std::optional(*std::move(key)) : std::nullopt;
}

}  // namespace kck
