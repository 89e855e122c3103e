// Holding a folder's products against its live databases: what `kck check` and start-up report beyond the files.
#pragma once

#include "model/loader.h"
#include "source/sources.h"

namespace kck {

// Describes every product's statement at its source, and tries its process_result expression. Every fault of the folder
// in one run. A database that cannot be reached is one fault, with `unreachable` set. Blocks.
Faults CheckProducts(const std::vector<ProductPtr>& products, const Sources& sources);

}  // namespace kck
