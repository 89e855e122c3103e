// Holding a folder's definitions against each other: the sources of triggers, domains, what leads to what.
#pragma once

#include "model/loader.h"

namespace kck {

// Reports what a trigger, domain_key or process names and is not there or does not fit, and chains of refreshes that
// lead back or are too long. What names a definition with a fault of its own is let be until that is mended.
void CheckTriggers(const Folder& folder, Faults& faults);

}  // namespace kck
