#include "model/cache_policy_reader.h"

#include <fmt/format.h>

namespace kck {
namespace {

using std::chrono::seconds;

// HTTP takes no more for granted than 31 bits of seconds, and nobody means more than a year.
constexpr int kLifeDaysMax = 365;

class LivesReader {
 public:
  LivesReader(const YamlFile& file, const YAML::Node& node, const Product& product)
      : file_(file), node_(node), product_(product), fields_(file, node, "cache_control") {}

  std::optional<CacheLives> Read(bool is_private) {
    CacheLives lives;
    lives.is_private = is_private;
    const auto max_age = ReadLife("max_age", true);
    lives.max_age = max_age.value_or(seconds(0));
    lives.shared = ReadLife("s_maxage", true);
    if (lives.shared && is_private) {
      file_.Report(fields_.Take("s_maxage"), "s_maxage is for shared caches, and this product depends on the token",
                   "take s_maxage out, or write access: public where everyone may have it");
    }
    lives.stale_while_revalidate = ReadLife("stale_while_revalidate", false);
    lives.stale_if_error = ReadLife("stale_if_error", false);
    fields_.Finish();
    const bool says = max_age || lives.shared || lives.stale_while_revalidate || lives.stale_if_error;
    if (says) return lives;
    if (node_.size() == 0) file_.Report(node_, "cache_control says nothing", "as cache_control: {max_age: 60s}");
    return std::nullopt;
  }

 private:
  // `bounded`: it may not be longer than the value's own life.
  std::optional<seconds> ReadLife(const std::string& field, bool bounded) {
    const auto life = fields_.TakeSeconds(field, kLifeDaysMax);
    if (bounded && life && product_.expires_after && *life > *product_.expires_after) {
      file_.Report(fields_.Take(field), fmt::format("\"{}\" is longer than expire_seconds", field),
                   "a value that has expired is never served, so no cache may keep it longer: shorten it");
    }
    return life;
  }

  YamlFile file_;
  YAML::Node node_;
  const Product& product_;
  YamlMap fields_;
};

}  // namespace

std::shared_ptr<const CachePolicy> ReadCachePolicy(const YamlFile& file, YamlMap& fields, const Product& product,
                                                   bool auth_is_on) {
  auto policy = std::make_shared<CachePolicy>();
  if (const auto compress = fields.TakeBool("compress")) policy->compresses = *compress;
  if (const YAML::Node node = fields.Take("cache_control"); node.IsDefined()) {
    const bool is_private = auth_is_on && product.access.kind != AccessKind::kPublic;
    policy->lives = LivesReader(file, node, product).Read(is_private);
  }
  if (policy->lives) {
    policy->reach = ReachOf(*policy->lives);
    policy->text = CacheControlText(*policy->lives, policy->reach);
  }
  return policy->lives || !policy->compresses ? policy : nullptr;
}

}  // namespace kck
