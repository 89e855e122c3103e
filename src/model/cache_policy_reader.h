// Reading the fields `cache_control` and `compress` of products.
#pragma once

#include <memory>

#include "model/cache_policy.h"
#include "model/product.h"
#include "model/yaml_reader.h"

namespace kck {

// Of `product`, whose access and lives are read. Null where neither field says anything. `auth_is_on`: whether tokens
// are asked for.
std::shared_ptr<const CachePolicy> ReadCachePolicy(const YamlFile& file, YamlMap& fields, const Product& product,
                                                   bool auth_is_on);

}  // namespace kck
