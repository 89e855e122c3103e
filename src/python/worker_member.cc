#include "python/worker_member.h"

#include <fmt/format.h>

#include <algorithm>

namespace kck {

std::string SourceName(std::string_view kind, std::string_view name) { return fmt::format("{} {}", kind, name); }

std::string_view KindName(const PythonCall& call) {
  switch (call.kind) {
    case PythonCall::Kind::kPrime:
      return "product";
    case PythonCall::Kind::kUpdate:
      return "updater";
    case PythonCall::Kind::kRun:
      return "process";
    case PythonCall::Kind::kHook:
      return call.keys.empty() ? "updater" : "product";
  }
  return "";
}

bool PoolMember::Knows(const PoolCall& call) const {
  const auto source = sources.find(SourceName(KindName(call.request.call), call.request.call.name));
  return source != sources.end() && source->second == call.request.function->source_hash;
}

bool PoolCall::Asks(const std::vector<std::string>& keys) const {
  return std::ranges::any_of(asked, [&](const auto& one) { return std::ranges::find(keys, one.second) != keys.end(); });
}

WaitingCalls WaitersOf(const PoolCall& call, const std::vector<std::shared_ptr<PoolMember>>& members) {
  WaitingCalls found;
  std::vector<const PoolCall*> left{&call};
  while (!left.empty()) {
    const PoolCall* const one = left.back();
    left.pop_back();
    for (const auto& member : members) {
      for (const PoolCallPtr& other : member->running) {
        if (other->Asks(one->request.computes) && found.insert(other.get()).second) left.push_back(other.get());
      }
    }
  }
  return found;
}

bool PoolMember::Takes(const PoolCall& call, const WaitingCalls& waiters, std::size_t concurrency) const {
  if (!ready || retiring || !Knows(call)) return false;
  const bool wanted = !waiters.empty();
  const bool is_alone = call.alone || std::ranges::any_of(running, [](const PoolCallPtr& one) { return one->alone; });
  const bool all_wait = std::ranges::all_of(running, &PoolCall::waits);
  if (is_alone && !running.empty() && !(wanted && all_wait)) return false;
  if (call.is_async()) {
    const auto async = std::ranges::count_if(running, [](const PoolCallPtr& one) { return one->is_async(); });
    return static_cast<std::size_t>(async) < concurrency || wanted;
  }
  // One that waits goes on only when what was put upon it has ended. So that has to be what it waits for: anything else
  // might itself wait for one of those below, for ever.
  const auto top =
      std::ranges::find_if(running.rbegin(), running.rend(), [](const PoolCallPtr& one) { return !one->is_async(); });
  return top == running.rend() || waiters.contains(top->get());
}

}  // namespace kck
