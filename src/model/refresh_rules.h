// What a product's `refresh` block says: when its keys are computed again before anyone asks.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "model/fault.h"
#include "model/schedule.h"

namespace kck {

// A key template of after_primes or after_updates: `source/part/part`. The parts stand for the source's parameters in
// their order: those of a product, or the primary key of an updater.
struct Trigger {
  struct Part {
    enum class Kind {
      kLiteral,  // fires where the source's parameter has this value
      kParam,    // `:name` of the triggered product, which takes the source's value
      kAny,      // `*`
    };

    Kind kind = Kind::kAny;
    std::string text;  // of a literal: decoded, so that a zero byte is NULL; of a parameter: its name
  };

  std::string text;    // as written
  std::string source;  // name of a product or an updater
  std::vector<Part> parts;
  bool whole_source = false;  // no parts are written: every key of the source
  Location location;
};

struct RefreshRules {
  std::vector<Trigger> after_primes;
  std::vector<Trigger> after_updates;
  std::optional<Schedule> schedule;
  std::optional<std::chrono::milliseconds> fresh;  // the author's target for the age of what is served
  std::string domain_key;                          // as written; empty: none
  Location domain_location;
  bool on_boot = false;
};

}  // namespace kck
