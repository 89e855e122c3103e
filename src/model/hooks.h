// Hooks: functions in Python of a product or updater, which are called before and after what happens to its keys.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/python_function.h"

namespace kck {

enum class Hook : std::uint8_t {
  kPrePrime,
  kPostPrime,
  kPreSet,
  kPostSet,
  kPreRefresh,
  kPostRefresh,
  kPrePurge,
  kPostPurge,
  kPreUpdate,
  kPostUpdate,
  // Of these two what they return is the value: of the rows, and of a value and the hints of its refresh.
  kResultFilter,
  kComputeAugmentedValue,
};
inline constexpr std::array<std::string_view, 12> kHookNames{
    "pre_prime", "post_prime", "pre_set",    "post_set",    "pre_refresh",   "post_refresh",
    "pre_purge", "post_purge", "pre_update", "post_update", "result_filter", "compute_augmented_value"};

inline std::string_view HookName(Hook hook) { return kHookNames.at(static_cast<std::size_t>(hook)); }

// Those of one product or updater that the server calls. Immutable once loaded.
class Hooks {
 public:
  // Names that are no hook's are left out.
  Hooks(const std::vector<std::string>& names, PythonFunctionPtr owner) : function(std::move(owner)) {
    for (std::size_t i = 0; i < kHookNames.size(); ++i) {
      if (std::ranges::find(names, kHookNames.at(i)) != names.end()) has_ |= 1U << i;
    }
  }

  bool Has(Hook hook) const { return (has_ >> static_cast<unsigned>(hook) & 1U) != 0; }
  // What a compute brings is not yet the value.
  bool make_values() const { return Has(Hook::kResultFilter) || Has(Hook::kComputeAugmentedValue); }

  const PythonFunctionPtr function;  // the definition that has them

 private:
  std::uint32_t has_ = 0;
};

using HooksPtr = std::shared_ptr<const Hooks>;  // null: none

inline bool HasHook(const HooksPtr& hooks, Hook hook) { return hooks && hooks->Has(hook); }

}  // namespace kck
