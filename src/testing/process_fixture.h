// A process runner with everything around it in a test's hands: time, store, database, claims. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "process/process_runner.h"
#include "refresh/key_ownership.h"
#include "testing/engine_fixture.h"

namespace kck {

// A scheduler whose wall clock a test may set.
class SetClockScheduler : public Scheduler {
 public:
  explicit SetClockScheduler(Scheduler& inner) : inner_(inner) {}

  TimePoint Now() const override { return inner_.Now(); }
  std::int64_t UnixMillis() const override { return inner_.UnixMillis() + set_by.count(); }
  void Post(std::function<void()> work) override { inner_.Post(std::move(work)); }
  TimerId At(TimePoint when, std::function<void()> work) override { return inner_.At(when, std::move(work)); }
  void Cancel(TimerId timer) override { inner_.Cancel(timer); }

  std::chrono::milliseconds set_by{0};

 private:
  Scheduler& inner_;
};

// Claims that a test grants or refuses.
class FakeClaim : public TickClaim {
 public:
  explicit FakeClaim(Scheduler& scheduler) : scheduler_(scheduler) {}
  void Claim(const std::string& process, std::int64_t tick_unix_ms, Callback done) override;
  bool among_nodes() const override { return among; }

  bool among = false;
  Result<bool> answer = true;
  std::vector<std::int64_t> asked;

 private:
  Scheduler& scheduler_;
};

// Products: `all`, whose value is a domain, and `item/:id`, which has it.
class ProcessFixture : public EngineFixture {
 public:
  ProcessFixture();
  ~ProcessFixture() override;

 protected:
  using Edit = std::function<void(Process&)>;

  static Schedule Every(std::chrono::milliseconds every);
  static Schedule Times(std::string_view cron);

  // A process of SQL, "work", without jitter.
  static std::shared_ptr<Process> Sql(const Schedule& schedule, MissedRuns missed = MissedRuns::kOnce);
  // The same that refreshes the domain of `item`.
  static std::shared_ptr<Process> Domain(const Schedule& schedule, MissedRuns missed = MissedRuns::kOnce);

  // These become the processes of the catalog; the runner is told, if there is one.
  void Define(std::vector<ProcessPtr> processes);
  // A runner over the same store, as after a start.
  void StartRunner();
  // The runner is gone as by a kill, and time goes on.
  void Kill(Duration down = Duration::zero());

  // Ends the oldest write that is under way.
  void EndWrite(Result<kck::Written> written = Rows(3));
  static kck::Written Rows(std::uint64_t rows);
  std::size_t writes_under_way() const { return writer_->begun() - ended_; }

  // Ends all computes that are under way, and those that follow; the domain's value is `domain`.
  void AnswerComputes(const std::string& domain);

  using Ran = std::shared_ptr<std::optional<Result<ProcessRun>>>;
  Ran Run(const std::string& name, ProcessRunner::Answer answer);

  ProcessReport Report(const std::string& name = "work");
  // "done 3 rows, interrupted …", newest first.
  std::string History(const std::string& name = "work");
  // How long until the process begins next; -1: it is not planned.
  std::chrono::milliseconds Next(const std::string& name = "work");

  SetClockScheduler clock_{scheduler_};
  FakeClaim claim_{scheduler_};
  ProcessLimits runner_limits_;
  OwnsAllKeys ownership_;
  std::unique_ptr<RefreshWorker> worker_;
  std::unique_ptr<ProcessRunner> runner_;

 private:
  std::size_t ended_ = 0;     // writes
  std::size_t answered_ = 0;  // computes
};

}  // namespace kck
