// When a process runs: its plan, the wall clock, and what was missed.
#include <algorithm>

#include "base/log.h"
#include "process/runner_impl.h"

namespace kck {
namespace {

// A wall clock that goes back so far was wrong before, and what was planned by it is planned anew. Below it, ticks that
// were run stay so.
constexpr std::int64_t kClockBackMsMax = 3600 * 1000;

}  // namespace

void ProcessRunner::Impl::Look() {
  MutexLock lock(mutex_);
  if (stopping_) return;
  const std::int64_t now = scheduler_.UnixMillis();
  const bool went_back = now + kClockBackMsMax < looked_at_;
  looked_at_ = now;
  for (const auto& [name, state] : states_) {
    if (went_back) state->next.reset();
    Advance(state);
  }
  SetTimer();
}

void ProcessRunner::Impl::Advance(const StatePtr& state) {
  if (stopping_ || state->busy || !state->process) return;
  if (state->owed.empty()) TakeDue(*state);
  if (state->owed.empty()) return Plan(*state);
  BeginTurn(state);
}

void ProcessRunner::Impl::TakeDue(State& state) {
  const std::int64_t now = scheduler_.UnixMillis();
  if (!state.next || state.next->begins > now) return;
  if (now - state.next->begins > limits_.late_max.count()) {
    TakeMissed(state);
  } else {
    state.owed.push_back(state.next->at);
  }
  state.next.reset();
}

void ProcessRunner::Impl::TakeMissed(State& state) {
  const Process& process = *state.process;
  const bool all = process.missed == MissedRuns::kAll;
  const Ticks missed =
      TicksBetween(process.schedule, state.record.counts_from, scheduler_.UnixMillis(), all ? limits_.missed_max : 1);
  if (missed.at.empty()) return;
  if (process.missed == MissedRuns::kSkip) {
    state.record.counts_from = missed.at.back();
    return;
  }
  if (!all) state.owed.clear();  // the one run is for what was interrupted too
  state.owed.insert(state.owed.end(), missed.at.begin(), missed.at.end());
  if (all && missed.more) {
    LogWarning("process {} missed more than {} of its times, and makes up for the last {}", process.name,
               limits_.missed_max, limits_.missed_max);
  }
}

void ProcessRunner::Impl::Plan(State& state) {
  if (state.next) return;
  const std::int64_t now = scheduler_.UnixMillis();
  if (state.record.counts_from > now + kClockBackMsMax) state.record.counts_from = now;
  const double random = std::uniform_real_distribution<>(0, 1)(random_);
  state.next = NextTick(state.process->schedule, state.record.counts_from, random);
}

void ProcessRunner::Impl::SetTimer() {
  if (timer_ != 0) scheduler_.Cancel(std::exchange(timer_, 0));
  if (stopping_ || states_.empty()) return;
  const std::int64_t now = scheduler_.UnixMillis();
  std::int64_t wait = limits_.look_pause.count();
  for (const auto& [name, state] : states_) {
    if (state->next) wait = std::min(wait, std::max<std::int64_t>(state->next->begins - now, 0));
  }
  const auto look = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Look();
  };
  timer_ = scheduler_.At(scheduler_.Now() + std::chrono::milliseconds(wait), look);
}

}  // namespace kck
