// Which keys are due when another key was computed, or written through an updater.
//
// Pure functions over loaded definitions; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/product.h"
#include "model/updater.h"

namespace kck {

struct ResolvedKey;

// A trigger that has been held against its source's parameters.
struct BoundTrigger {
  struct Part {
    Trigger::Part::Kind kind = Trigger::Part::Kind::kAny;
    ParamValue literal;     // canonical
    std::size_t param = 0;  // of the triggered product
  };

  std::vector<Part> parts;  // one for each parameter of the source
  bool whole = false;       // some parameter of the product is not named: all of its keys are due
};

// `source` are the parameters of the trigger's source: of a product all, of an updater its primary key. The error says
// what does not fit.
Result<BoundTrigger> BindTrigger(const Trigger& trigger, const Product& product, const std::vector<Param>& source);

// A product that is due after its source.
struct Dependent {
  ProductPtr product;
  BoundTrigger trigger;
};

// The parameters of an updater that triggers stand for: its primary key.
std::vector<Param> KeyParamsOf(const Updater& updater);

// Whether the trigger fires for these values of the source's parameters.
bool Fires(const BoundTrigger& trigger, const std::vector<ParamValue>& source);

// The key that is due; nothing where a value is none of the product's parameter, so that there is no such key. Requires
// that the trigger fires and is not `whole`.
std::optional<ResolvedKey> DueKey(const Dependent& dependent, const std::vector<ParamValue>& source);

}  // namespace kck
