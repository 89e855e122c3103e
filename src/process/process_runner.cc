#include "process/process_runner.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "process/runner_impl.h"
#include "store/records_reader.h"

namespace kck {
namespace {

std::string RecordName(const std::string& process) { return std::string(ProcessRecord::kPrefix) + process; }

}  // namespace

ProcessRunner::Impl::Impl(Scheduler& scheduler, Store& store, Engine& engine, RefreshWorker& refresher,
                          std::map<std::string, ProcessDatabase> databases, TickClaim& claim, ProcessLimits limits,
                          std::uint64_t seed, PythonFunctions* functions)
    : scheduler_(scheduler),
      store_(store),
      engine_(engine),
      refresher_(refresher),
      databases_(std::move(databases)),
      functions_(functions),
      claim_(claim),
      limits_(limits),
      random_(static_cast<std::minstd_rand::result_type>(seed)) {}

void ProcessRunner::Impl::Start(DoneCallback done) {
  // Processes run once their records are known; a server does not wait for a store that is away.
  auto on_away = [done] { done({}); };
  auto on_records = [weak = weak_from_this(), done](auto records, bool late) {
    const auto self = weak.lock();
    if (!self) return;
    if (!records) return done(Failure(std::move(records.error())));
    {
      MutexLock lock(self->mutex_);
      self->Restore(*records);
    }
    self->Look();
    if (!late) done({});
  };
  auto wanted = [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return false;
    MutexLock lock(self->mutex_);
    return !self->stopping_;
  };
  ReadRecords(store_, scheduler_, {std::string(ProcessRecord::kPrefix), {}, wanted, on_away, on_records});
}

void ProcessRunner::Impl::Restore(const std::vector<std::pair<std::string, std::string>>& records) {
  for (const auto& [record, text] : records) {
    const std::string name = record.substr(ProcessRecord::kPrefix.size());
    auto parsed = ProcessRecord::Parse(text);
    if (!parsed) {
      LogWarning("what the store knows of process {} cannot be read: its times count from now", name);
      continue;
    }
    const StatePtr& state = states_[name] = std::make_shared<State>(name);
    state->record = *std::move(parsed);
    state->counting = true;
  }
  Adopt(engine_.catalog());
  for (auto state = states_.begin(); state != states_.end();) {
    if (state->second->process) {
      Resume(*state++->second);
      continue;
    }
    store_.DeleteRecord(RecordName(state->first), [](const Result<void>&) {});
    state = states_.erase(state);
  }
}

void ProcessRunner::Impl::Adopt(const CatalogPtr& catalog) {
  for (auto& [name, state] : states_) state->process = nullptr;
  for (const ProcessPtr& process : catalog->processes()) {
    StatePtr& state = states_[process->name];
    if (!state) state = std::make_shared<State>(process->name);
    state->process = process;
    const bool same_times = state->record.schedule == process->schedule.text;
    if (!state->counting || !same_times) CountFromNow(*state);
  }
  for (auto& [name, state] : states_) {
    if (state->process) continue;
    state->counting = false;
    state->next.reset();
    state->owed.clear();
  }
}

// Among nodes `every` has the same ticks at each, whenever it started and whichever of them has run.
std::int64_t ProcessRunner::Impl::FromNow(const Schedule& schedule) const {
  const std::int64_t now = scheduler_.UnixMillis();
  return schedule.every && claim_.among_nodes() ? now - now % schedule.every->count() : now;
}

// No tick of times that were not in force has been missed.
void ProcessRunner::Impl::CountFromNow(State& state) {
  state.record.schedule = state.process->schedule.text;
  state.record.counts_from = FromNow(state.process->schedule);
  state.counting = true;
  state.next.reset();
  state.owed.clear();
  if (!state.busy) Keep(state);
}

// After a restart: what was interrupted, and what was missed meanwhile.
void ProcessRunner::Impl::Resume(State& state) {
  if (state.record.begun) {
    ProcessRun interrupted = *std::exchange(state.record.begun, std::nullopt);
    interrupted.result = ProcessRun::kInterrupted;
    interrupted.detail = "the server ended while it ran";
    ++state.results[interrupted.result];
    state.record.Add(interrupted);
    const bool again = !state.process->domain.empty() || state.process->missed != MissedRuns::kSkip;
    if (again) state.owed.push_back(interrupted.tick_unix_ms);
    LogWarning("process {} was interrupted{}", state.name, again ? ", and is begun again" : "");
  }
  TakeMissed(state);
}

void ProcessRunner::Impl::Keep(const State& state) {
  store_.PutRecord(RecordName(state.name), state.record.Text(), [name = state.name](const Result<void>& kept) {
    if (!kept) LogWarning("the record of process {} is not stored: {}", name, kept.error().message);
  });
}

void ProcessRunner::Impl::Stop() {
  mutex_.lock();
  stopping_ = true;
  scheduler_.Cancel(timer_);
  const auto holds_up = [](const auto& item) { return item.second->busy && !item.second->walking; };
  while (std::ranges::any_of(states_, holds_up)) idle_.wait(mutex_);
  for (auto& [name, state] : states_) {
    Tell(*state, Fail(ErrorCode::kOverloaded, "the server is shutting down; the process is begun again at its start"));
  }
  mutex_.unlock();
}

void ProcessRunner::Impl::CatalogChanged() {
  {
    MutexLock lock(mutex_);
    Adopt(engine_.catalog());
  }
  Look();
}

void ProcessRunner::Impl::Run(const std::string& name, Answer answer, RunCallback done) {
  MutexLock lock(mutex_);
  const auto refuse = [&](ErrorCode code, std::string why) {
    scheduler_.Post([done = std::move(done), error = Fail(code, std::move(why))] { done(error); });
  };
  const auto found = states_.find(name);
  if (found == states_.end() || !found->second->process) {
    return refuse(ErrorCode::kUnknownKey, "there is no process of that name");
  }
  const StatePtr& state = found->second;
  if (stopping_) return refuse(ErrorCode::kOverloaded, "the server is shutting down");
  if (state->busy || !state->owed.empty()) return refuse(ErrorCode::kOverloaded, "the process runs already");
  state->answer = answer;
  state->waiting = std::move(done);
  state->owed.push_back(kByHand);
  Advance(state);
}

std::vector<ProcessReport> ProcessRunner::Impl::Report() const {
  MutexLock lock(mutex_);
  std::vector<ProcessReport> reports;
  for (const auto& [name, state] : states_) {
    if (!state->process) continue;
    const ProcessRecord& record = state->record;
    ProcessReport& report = reports.emplace_back();
    report.process = state->process;
    if (state->next) report.next_unix_ms = state->next->begins;
    if (state->busy && record.begun) report.running_since_unix_ms = record.begun->began_unix_ms;
    report.owed = state->owed.size();
    report.runs = record.runs;
    report.last_failure = record.last_failure;
    report.last_success_unix_ms = record.last_success_unix_ms;
    report.results = state->results;
    if (!state->recording) continue;
    // Who sees that it has ended may run it again.
    report.running_since_unix_ms = report.runs.front().began_unix_ms;
    report.runs.pop_front();
  }
  return reports;
}

ProcessRunner::ProcessRunner(Scheduler& scheduler, Store& store, Engine& engine, RefreshWorker& refresher,
                             std::map<std::string, ProcessDatabase> databases, TickClaim& claim, ProcessLimits limits,
                             std::uint64_t seed, PythonFunctions* functions)
    : impl_(std::make_shared<Impl>(scheduler, store, engine, refresher, std::move(databases), claim, limits, seed,
                                   functions)) {}

ProcessRunner::~ProcessRunner() = default;

void ProcessRunner::Start(DoneCallback done) { impl_->Start(std::move(done)); }
void ProcessRunner::Stop() { impl_->Stop(); }
void ProcessRunner::CatalogChanged() { impl_->CatalogChanged(); }
void ProcessRunner::Run(const std::string& name, Answer answer, RunCallback done) {
  impl_->Run(name, answer, std::move(done));
}
std::vector<ProcessReport> ProcessRunner::Report() const { return impl_->Report(); }

}  // namespace kck
