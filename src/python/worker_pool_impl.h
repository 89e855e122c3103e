// The pool's inside, of its one thread but for the first functions. worker_pool.cc (calls, and where they run),
// pool_messages.cc (what workers say), pool_members.cc (workers come and go).
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <future>
#include <set>
#include <thread>

#include "base/thread_annotations.h"
#include "python/worker_member.h"

namespace kck {

class WorkerPool::Impl {
 public:
  explicit Impl(WorkerPoolLimits limits);

  ~Impl();
  void SetHandlers(Handlers handlers) { handlers_ = std::move(handlers); }
  void Serve(const Settings& all, const PythonFiles& files);
  void Call(Request request, TimePoint deadline);
  WorkerPoolStats stats() const;
  void Stop();

 private:
  using MemberPtr = std::shared_ptr<PoolMember>;

  // worker_pool.cc: calls
  void Take(Request request, TimePoint deadline);
  void Answer(const PoolCallPtr& call, Result<std::vector<PythonResult>> results);
  WaitingCalls Waiters(const PoolCall& call) const;
  // Puts what waits to the workers that can take it.
  void Pump();
  void PumpOne(std::deque<PoolCallPtr>& waiting);
  // False: it waits on.
  bool Place(const PoolCallPtr& call);
  void Run(const PoolCallPtr& call, const MemberPtr& member);
  MemberPtr RunnerOf(const PoolCall& call) const;
  void OnDeadline(const PoolCallPtr& call);
  // Ends a worker for what `culprit` does there; null: it is not known which of its calls it is.
  void Condemn(const MemberPtr& member, const PoolCallPtr& culprit, const Error& why);

  // pool_messages.cc: what workers say
  void OnMessage(const MemberPtr& member, WorkerMessage message);
  void OnHello(const MemberPtr& member, WorkerHello& hello);
  void OnResult(const MemberPtr& member, WorkerResult result);
  void OnAsk(const MemberPtr& member, const WorkerAsk& ask);
  void WaitNoMore(PoolCall& call, std::uint64_t ask);

  // pool_members.cc: workers come and go
  void FillUp();
  void StartLater();
  bool StartOne();
  void Print(const MemberPtr& member, pid_t pid, std::string_view line);
  void NoteFailedStart(Error error);
  // No worker is started for a while, twice as long for each of the `doublings`.
  void HoldStarts(int doublings);
  void OnEnded(const MemberPtr& member, const std::string& how);
  // What becomes of a call whose worker has gone.
  void AfterDeath(const PoolMember& member, const PoolCallPtr& call, const std::string& how, bool only_one);
  void RetireOlder();
  void Retire(const MemberPtr& member);
  void StopIfIdle(const MemberPtr& member);
  // Also the clock of what a worker is given a time for.
  void WatchMemory();
  void Look();

  void BeginStop();
  void Finish();
  void PublishStats();

  const WorkerPoolLimits limits_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  Handlers handlers_;
  WorkerStart start_;
  PythonSettings settings_;
  std::uint64_t generation_ = 0;
  std::vector<MemberPtr> members_;
  std::deque<PoolCallPtr> front_;
  std::deque<PoolCallPtr> behind_;                 // what nobody waits for
  std::multiset<std::string, std::less<>> asked_;  // what calls that run wait for: PoolCall::asked of all
  std::uint64_t last_id_ = 0;
  std::uint64_t last_ask_ = 0;
  std::uint64_t started_ = 0;
  int starts_failed_ = 0;  // in a row
  int deaths_in_a_row_ = 0;
  TimePoint start_at_;
  Error start_error_{ErrorCode::kPrimerFailed, ""};
  boost::asio::steady_timer memory_timer_;
  boost::asio::steady_timer start_timer_;
  bool watching_ = false;
  bool stopping_ = false;
  bool finished_ = false;
  bool told_to_stop_ = false;  // of who calls Stop
  std::promise<void> stopped_;
  std::size_t lines_ = 0;
  WorkerPoolStats counts_;
  mutable Mutex stats_mutex_;
  WorkerPoolStats stats_ KCK_GUARDED_BY(stats_mutex_);
  std::thread thread_;
};

}  // namespace kck
