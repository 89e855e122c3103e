// Which request it is that a piece of work is done for, as logs and databases are told it.
#pragma once

#include <memory>
#include <string>

namespace kck {

struct Trace {
  std::string request_id;
  // Of W3C Trace Context, and set where the request came with one:
  std::string trace_id;
  std::string span_id;   // of this node's part of the trace
  bool sampled = false;  // who traces wants it recorded

  // What is passed on: this node's part as the parent. Requires a trace_id.
  std::string Traceparent() const { return "00-" + trace_id + "-" + span_id + (sampled ? "-01" : "-00"); }
};

// Null: no request asks for it.
using TracePtr = std::shared_ptr<const Trace>;

}  // namespace kck
