#include "python/worker_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "python/worker_pool_impl.h"

namespace kck {
namespace {

namespace asio = boost::asio;

// How many of the calls that wait are looked at for one that a worker takes, where the first ones are not taken.
constexpr std::size_t kLookedAtMax = 64;
constexpr auto kCancelGrace = std::chrono::milliseconds(500);

Error Late(const PoolCall& call) {
  return {ErrorCode::kSourceTimeout, fmt::format("the Python function of {} {} took longer than allowed",
                                                 KindName(call.request.call), call.request.call.name)};
}

}  // namespace

WorkerPool::Impl::Impl(WorkerPoolLimits limits) : limits_(limits), memory_timer_(context_), start_timer_(context_) {
  thread_ = std::thread([this] { context_.run(); });
}

void WorkerPool::Impl::Serve(const Settings& all, const PythonFiles& files) {
  asio::post(context_, [this, start = StartOf(all, files), settings = all.python] {
    const bool is_same = generation_ > 0 && start == start_ && settings == settings_;
    if (is_same) return;
    start_ = start;
    settings_ = settings;
    ++generation_;
    starts_failed_ = 0;
    start_at_ = TimePoint();
    if (start_.files.empty()) RetireOlder();
    FillUp();
  });
}

void WorkerPool::Impl::Call(Request request, TimePoint deadline) {
  asio::post(context_,
             [this, request = std::move(request), deadline]() mutable { Take(std::move(request), deadline); });
}

WorkerPoolStats WorkerPool::Impl::stats() const {
  MutexLock lock(stats_mutex_);
  return stats_;
}

WorkerPool::Impl::~Impl() {
  Stop();
  work_.reset();
  thread_.join();
}

// The thread goes on, so that calls that come later are answered.
void WorkerPool::Impl::Stop() {
  if (std::exchange(told_to_stop_, true)) return;
  asio::post(context_, [this] { BeginStop(); });
  stopped_.get_future().wait();
}

void WorkerPool::Impl::Take(Request request, TimePoint deadline) {
  ++counts_.calls;
  auto call = std::make_shared<PoolCall>(++last_id_, std::move(request), deadline, context_);
  // What writes may not be run twice, so nothing that might take its worker down runs beside it.
  call->alone = call->writes();
  if (stopping_) return Answer(call, Fail(ErrorCode::kOverloaded, "the server is stopping"));
  if (front_.size() + behind_.size() >= limits_.waiting_max) {
    return Answer(call, Fail(ErrorCode::kOverloaded, "too many calls wait for a Python worker"));
  }
  call->timer.expires_at(deadline);
  call->timer.async_wait([this, call](boost::system::error_code error) {
    if (!error) OnDeadline(call);
  });
  (call->request.behind ? behind_ : front_).push_back(call);
  Pump();
}

void WorkerPool::Impl::Answer(const PoolCallPtr& call, Result<std::vector<PythonResult>> results) {
  if (std::exchange(call->answered, true)) return;
  call->timer.cancel();
  PublishStats();
  const auto done = std::move(call->request.done);
  done(std::move(results));
}

WaitingCalls WorkerPool::Impl::Waiters(const PoolCall& call) const {
  const auto is_asked = [this](const std::string& one) { return asked_.contains(one); };
  if (!std::ranges::any_of(call.request.computes, is_asked)) return {};
  return WaitersOf(call, members_);
}

// Puts what waits to the workers that can take it.
void WorkerPool::Impl::Pump() {
  PumpOne(front_);
  PumpOne(behind_);
  PublishStats();
}

void WorkerPool::Impl::PumpOne(std::deque<PoolCallPtr>& waiting) {
  std::size_t looked_at = 0;
  for (auto at = waiting.begin(); at != waiting.end() && looked_at < kLookedAtMax;) {
    const PoolCallPtr call = *at;
    if (call->answered || Place(call)) {
      at = waiting.erase(at);
    } else {
      ++looked_at;
      ++at;
    }
  }
}

// False: it waits on.
bool WorkerPool::Impl::Place(const PoolCallPtr& call) {
  const WaitingCalls waiters = Waiters(*call);
  MemberPtr best;
  bool may_come = members_.empty();
  for (const MemberPtr& member : members_) {
    may_come |= (!member->ready && member->generation == generation_) || (!member->retiring && member->Knows(*call));
    if (!member->Takes(*call, waiters, static_cast<std::size_t>(settings_.concurrency))) continue;
    if (!best || member->running.size() < best->running.size()) best = member;
  }
  if (best) {
    Run(call, best);
    return true;
  }
  if (may_come && (starts_failed_ < 2 || !members_.empty())) return false;
  if (starts_failed_ > 0) {
    Answer(call, Failure(start_error_));
    return true;
  }
  if (handlers_.other_sources) handlers_.other_sources();
  Answer(call, Fail(ErrorCode::kPrimerFailed, "the Python files have changed, and are about to be loaded again"));
  return true;
}

void WorkerPool::Impl::Run(const PoolCallPtr& call, const MemberPtr& member) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(call->deadline - Clock::now());
  member->running.push_back(call);
  ++call->attempts;
  member->link->Send(CallFrame(call->id, call->request.call, std::max(left, std::chrono::milliseconds(0))));
}

WorkerPool::Impl::MemberPtr WorkerPool::Impl::RunnerOf(const PoolCall& call) const {
  for (const MemberPtr& member : members_) {
    if (std::ranges::any_of(member->running, [&](const PoolCallPtr& one) { return one.get() == &call; })) {
      return member;
    }
  }
  return nullptr;
}

void WorkerPool::Impl::OnDeadline(const PoolCallPtr& call) {
  if (call->answered) return;
  ++counts_.timed_out;
  const MemberPtr member = RunnerOf(*call);
  if (!member) {
    std::erase(front_, call);
    std::erase(behind_, call);
    return Answer(call, Fail(ErrorCode::kSourceTimeout, "no Python worker became free in time"));
  }
  const Error late = Late(*call);
  Answer(call, Failure(late));
  if (!call->is_async()) return Condemn(member, call, late);
  // It may be one of many, and end by itself.
  member->link->Send(CancelFrame(call->id));
  call->timer.expires_after(kCancelGrace);
  call->timer.async_wait([this, call, late](boost::system::error_code error) {
    const MemberPtr still = error ? nullptr : RunnerOf(*call);
    if (still) Condemn(still, call, late);
  });
}

// Ends a worker for what `culprit` does there; null: it is not known which of its calls it is.
void WorkerPool::Impl::Condemn(const MemberPtr& member, const PoolCallPtr& culprit, const Error& why) {
  member->culprit = culprit;
  member->why = why;
  member->link->Kill();
  OnEnded(member, why.message);
}

WorkerPool::WorkerPool(WorkerPoolLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
WorkerPool::~WorkerPool() = default;
void WorkerPool::SetHandlers(Handlers handlers) { impl_->SetHandlers(std::move(handlers)); }
void WorkerPool::Serve(const Settings& settings, const PythonFiles& files) { impl_->Serve(settings, files); }
void WorkerPool::Call(Request request, TimePoint deadline) { impl_->Call(std::move(request), deadline); }
WorkerPoolStats WorkerPool::stats() const { return impl_->stats(); }
std::string WorkerPool::WriteOf(std::string_view updater) { return SourceName("updater", updater); }
void WorkerPool::Stop() { impl_->Stop(); }

}  // namespace kck
