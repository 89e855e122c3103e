// process_result: making the rows into the value, by JSONPath or jq.
//
// JSONPath keeps every scalar as the source wrote it. jq computes, with numbers as doubles: integers past 2^53 and long
// decimals are rounded. No match and no output are null; of several, the first is the value.
#pragma once

#include <string>

#include "base/result.h"
#include "model/product.h"

namespace kck {

// KCKPrimerFailed where the expression fails on these rows; the message says how, without the rows' data. Any thread.
Result<std::string> ApplyProcessResult(const ProcessResult& process, std::string rows_json);

// Why the expression does not compile, for `kck check`; empty where it does.
std::string ProcessResultFault(const ProcessResult& process);

}  // namespace kck
