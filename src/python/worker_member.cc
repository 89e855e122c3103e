#include "python/worker_member.h"

#include <fmt/format.h>

#include <algorithm>

namespace kck {

std::string SourceName(std::string_view kind, std::string_view name) { return fmt::format("{} {}", kind, name); }

std::string_view KindName(PythonCall::Kind kind) {
  switch (kind) {
    case PythonCall::Kind::kPrime:
      return "product";
    case PythonCall::Kind::kUpdate:
      return "updater";
    case PythonCall::Kind::kRun:
      return "process";
  }
  return "";
}

bool PoolMember::Knows(const PoolCall& call) const {
  const auto source = sources.find(SourceName(KindName(call.request.call.kind), call.request.call.name));
  return source != sources.end() && source->second == call.request.function->source_hash;
}

bool PoolMember::Takes(const PoolCall& call, bool wanted, std::size_t concurrency) const {
  if (!ready || retiring || !Knows(call)) return false;
  // Upon a call that waits, another one runs only where that is what is waited for: else it would wait for both.
  const bool all_wait = std::ranges::all_of(running, &PoolCall::waits);
  if (call.alone) return running.empty() || (wanted && all_wait);
  const bool beside_alone = std::ranges::any_of(running, [](const PoolCallPtr& one) { return one->alone; });
  if (beside_alone && !(wanted && all_wait)) return false;
  if (call.is_async()) {
    const auto async = std::ranges::count_if(running, [](const PoolCallPtr& one) { return one->is_async(); });
    return static_cast<std::size_t>(async) < concurrency || wanted;
  }
  return std::ranges::all_of(running,
                             [&](const PoolCallPtr& one) { return one->is_async() || (wanted && one->waits()); });
}

}  // namespace kck
