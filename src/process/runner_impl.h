// The process runner's inside: what it knows of each process, and the steps of a run.
//
//   idle ─▶ claim ─▶ record of the begin ─▶ work ─▶ record of the end ─▶ idle
//
// Each arrow is a callback of somebody else, and comes back as a step on the scheduler.
#pragma once

#include <condition_variable>
#include <deque>
#include <random>

#include "base/thread_annotations.h"
#include "process/process_record.h"
#include "process/process_runner.h"
#include "process/ticks.h"

namespace kck {

class ProcessRunner::Impl : public std::enable_shared_from_this<ProcessRunner::Impl> {
 public:
  Impl(Scheduler& scheduler, Store& store, Engine& engine, RefreshWorker& refresher,
       std::map<std::string, ProcessDatabase> databases, TickClaim& claim, ProcessLimits limits, std::uint64_t seed,
       PythonFunctions* functions);

  // process_runner.cc
  void Start(DoneCallback done);
  void Stop();
  void CatalogChanged();
  void Run(const std::string& name, Answer answer, RunCallback done);
  std::vector<ProcessReport> Report() const;

 private:
  static constexpr std::int64_t kByHand = 0;  // in the place of a tick

  struct State {
    explicit State(std::string process_name) : name(std::move(process_name)) {}

    const std::string name;
    ProcessPtr process;     // null: the catalog has it not
    bool counting = false;  // record.counts_from is of its present times
    ProcessRecord record;
    std::optional<Tick> next;       // while it is idle
    std::deque<std::int64_t> owed;  // ticks to be run at once, one after another

    bool busy = false;       // from the claim to the record of the end
    bool walking = false;    // of that, while a domain is refreshed
    bool recording = false;  // of that, while the end is put on record
    std::int64_t turn = 0;   // the tick that it is busy for
    ProcessPtr working;      // the definition that runs
    TimePoint began;
    Result<std::string> outcome;
    Answer answer = Answer::kEnded;
    RunCallback waiting;  // who ran it by hand; empty: nobody waits any more
    std::map<std::string, std::uint64_t, std::less<>> results;
  };
  using StatePtr = std::shared_ptr<State>;

  // `step` as a callback: on the scheduler, and nothing once the runner is gone.
  template <typename... Args>
  std::function<void(Args...)> Then(void (Impl::*step)(const StatePtr&, Args...), StatePtr state) {
    return [weak = weak_from_this(), &scheduler = scheduler_, step, state = std::move(state)](Args... args) {
      scheduler.Post([weak, step, state, ... args = std::move(args)] {
        if (const auto self = weak.lock()) ((*self).*step)(state, args...);
      });
    };
  }

  // process_runner.cc
  void Restore(const std::vector<std::pair<std::string, std::string>>& records) KCK_REQUIRES(mutex_);
  void Adopt(const CatalogPtr& catalog) KCK_REQUIRES(mutex_);
  std::int64_t FromNow(const Schedule& schedule) const;
  void CountFromNow(State& state) KCK_REQUIRES(mutex_);
  void Resume(State& state) KCK_REQUIRES(mutex_);
  void Keep(const State& state) KCK_REQUIRES(mutex_);

  // times.cc
  void Look();
  void Advance(const StatePtr& state) KCK_REQUIRES(mutex_);
  void TakeDue(State& state) KCK_REQUIRES(mutex_);
  void TakeMissed(State& state) KCK_REQUIRES(mutex_);
  void Plan(State& state) KCK_REQUIRES(mutex_);
  void SetTimer() KCK_REQUIRES(mutex_);

  // runs.cc
  void BeginTurn(const StatePtr& state) KCK_REQUIRES(mutex_);
  void Claim(const StatePtr& state);
  void OnClaimed(const StatePtr& state, Result<bool> granted);
  void Begin(const StatePtr& state) KCK_REQUIRES(mutex_);
  void OnBegun(const StatePtr& state, Result<void> recorded);
  void Work(const StatePtr& state);
  void RunStatement(const StatePtr& state, const Process& process);
  void RunFunction(const StatePtr& state, const Process& process);
  bool LeaveAtStop(const StatePtr& state) KCK_EXCLUDES(mutex_);
  void RefreshDomain(const StatePtr& state, const Process& process);
  void OnWorked(const StatePtr& state, Result<std::string> outcome);
  void Finish(const StatePtr& state, Result<std::string> outcome) KCK_REQUIRES(mutex_);
  void OnRecorded(const StatePtr& state, Result<void> recorded);
  void EndTurn(const StatePtr& state) KCK_REQUIRES(mutex_);
  void Tell(State& state, Result<ProcessRun> run) KCK_REQUIRES(mutex_);

  Scheduler& scheduler_;
  Store& store_;
  Engine& engine_;
  RefreshWorker& refresher_;
  const std::map<std::string, ProcessDatabase> databases_;
  PythonFunctions* const functions_;  // null: nothing is in Python
  TickClaim& claim_;
  const ProcessLimits limits_;

  mutable Mutex mutex_;
  std::condition_variable_any idle_;
  bool stopping_ KCK_GUARDED_BY(mutex_) = false;
  std::map<std::string, StatePtr, std::less<>> states_ KCK_GUARDED_BY(mutex_);
  Scheduler::TimerId timer_ KCK_GUARDED_BY(mutex_) = 0;
  std::int64_t looked_at_ KCK_GUARDED_BY(mutex_) = 0;  // the wall clock then
  std::minstd_rand random_ KCK_GUARDED_BY(mutex_);
};

}  // namespace kck
