#include "model/client_settings_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/ip_network.h"

namespace kck {
namespace {

constexpr double kRateMin = 0.001;
constexpr double kRateMax = 1e6;

std::optional<RateLimitSettings> ReadRateLimit(const YamlFile& file, const YAML::Node& node) {
  if (!node.IsDefined()) return std::nullopt;
  YamlMap fields(file, node, "rate_limit");
  const bool given = fields.Has("per_second");
  const auto per_second = fields.TakeNumber("per_second", kRateMin, kRateMax);
  const auto burst = fields.TakeInt("burst", 1, static_cast<std::int64_t>(kRateMax));
  fields.Finish();
  if (!given) file.Report(node, "rate_limit says no rate", "as rate_limit: {per_second: 50, burst: 100}");
  if (!per_second) return std::nullopt;
  const double twice = std::max(1.0, 2 * *per_second);
  return RateLimitSettings{*per_second, burst ? static_cast<double>(*burst) : twice};
}

}  // namespace

void ReadClientSettings(const YamlFile& file, YamlMap& fields, HttpSettings& http) {
  http.rate_limit = ReadRateLimit(file, fields.Take("rate_limit"));
  for (std::string& proxy : fields.TakeTexts("trusted_proxies")) {
    if (ParseIpNetwork(proxy)) {
      http.trusted_proxies.push_back(std::move(proxy));
    } else {
      file.Report(fields.Take("trusted_proxies"), fmt::format("\"{}\" is no address and no network", proxy),
                  "as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32, with no bits beyond the prefix");
    }
  }
}

}  // namespace kck
