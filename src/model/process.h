// A process: scheduled work, as its author defined it. Immutable once loaded.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "model/product.h"
#include "model/schedule.h"

namespace kck {

// What becomes of the times that were missed while nobody ran the process.
enum class MissedRuns {
  kSkip,  // none is made up for
  kOnce,  // one for all of them
  kAll,   // each of them, one after another
};

struct Process {
  std::string name;
  Location location;  // of the definition, for messages
  Schedule schedule;
  MissedRuns missed = MissedRuns::kOnce;

  // Exactly one of the three is set.
  std::string domain;                             // a product with a domain_key: its keys are refreshed
  std::shared_ptr<const SqlStatement> statement;  // SQL without parameters, run as one transaction that may write
  PythonFunctionPtr function;

  Location domain_location;
  std::string database;     // of the statement
  Location template_start;  // as Product::template_start
};

using ProcessPtr = std::shared_ptr<const Process>;

}  // namespace kck
