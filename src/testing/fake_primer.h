// A Primer that computes what a test scripted: at once, or when the test lets it.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "base/scheduler.h"
#include "primer/primer.h"

namespace kck {

// Thread-safe. Answers run on the scheduler.
class FakePrimer : public Primer {
 public:
  using Script = std::function<Result<Primed>(const ResolvedKey&)>;

  // Without a script, each value is the key's text as JSON, read at version number 700.
  explicit FakePrimer(Scheduler& scheduler);

  void SetScript(Script script);
  void Prime(Request request, TimePoint deadline) override;
  void PrimeBehind(std::vector<Request> requests, TimePoint deadline) override;

  // From now on computes wait until Release, which ends them in the order that they began.
  void Hold();
  void Release();

  std::size_t begun() const;
  // Returns once `count` computes have begun.
  void AwaitBegun(std::size_t count);

 private:
  void Answer(const ResolvedKey& key, Callback done);

  Scheduler& scheduler_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Script script_;
  bool holds_ = false;
  std::size_t begun_ = 0;
  std::vector<std::function<void()>> held_;
};

}  // namespace kck
