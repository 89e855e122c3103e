// A product's `refresh` block.
#pragma once

#include <chrono>
#include <optional>

#include "model/product.h"
#include "model/yaml_reader.h"

namespace kck {

// Reads the block at `node`, which may be undefined. `product` has its parameters and lifetimes.
RefreshRules ReadRefreshRules(const YamlFile& file, const YAML::Node& node, const Product& product);

// The soft age that the rules imply where the author gives none: the target, or two missed refreshes.
std::optional<std::chrono::milliseconds> ImpliedSoftAge(const RefreshRules& rules);

}  // namespace kck
