#include "primer/python_hooks.h"

#include <fmt/format.h>

#include "primer/python_primer.h"

namespace kck {
namespace {

constexpr auto kHookTimeMax = std::chrono::seconds(30);

Result<PythonResult> OneOf(Result<std::vector<PythonResult>> results, const std::string& what) {
  if (!results) return Failure(std::move(results.error()));
  PythonResult& result = results->front();
  if (result.failure) return Failure(ErrorOf(*result.failure, what));
  return std::move(result);
}

std::string TextOf(const Error& error) {
  return error.detail.empty() ? error.message : fmt::format("{}\n{}", error.message, error.detail);
}

}  // namespace

void PythonHooks::Before(HookEvent event, TimePoint deadline, std::function<void()> done) {
  if (!HasHook(event.hooks, event.hook)) return done();
  const std::string what = fmt::format("the hook {} of {}", HookName(event.hook), event.key);
  Call(std::move(event), deadline, false, [this, what, done = std::move(done)](const Result<PythonResult>& result) {
    if (!result) Report(what, TextOf(result.error()));
    done();
  });
}

void PythonHooks::After(HookEvent event) {
  if (!HasHook(event.hooks, event.hook)) return;
  const std::string what = fmt::format("the hook {} of {}", HookName(event.hook), event.key);
  if (++behind_ > kBehindMax) {
    --behind_;
    return Report(what, "it is not called, since too many hooks wait");
  }
  Call(std::move(event), Clock::now() + kHookTimeMax, true, [this, what](const Result<PythonResult>& result) {
    --behind_;
    if (!result) Report(what, TextOf(result.error()));
  });
}

void PythonHooks::Make(HookEvent event, TimePoint deadline, std::function<void(Result<PythonResult>)> done) {
  Call(std::move(event), deadline, false, std::move(done));
}

void PythonHooks::Call(HookEvent event, TimePoint deadline, bool behind,
                       std::function<void(Result<PythonResult>)> done) {
  WorkerPool::Request request;
  request.call.kind = PythonCall::Kind::kHook;
  request.call.hook = event.hook;
  request.call.name = std::move(event.name);
  request.call.key = event.key;
  request.call.keys = std::move(event.params);
  request.call.params = std::move(event.write_params);
  request.call.action = std::move(event.action);
  request.call.value = std::move(event.value);
  request.call.hints.push_back(std::move(event.hints));
  request.function = event.hooks->function;
  // Whoever waits for the key, or the write, waits for its hooks too.
  request.computes = {request.call.action.empty() ? std::move(event.key) : WorkerPool::WriteOf(request.call.name)};
  request.behind = behind;
  const std::string what = fmt::format("{} of {}", HookName(event.hook), request.call.name);
  request.done = [what, done = std::move(done)](Result<std::vector<PythonResult>> results) {
    done(OneOf(std::move(results), what));
  };
  pool_.Call(std::move(request), std::min(deadline, Clock::now() + kHookTimeMax));
}

void PythonHooks::Report(const std::string& what, const std::string& why) {
  failed_logged_.Warn(Clock::now(), what, why);
}

HookEvent EventOf(const ResolvedKey& key, Hook hook) {
  return {key.product->hooks, hook, key.product->name, key.text, {key.params}};
}

HookEvent EventOf(const ResolvedWrite& write, Hook hook) {
  HookEvent event{write.updater->hooks, hook, write.updater->name, WriteKey(write), {}};
  event.action = WriteActionName(write.action);
  event.write_params = NamedParams(write);
  return event;
}

}  // namespace kck
