// What the commands print, in one manner: results on standard output, errors on standard error with the next thing to
// try.
#pragma once

#include <string>
#include <string_view>

#include "model/fault.h"
#include "model/loader.h"

namespace kck {

void PrintLine(std::string_view line);

// "kck: MESSAGE" on standard error. Returns kExitFailed.
int Failed(std::string_view message);

// "1 product", "2 products", "2 processes".
std::string CountText(std::size_t count, std::string_view noun);

// "1 product, 2 updaters and 0 processes": what was read without a fault.
std::string DefinitionCounts(const Folder& folder);

// One line a fault, in the order of file, line and column; "2 errors, 1 warning" is the summary.
std::string FaultLines(Faults faults);
std::string FaultSummary(const Faults& faults);
std::string FaultsJson(Faults faults);

// JSON text for a terminal: the items of a list, and the members of an object, on lines of their own; what is inside
// them stays on theirs, so that a row is a line.
std::string OneItemALine(std::string_view json);

}  // namespace kck
