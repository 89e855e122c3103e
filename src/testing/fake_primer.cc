#include "testing/fake_primer.h"

#include <utility>

#include "base/json.h"
#include "testing/held_primer.h"

namespace kck {
namespace {

Result<Primed> KeyAsValue(const ResolvedKey& key) {
  std::string value;
  AppendJsonString(value, key.text);
  return PrimedAt(std::move(value), 700);
}

}  // namespace

FakePrimer::FakePrimer(Scheduler& scheduler) : scheduler_(scheduler), script_(KeyAsValue) {}

void FakePrimer::SetScript(Script script) {
  std::lock_guard lock(mutex_);
  script_ = std::move(script);
}

void FakePrimer::PrimeBehind(std::vector<Request> requests, TimePoint deadline) {
  for (Request& request : requests) Prime(std::move(request), deadline);
}

void FakePrimer::Prime(Request request, TimePoint) {
  std::lock_guard lock(mutex_);
  ++begun_;
  changed_.notify_all();
  auto answer = [this, request = std::move(request)] { Answer(request.key, request.done); };
  if (holds_) {
    held_.push_back(std::move(answer));
  } else {
    scheduler_.Post(std::move(answer));
  }
}

void FakePrimer::Answer(const ResolvedKey& key, Callback done) {
  Script script;
  {
    std::lock_guard lock(mutex_);
    script = script_;
  }
  done(script(key));
}

void FakePrimer::Hold() {
  std::lock_guard lock(mutex_);
  holds_ = true;
}

void FakePrimer::Release() {
  std::lock_guard lock(mutex_);
  holds_ = false;
  for (auto& answer : std::exchange(held_, {})) scheduler_.Post(std::move(answer));
}

std::size_t FakePrimer::begun() const {
  std::lock_guard lock(mutex_);
  return begun_;
}

void FakePrimer::AwaitBegun(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return begun_ >= count; });
}

}  // namespace kck
