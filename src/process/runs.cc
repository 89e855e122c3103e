// One run of a process, step by step.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "primer/python_functions.h"
#include "process/runner_impl.h"

namespace kck {
namespace {

std::string CountOf(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

// Some keys that fail are the refresh queue's to tell; where none can be computed, the run was for nothing.
Result<std::string> OutcomeOf(const DomainWalkReport& walk) {
  const std::string keys = CountOf(walk.keys, "key");
  if (walk.failed > 0 && walk.failed >= walk.keys) {
    return Fail(ErrorCode::kPrimerFailed, fmt::format("none of its {} could be computed", keys));
  }
  std::string text = fmt::format("{}, {} failed", keys, walk.failed);
  if (walk.refused > 0) text += fmt::format(", {} of the domain fit no key", CountOf(walk.refused, "item"));
  return text;
}

}  // namespace

void ProcessRunner::Impl::BeginTurn(const StatePtr& state) {
  state->busy = true;
  state->next.reset();
  state->working = state->process;
  state->turn = state->owed.front();
  state->owed.pop_front();
  if (state->turn == kByHand) return Begin(state);
  Then(&Impl::Claim, state)();
}

// Not under the lock: others are called.
void ProcessRunner::Impl::Claim(const StatePtr& state) {
  claim_.Claim(state->name, state->turn, Then(&Impl::OnClaimed, state));
}

void ProcessRunner::Impl::OnClaimed(const StatePtr& state, Result<bool> granted) {
  MutexLock lock(mutex_);
  if (granted && *granted && !stopping_) return Begin(state);
  if (!granted) {
    LogWarning("a tick of process {} could not be claimed, and is left out: {}", state->name, granted.error().message);
  }
  if (!stopping_) {
    // Another node runs it.
    state->record.counts_from = std::max(state->record.counts_from, state->turn);
    Keep(*state);
  }
  EndTurn(state);
}

void ProcessRunner::Impl::Begin(const StatePtr& state) {
  ProcessRecord& record = state->record;
  record.counts_from = std::max(record.counts_from, state->turn);
  record.begun = ProcessRun{state->turn, scheduler_.UnixMillis(), 0, "", ""};
  state->began = scheduler_.Now();
  store_.PutRecord(std::string(ProcessRecord::kPrefix) + state->name, record.Text(), Then(&Impl::OnBegun, state));
}

void ProcessRunner::Impl::OnBegun(const StatePtr& state, Result<void> recorded) {
  MutexLock lock(mutex_);
  if (!recorded) {
    recorded.error().message += "; the process was not begun";
    return Finish(state, Failure(std::move(recorded.error())));
  }
  if (state->answer == Answer::kBegun) Tell(*state, *state->record.begun);
  Then(&Impl::Work, state)();
}

// Not under the lock: others are called. Until it ends, nobody changes what is read here.
void ProcessRunner::Impl::Work(const StatePtr& state) {
  const Process& process = *state->working;
  if (process.statement) return RunStatement(state, process);
  if (process.function) return RunFunction(state, process);
  RefreshDomain(state, process);
}

void ProcessRunner::Impl::RunFunction(const StatePtr& state, const Process& process) {
  if (functions_ == nullptr) return OnWorked(state, Fail(ErrorCode::kPrimerFailed, "there are no Python workers"));
  if (!LeaveAtStop(state)) return;
  const auto ended = Then(&Impl::OnWorked, state);
  functions_->Run(process, [ended](const Result<void>& ran) { ended(ran.map([] { return std::string("done"); })); });
}

// Its work is left where the runner stops, and begun again at the next start. False: it stops already.
bool ProcessRunner::Impl::LeaveAtStop(const StatePtr& state) {
  MutexLock lock(mutex_);
  state->walking = true;
  idle_.notify_all();
  return !stopping_;
}

void ProcessRunner::Impl::RunStatement(const StatePtr& state, const Process& process) {
  const auto database = databases_.find(process.database);
  if (database == databases_.end()) {
    return OnWorked(state, Fail(ErrorCode::kSourceError, fmt::format("there is no database {}", process.database)));
  }
  const auto& [name, use] = *database;
  const TimePoint deadline = scheduler_.Now() + use.statement_timeout + limits_.connect_time;
  const auto ended = Then(&Impl::OnWorked, state);
  use.writer->Write(process.statement, {}, deadline, [ended](const Result<Written>& written) {
    ended(written.map([](const Written& done) { return CountOf(done.rows, "row"); }));
  });
}

void ProcessRunner::Impl::RefreshDomain(const StatePtr& state, const Process& process) {
  const CatalogPtr catalog = engine_.catalog();
  const ProductPtr* product = catalog->Find(process.domain);
  if (product == nullptr || (*product)->refresh.domain_key.empty()) {
    return OnWorked(state,
                    Fail(ErrorCode::kUnknownKey, fmt::format("there is no product {} with a domain", process.domain)));
  }
  if (!LeaveAtStop(state)) return;
  const auto ended = Then(&Impl::OnWorked, state);
  refresher_.RefreshDomain(*product, RefreshReason::kDomain, false,
                           [ended](const Result<DomainWalkReport>& walk) { ended(walk.and_then(OutcomeOf)); });
}

void ProcessRunner::Impl::OnWorked(const StatePtr& state, Result<std::string> outcome) {
  MutexLock lock(mutex_);
  // What it does is stopped under it: its record says that it has not ended.
  if (stopping_ && state->walking && !outcome) return;
  Finish(state, std::move(outcome));
}

void ProcessRunner::Impl::Finish(const StatePtr& state, Result<std::string> outcome) {
  ProcessRecord& record = state->record;
  ProcessRun run = *std::exchange(record.begun, std::nullopt);
  run.took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(scheduler_.Now() - state->began).count();
  run.result = outcome ? ProcessRun::kDone : ErrorName(outcome.error().code);
  run.detail = outcome ? *outcome : outcome.error().message;
  ++state->results[run.result];
  record.Add(run);
  if (outcome) {
    record.last_success_unix_ms = scheduler_.UnixMillis();
  } else {
    record.last_failure = run;
    LogWarning("process {} failed: {}: {}", state->name, run.result, run.detail);
    LogDetail(state->name, outcome.error().detail);
  }
  // `every` counts from the end, once nothing is to be made up for; among nodes from the tick before that, but not from
  // one before its own, where jitter had it begin early.
  const Schedule& schedule = state->working->schedule;
  if (schedule.every && state->owed.empty()) {
    const std::int64_t from = FromNow(schedule);
    record.counts_from = claim_.among_nodes() ? std::max(record.counts_from, from) : from;
  }
  state->walking = false;
  state->recording = true;
  state->outcome = std::move(outcome);
  store_.PutRecord(std::string(ProcessRecord::kPrefix) + state->name, record.Text(), Then(&Impl::OnRecorded, state));
}

void ProcessRunner::Impl::OnRecorded(const StatePtr& state, Result<void> recorded) {
  MutexLock lock(mutex_);
  if (!recorded) LogWarning("the end of process {} is not stored: {}", state->name, recorded.error().message);
  Result<std::string>& outcome = state->outcome;
  Tell(*state, outcome ? Result<ProcessRun>(state->record.runs.front()) : Failure(std::move(outcome.error())));
  EndTurn(state);
}

void ProcessRunner::Impl::EndTurn(const StatePtr& state) {
  state->busy = false;
  state->recording = false;
  state->working = nullptr;
  if (state->process && state->owed.empty()) TakeMissed(*state);
  Advance(state);
  SetTimer();
  idle_.notify_all();
}

void ProcessRunner::Impl::Tell(State& state, Result<ProcessRun> run) {
  if (!state.waiting) return;
  scheduler_.Post([done = std::exchange(state.waiting, nullptr), run = std::move(run)] { done(run); });
}

}  // namespace kck
