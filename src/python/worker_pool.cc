#include "python/worker_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <deque>
#include <future>
#include <set>
#include <thread>

#include "base/log.h"
#include "base/thread_annotations.h"
#include "python/worker_member.h"

namespace kck {
namespace {

namespace asio = boost::asio;

constexpr int kAttemptsMax = 3;
// How many of the calls that wait are looked at for one that a worker takes, where the first ones are not taken.
constexpr std::size_t kLookedAtMax = 64;
// A worker that has grown so far, of what it may have, is replaced before the limit fails a call.
constexpr double kGrownPart = 0.75;
constexpr auto kCancelGrace = std::chrono::milliseconds(500);
constexpr std::size_t kLinesPerLookMax = 200;

WorkerStart StartOf(const std::string& folder, const PythonSettings& settings, const PythonFiles& files,
                    std::map<std::string, std::string> databases) {
  WorkerStart start;
  start.folder = folder;
  start.databases = std::move(databases);
  start.path = settings.path;
  start.files = files;
  start.memory_bytes = settings.memory_bytes;
  start.concurrency = settings.concurrency;
  start.message_bytes_max = settings.message_bytes_max;
  return start;
}

Error Dead(const std::string& how) {
  return {ErrorCode::kPrimerFailed, fmt::format("the Python worker that ran it is gone: {}", how)};
}

Error Late(const PoolCall& call) {
  return {ErrorCode::kSourceTimeout, fmt::format("the Python function of {} {} took longer than allowed",
                                                 KindName(call.request.call), call.request.call.name)};
}

}  // namespace

class WorkerPool::Impl {
 public:
  explicit Impl(WorkerPoolLimits limits) : limits_(limits), memory_timer_(context_), start_timer_(context_) {
    thread_ = std::thread([this] { context_.run(); });
  }

  ~Impl() { Stop(); }

  void SetHandlers(Handlers handlers) { handlers_ = std::move(handlers); }

  void Serve(const std::string& folder, const PythonSettings& settings, const PythonFiles& files,
             std::map<std::string, std::string> databases) {
    asio::post(context_, [this, start = StartOf(folder, settings, files, std::move(databases)), settings] {
      start_ = start;
      settings_ = settings;
      ++generation_;
      starts_failed_ = 0;
      start_at_ = TimePoint();
      if (start_.files.empty()) RetireOlder();
      FillUp();
      WatchMemory();
    });
  }

  void Call(Request request, TimePoint deadline) {
    asio::post(context_,
               [this, request = std::move(request), deadline]() mutable { Take(std::move(request), deadline); });
  }

  WorkerPoolStats stats() const {
    MutexLock lock(stats_mutex_);
    return stats_;
  }

  void Stop() {
    if (!thread_.joinable()) return;
    asio::post(context_, [this] { BeginStop(); });
    thread_.join();
  }

 private:
  using MemberPtr = std::shared_ptr<PoolMember>;

  // ---- calls

  void Take(Request request, TimePoint deadline) {
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

  void Answer(const PoolCallPtr& call, Result<std::vector<PythonResult>> results) {
    if (std::exchange(call->answered, true)) return;
    call->timer.cancel();
    PublishStats();
    const auto done = std::move(call->request.done);
    done(std::move(results));
  }

  WaitingCalls Waiters(const PoolCall& call) const {
    const auto is_asked = [this](const std::string& one) { return asked_.contains(one); };
    if (!std::ranges::any_of(call.request.computes, is_asked)) return {};
    return WaitersOf(call, members_);
  }

  // Puts what waits to the workers that can take it.
  void Pump() {
    PumpOne(front_);
    PumpOne(behind_);
    PublishStats();
  }

  void PumpOne(std::deque<PoolCallPtr>& waiting) {
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
  bool Place(const PoolCallPtr& call) {
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

  void Run(const PoolCallPtr& call, const MemberPtr& member) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(call->deadline - Clock::now());
    member->running.push_back(call);
    ++call->attempts;
    member->link->Send(CallFrame(call->id, call->request.call, std::max(left, std::chrono::milliseconds(0))));
  }

  MemberPtr RunnerOf(const PoolCall& call) const {
    for (const MemberPtr& member : members_) {
      if (std::ranges::any_of(member->running, [&](const PoolCallPtr& one) { return one.get() == &call; })) {
        return member;
      }
    }
    return nullptr;
  }

  void OnDeadline(const PoolCallPtr& call) {
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
  void Condemn(const MemberPtr& member, const PoolCallPtr& culprit, const Error& why) {
    member->culprit = culprit;
    member->why = why;
    member->link->Kill();
    OnEnded(member, why.message);
  }

  // ---- what a worker says

  void OnMessage(const MemberPtr& member, WorkerMessage message) {
    if (auto* hello = std::get_if<WorkerHello>(&message)) return OnHello(member, *hello);
    if (auto* result = std::get_if<WorkerResult>(&message)) return OnResult(member, std::move(*result));
    if (auto* ask = std::get_if<WorkerAsk>(&message)) return OnAsk(member, *ask);
    // It says itself that it is of no more use.
    Retire(member);
    FillUp();
  }

  void OnHello(const MemberPtr& member, WorkerHello& hello) {
    if (hello.protocol != kWorkerProtocol) {
      return Condemn(member, nullptr,
                     {ErrorCode::kPrimerFailed,
                      fmt::format("the package kck {} of the Python interpreter speaks another protocol than this "
                                  "server: install the one of its version",
                                  hello.kck_version)});
    }
    for (const PythonDefinition& definition : hello.described.definitions) {
      member->sources[SourceName(definition.kind, definition.function.name)] = definition.function.source_hash;
    }
    member->ready = true;
    starts_failed_ = 0;
    RetireOlder();
    const auto worn = std::ranges::find_if(members_, [](const MemberPtr& one) { return one->worn && !one->retiring; });
    if (worn != members_.end()) Retire(MemberPtr(*worn));
    Pump();
  }

  void OnResult(const MemberPtr& member, WorkerResult result) {
    const auto at = std::ranges::find(member->running, result.id, &PoolCall::id);
    if (at == member->running.end()) return;
    const PoolCallPtr call = std::move(*at);
    member->running.erase(at);
    deaths_in_a_row_ = 0;
    const std::size_t wanted = call->request.call.kind == PythonCall::Kind::kPrime ? call->request.call.keys.size() : 1;
    if (result.results.size() == wanted) {
      counts_.failed += static_cast<std::uint64_t>(
          std::ranges::count_if(result.results, [](const PythonResult& one) { return one.failure.has_value(); }));
      Answer(call, std::move(result.results));
    } else {
      Answer(call, Fail(call->writes() ? ErrorCode::kSourceError : ErrorCode::kPrimerFailed,
                        fmt::format("{} results came for {} keys", result.results.size(), wanted)));
    }
    ++member->calls;
    const bool grown =
        static_cast<double>(result.resident_bytes) > kGrownPart * static_cast<double>(settings_.memory_bytes);
    member->worn = member->worn || grown || member->calls >= settings_.calls_max;
    if (member->retiring) StopIfIdle(member);
    FillUp();
    Pump();
  }

  void OnAsk(const MemberPtr& member, const WorkerAsk& ask) {
    PoolCallPtr call;
    if (ask.call) {
      const auto at = std::ranges::find(member->running, *ask.call, &PoolCall::id);
      if (at != member->running.end()) call = *at;
    }
    const std::uint64_t number = ++last_ask_;
    const auto answer = [this, link = std::weak_ptr(member->link), id = ask.id, call, number](Answer_ given) {
      asio::post(context_, [this, link, id, call, number, given = std::move(given)] {
        if (call) WaitNoMore(*call, number);
        const auto alive = link.lock();
        if (alive) alive->Send(ReplyFrame(id, given.value, given.version, given.modified_unix_ms));
        Pump();
      });
    };
    if (!handlers_.ask) {
      return answer({Fail(ErrorCode::kBadRequest, "nothing can be asked for here"), ""});
    }
    const TimePoint deadline = call ? call->deadline : Clock::now() + settings_.timeout;
    const bool primes = call && call->request.call.kind == PythonCall::Kind::kPrime;
    std::string waits_for =
        handlers_.ask(ask, primes ? call->request.computes : std::vector<std::string>(), deadline, answer);
    if (!call) return;
    asked_.insert(waits_for);
    call->asked.emplace(number, std::move(waits_for));
    Pump();
  }

  void WaitNoMore(PoolCall& call, std::uint64_t ask) {
    const auto found = call.asked.find(ask);
    if (found == call.asked.end()) return;
    asked_.erase(asked_.find(found->second));
    call.asked.erase(found);
  }

  using Answer_ = WorkerPool::Answer;

  // ---- workers come and go

  void FillUp() {
    if (stopping_ || start_.files.empty()) return;
    const auto in_service = std::ranges::count_if(members_, [this](const MemberPtr& one) {
      return one->generation == generation_ && !one->retiring && !one->worn;
    });
    for (auto there = in_service; there < settings_.workers; ++there) {
      if (Clock::now() < start_at_) return StartLater();
      if (!StartOne()) return StartLater();
    }
  }

  void StartLater() {
    start_timer_.expires_at(start_at_);
    start_timer_.async_wait([this](boost::system::error_code error) {
      if (!error) FillUp();
    });
  }

  bool StartOne() {
    Result<WorkerProcess> process = StartWorker(settings_, start_.folder);
    if (!process) {
      NoteFailedStart(process.error());
      Pump();
      return false;
    }
    if (++started_ > static_cast<std::uint64_t>(settings_.workers)) ++counts_.restarts;
    const auto member = std::make_shared<PoolMember>();
    member->generation = generation_;
    member->give_up_at = Clock::now() + limits_.start_timeout;
    const pid_t pid = process->pid;
    WorkerLink::Events events;
    const std::weak_ptr<PoolMember> weak = member;
    events.message = [this, weak](WorkerMessage message) {
      if (const auto one = weak.lock()) OnMessage(one, std::move(message));
    };
    events.printed = [this, weak, pid](std::string_view line) { Print(weak.lock(), pid, line); };
    events.ended = [this, weak](const std::string& how) {
      if (const auto one = weak.lock()) OnEnded(one, how);
    };
    member->link = std::make_shared<WorkerLink>(context_, *process, settings_.message_bytes_max, std::move(events));
    members_.push_back(member);
    member->link->Begin();
    member->link->Send(StartFrame(start_));
    return true;
  }

  void Print(const MemberPtr& member, pid_t pid, std::string_view line) {
    if (member) member->last_line = line;
    if (++lines_ <= kLinesPerLookMax) LogInfo("python worker {}: {}", pid, line);
    if (lines_ == kLinesPerLookMax) LogWarning("Python workers print more than is kept: the rest of it is left out");
  }

  void NoteFailedStart(Error error) {
    start_error_ = std::move(error);
    const int doublings = std::min(starts_failed_++, 16);
    const auto wait = std::min<Duration>(limits_.start_backoff_max, limits_.start_backoff_min * (1 << doublings));
    start_at_ = Clock::now() + wait;
    LogWarning("{}", start_error_.message);
  }

  void OnEnded(const MemberPtr& member, const std::string& how) {
    std::erase(members_, member);
    const bool was_ready = member->ready;
    if (!was_ready && !member->stopping && !stopping_) {
      const std::string last = member->last_line.empty() ? "" : ": " + member->last_line;
      NoteFailedStart(
          member->why.message.empty()
              ? Error{ErrorCode::kPrimerFailed, fmt::format("a Python worker could not start: {}{}", how, last)}
              : member->why);
    }
    std::vector<PoolCallPtr> running = std::exchange(member->running, {});
    std::erase_if(running, [](const PoolCallPtr& call) { return call->answered; });
    if (was_ready && !member->stopping && !stopping_) {
      LogWarning("a Python worker is gone, with {} calls that it ran: {}", running.size(), how);
      // One that dies again and again is not started as fast as it can die.
      const int doublings = std::min(deaths_in_a_row_++ / settings_.workers, 16);
      if (doublings > 0) {
        start_at_ =
            Clock::now() + std::min<Duration>(limits_.start_backoff_max, limits_.start_backoff_min * (1 << doublings));
      }
    }
    for (const PoolCallPtr& call : running) AfterDeath(*member, call, how, running.size() == 1);
    if (stopping_ && members_.empty()) return Finish();
    FillUp();
    Pump();
  }

  // What becomes of a call whose worker has gone.
  void AfterDeath(const PoolMember& member, const PoolCallPtr& call, const std::string& how, bool only_one) {
    const bool innocent = member.culprit && member.culprit != call;
    const bool known = call == member.culprit || (!member.culprit && only_one);
    if (call->writes()) {
      ++counts_.died;
      Error error = Dead(how);
      error.code = ErrorCode::kSourceError;
      error.message += "; whether it wrote is not known";
      return Answer(call, Failure(std::move(error)));
    }
    if (known || (!innocent && call->alone) || call->attempts >= kAttemptsMax || stopping_) {
      ++counts_.died;
      return Answer(call, Failure(known && !member.why.message.empty() ? member.why : Dead(how)));
    }
    call->alone = call->alone || !innocent;
    // What it asked, it will ask again.
    while (!call->asked.empty()) WaitNoMore(*call, call->asked.begin()->first);
    front_.push_front(call);
  }

  void RetireOlder() {
    for (const MemberPtr& member : std::vector(members_)) {
      if (member->generation != generation_) Retire(member);
    }
  }

  void Retire(const MemberPtr& member) {
    member->retiring = true;
    StopIfIdle(member);
  }

  void StopIfIdle(const MemberPtr& member) {
    if (!member->running.empty() || std::exchange(member->stopping, true)) return;
    member->give_up_at = Clock::now() + limits_.stop_grace;
    member->link->Send(StopFrame());
  }

  // Also the clock of what a worker is given a time for.
  void WatchMemory() {
    if (std::exchange(watching_, true)) return;
    Look();
  }

  void Look() {
    // A timer that has expired already is not cancelled any more.
    if (finished_) return;
    memory_timer_.expires_after(limits_.memory_look);
    memory_timer_.async_wait([this](boost::system::error_code error) {
      if (error) return;
      lines_ = 0;
      std::size_t resident = 0;
      for (const MemberPtr& member : std::vector(members_)) {
        const std::size_t bytes = ResidentBytes(member->link->pid());
        resident += bytes;
        if (bytes > settings_.memory_bytes) {
          Condemn(member, nullptr,
                  {ErrorCode::kPrimerFailed, fmt::format("the Python worker took more than the {} bytes of "
                                                         "python.memory, and was ended",
                                                         settings_.memory_bytes)});
        } else if ((!member->ready || member->stopping) && Clock::now() > member->give_up_at) {
          Condemn(member, nullptr,
                  {ErrorCode::kPrimerFailed,
                   fmt::format("a Python worker was not {} in time, and was ended", member->ready ? "gone" : "ready")});
        }
      }
      counts_.resident_bytes = resident;
      PublishStats();
      Look();
    });
  }

  // ---- the end

  void BeginStop() {
    stopping_ = true;
    start_timer_.cancel();
    for (auto* waiting : {&front_, &behind_}) {
      for (const PoolCallPtr& call : std::exchange(*waiting, {})) {
        Answer(call, Fail(ErrorCode::kOverloaded, "the server is stopping"));
      }
    }
    if (members_.empty()) return Finish();
    for (const MemberPtr& member : std::vector(members_)) Retire(member);
    start_timer_.expires_after(limits_.stop_grace);
    start_timer_.async_wait([this](boost::system::error_code error) {
      if (error) return;
      for (const MemberPtr& member : std::vector(members_)) {
        Condemn(member, nullptr, {ErrorCode::kOverloaded, "the server is stopping"});
      }
    });
  }

  void Finish() {
    finished_ = true;
    PublishStats();
    memory_timer_.cancel();
    start_timer_.cancel();
    work_.reset();
  }

  void PublishStats() {
    WorkerPoolStats now = counts_;
    for (const MemberPtr& member : members_) {
      ++(member->ready ? now.workers : now.starting);
      now.running += member->running.size();
    }
    now.waiting = front_.size() + behind_.size();
    MutexLock lock(stats_mutex_);
    stats_ = now;
  }

  const WorkerPoolLimits limits_;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
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
  asio::steady_timer memory_timer_;
  asio::steady_timer start_timer_;
  bool watching_ = false;
  bool stopping_ = false;
  bool finished_ = false;
  std::size_t lines_ = 0;
  WorkerPoolStats counts_;
  mutable Mutex stats_mutex_;
  WorkerPoolStats stats_ KCK_GUARDED_BY(stats_mutex_);
  std::thread thread_;
};

WorkerPool::WorkerPool(WorkerPoolLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
WorkerPool::~WorkerPool() = default;
void WorkerPool::SetHandlers(Handlers handlers) { impl_->SetHandlers(std::move(handlers)); }
void WorkerPool::Serve(const std::string& folder, const PythonSettings& settings, const PythonFiles& files,
                       std::map<std::string, std::string> databases) {
  impl_->Serve(folder, settings, files, std::move(databases));
}
void WorkerPool::Call(Request request, TimePoint deadline) { impl_->Call(std::move(request), deadline); }
WorkerPoolStats WorkerPool::stats() const { return impl_->stats(); }
std::string WorkerPool::WriteOf(std::string_view updater) { return SourceName("updater", updater); }
void WorkerPool::Stop() { impl_->Stop(); }

}  // namespace kck
