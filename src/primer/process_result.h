// process_result: making the rows into the value, by JSONPath or jq.
//
// Numbers keep their digits where the path is a plain one ($, .name, ['name'], [n]): the value is cut out of the text.
// Other JSONPath expressions (json-glib) and jq read numbers as doubles, so integers past 2^53 and long decimals are
// rounded. No match and no output are null; of several, the first is the value.
#pragma once

#include <string>

#include "base/result.h"
#include "model/product.h"

namespace kck {

// KCKPrimerFailed where the expression fails on these rows; the message is the library's. Any thread.
Result<std::string> ApplyProcessResult(const ProcessResult& process, std::string rows_json);

// Why the expression does not compile, for `kck check`; empty where it does.
std::string ProcessResultFault(const ProcessResult& process);

}  // namespace kck
