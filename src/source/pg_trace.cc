// The part of PgPipeline that tells the database whom a statement is for.
//
// As the session's application_name, which pg_stat_activity and log_line_prefix's %a show, it is set before the
// statement and put back behind it: all three go out together, each a transaction of its own.
#include "source/pg_pipeline.h"

namespace kck {

bool PgPipeline::NameAfter(const TracePtr& trace) {
  if (!trace || !trace->sampled || trace->trace_id.empty()) return false;
  const std::string name = "kck " + trace->Traceparent();
  const char* values[] = {name.c_str()};
  Push({}, PQsendQueryParams(connection_.get(), "select pg_catalog.set_config('application_name', $1, false)", 1,
                             nullptr, values, nullptr, nullptr, 0));
  return true;
}

void PgPipeline::Unname() {
  Push({}, PQsendQueryParams(connection_.get(), "reset application_name", 0, nullptr, nullptr, nullptr, nullptr, 0));
}

}  // namespace kck
