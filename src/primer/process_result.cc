#include "primer/process_result.h"

#include "primer/jq_program.h"
#include "primer/json_path.h"

namespace kck {

Result<std::string> ApplyProcessResult(const ProcessResult& process, std::string rows_json) {
  if (!process.jsonpath_first.empty()) return JsonPathFirst(process.jsonpath_first, rows_json);
  if (!process.jq.empty()) return JqFirst(process.jq, rows_json);
  return rows_json;
}

std::string ProcessResultFault(const ProcessResult& process) {
  if (!process.jsonpath_first.empty()) return JsonPathFault(process.jsonpath_first);
  if (!process.jq.empty()) return JqFault(process.jq);
  return "";
}

}  // namespace kck
