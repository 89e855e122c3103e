// Holding a folder's definitions against its live databases: what `kck check` and start-up report beyond the files.
#pragma once

#include "model/loader.h"
#include "source/sources.h"

namespace kck {

// Describes every product's statement at its source, every updater's and process's at its writer, and compiles
// process_result expressions. Every fault in one run, with its place in the author's file. A database that cannot be
// reached is one fault, with `unreachable` set; the syntax of its statements is checked all the same where it is
// PostgreSQL. A product whose keys are not filled together is told of by a warning. Blocks.
Faults CheckOnDatabases(const Folder& folder, const Databases& databases);

}  // namespace kck
