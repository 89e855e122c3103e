#include "model/refresh_reader.h"

#include <fmt/format.h>

#include "model/product_key.h"
#include "model/schedule_reader.h"

namespace kck {
namespace {

using std::chrono::milliseconds;

class RefreshReader {
 public:
  RefreshReader(const YamlFile& file, const YAML::Node& node, const Product& product)
      : file_(file), fields_(file, node, "refresh"), product_(product) {}

  RefreshRules Read() {
    rules_.after_primes = ReadTriggers("after_primes");
    rules_.after_updates = ReadTriggers("after_updates");
    rules_.schedule = ReadSchedule(file_, fields_);
    rules_.fresh = fields_.TakeSpan("fresh");
    ReadDomain();
    // 0.6.3 walked each domain by itself.
    rules_.on_boot = fields_.TakeBool("on_boot").value_or(file_.lenient && !rules_.domain_key.empty());
    const YAML::Node on_change = fields_.Take("on_change");
    if (!(on_change.IsDefined() && on_change.IsScalar() && on_change.Scalar() == "off")) {
      fields_.RefuseForNow("on_change");
    }
    fields_.Finish();
    CheckLife();
    CheckBoot();
    return std::move(rules_);
  }

 private:
  std::vector<Trigger> ReadTriggers(const std::string& field) {
    const YAML::Node node = fields_.Take(field);
    std::vector<Trigger> triggers;
    if (!node.IsDefined() || node.IsNull()) return triggers;
    if (node.IsMap()) {
      file_.Report(node, fmt::format("\"{}\" has to be a list", field), fmt::format("as {}: [other/:id]", field));
      return triggers;
    }
    if (node.IsScalar()) AddTrigger(node, field, triggers);
    for (const auto& item : node) AddTrigger(item, field, triggers);
    return triggers;
  }

  void AddTrigger(const YAML::Node& node, const std::string& field, std::vector<Trigger>& triggers) const {
    const auto text = file_.TextOf(node, field);
    if (!text) return;
    Trigger trigger;
    trigger.text = *text;
    trigger.location = file_.At(node);
    const std::vector<std::string_view> segments = SplitKey(*text);
    trigger.source = segments[0];
    trigger.whole_source = segments.size() == 1;
    for (std::size_t i = 1; i < segments.size(); ++i) {
      const auto part = PartOf(segments[i]);
      if (part) {
        trigger.parts.push_back(*part);
        continue;
      }
      file_.Report(node, fmt::format("{}: a % is not followed by two hexadecimal digits", *text),
                   "write a percent sign as %25");
      return;
    }
    triggers.push_back(std::move(trigger));
  }

  static std::optional<Trigger::Part> PartOf(std::string_view segment) {
    using Kind = Trigger::Part::Kind;
    if (segment == "*") return Trigger::Part{Kind::kAny, ""};
    const bool param = segment.starts_with(':');
    const auto text = DecodeSegment(segment.substr(param ? 1 : 0));
    if (!text) return std::nullopt;
    return Trigger::Part{param ? Kind::kParam : Kind::kLiteral, *text};
  }

  void ReadDomain() {
    const YAML::Node node = fields_.Take("domain_key");
    const auto key = fields_.TakeText("domain_key");
    if (!key) return;
    rules_.domain_key = *key;
    rules_.domain_location = file_.At(node);
    if (key->empty()) file_.Report(node, "domain_key names no key", "as domain_key: all_item_ids");
    if (product_.params.empty()) {
      file_.Report(node, "domain_key has no meaning for a product without parameters",
                   "it lists the parameters of a product's keys; take it out");
    }
  }

  void CheckLife() {
    const auto& expires = product_.expires_after;
    if (!expires) return;
    if (rules_.fresh && *rules_.fresh >= *expires) {
      file_.Report(fields_.Take("fresh"), "fresh is not below expire_seconds",
                   "a value that has expired is gone, so it cannot be refreshed in time");
    }
    if (rules_.schedule && rules_.schedule->every && *rules_.schedule->every >= *expires) {
      file_.Report(fields_.Take("every"), "every is not below expire_seconds",
                   "a value would be gone before it is refreshed; let expire_seconds be some times every");
    }
  }

  void CheckBoot() {
    if (!rules_.on_boot || product_.params.empty() || fields_.Has("domain_key")) return;
    file_.Report(fields_.Take("on_boot"), "on_boot has no keys to begin with",
                 "the product has parameters: add domain_key, whose value lists them, or take on_boot out");
  }

  YamlFile file_;
  YamlMap fields_;
  const Product& product_;
  RefreshRules rules_;
};

}  // namespace

RefreshRules ReadRefreshRules(const YamlFile& file, const YAML::Node& node, const Product& product) {
  return RefreshReader(file, node, product).Read();
}

std::optional<milliseconds> ImpliedSoftAge(const RefreshRules& rules) {
  if (rules.fresh) return rules.fresh;
  if (rules.schedule && rules.schedule->every) return 2 * *rules.schedule->every;
  return std::nullopt;
}

}  // namespace kck
