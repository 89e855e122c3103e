// The way of results from the driver's threads to a scheduler's, many at a time.
//
// A driver's thread only links its result into a list. Who finds the list empty posts one job, and that job calls back
// for all that has come by then: under load a hand-over costs a part of what a post for each result would.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/scheduler.h"
#include "store/cql_result.h"

namespace kck {

// Any thread, but for AwaitAll. The scheduler outlives it.
class CqlCompletions : public std::enable_shared_from_this<CqlCompletions> {
 public:
  using Callback = std::function<void(CqlResult)>;

  CqlCompletions(Scheduler& scheduler, std::size_t requests_max) : scheduler_(scheduler), requests_max_(requests_max) {}
  ~CqlCompletions();
  CqlCompletions(const CqlCompletions&) = delete;
  CqlCompletions& operator=(const CqlCompletions&) = delete;

  // What `OnDone` is to be given for this request, exactly once; null where too many requests are under way, which
  // `done` is told. It runs on a thread of the scheduler, or of AwaitAll's caller, and never inside this call.
  void* Begin(Callback done);

  // A KckCqlDone.
  static void OnDone(void* begun, KckCqlResult* result) noexcept;

  // Runs callbacks until none is outstanding. Not from a callback.
  void AwaitAll();

  // Counts a result that did not come this way.
  void Count(CqlStatus status) {
    counts_[static_cast<std::size_t>(status)].fetch_add(1, std::memory_order_relaxed);
    if (status == CqlStatus::kTimeout || status == CqlStatus::kUnavailable) {
      failed_in_a_row_.fetch_add(1, std::memory_order_relaxed);
    } else if (status == CqlStatus::kOk && failed_in_a_row() != 0) {
      failed_in_a_row_.store(0, std::memory_order_relaxed);
    }
  }
  std::uint64_t failed_in_a_row() const { return failed_in_a_row_.load(std::memory_order_relaxed); }
  std::uint64_t count(CqlStatus status) const {
    return counts_[static_cast<std::size_t>(status)].load(std::memory_order_relaxed);
  }
  std::size_t outstanding() const { return outstanding_.load(std::memory_order_relaxed); }

 private:
  struct Request;

  static void Push(Request* request);
  void Drain();
  void NoteChange();

  Scheduler& scheduler_;
  const std::size_t requests_max_;
  std::atomic<Request*> done_{nullptr};  // the latest first
  std::atomic<std::size_t> outstanding_{0};
  std::atomic<std::uint32_t> changes_{0};  // of the two above, for AwaitAll to wait on
  std::array<std::atomic<std::uint64_t>, kCqlStatuses> counts_{};
  std::atomic<std::uint64_t> failed_in_a_row_{0};
};

}  // namespace kck
