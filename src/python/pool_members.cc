// Workers come and go: started, watched, replaced, ended; and what becomes of the calls of those that are gone.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "python/worker_pool_impl.h"

namespace kck {
namespace {

constexpr int kAttemptsMax = 3;
constexpr std::size_t kLinesPerLookMax = 200;

Error Dead(const std::string& how) {
  return {ErrorCode::kPrimerFailed, fmt::format("the Python worker that ran it is gone: {}", how)};
}

}  // namespace

void WorkerPool::Impl::FillUp() {
  if (stopping_ || start_.files.empty()) return;
  const auto in_service = std::ranges::count_if(members_, [this](const MemberPtr& one) {
    return one->generation == generation_ && !one->retiring && !one->worn;
  });
  for (auto there = in_service; there < settings_.workers; ++there) {
    if (Clock::now() < start_at_) return StartLater();
    if (!StartOne()) return StartLater();
  }
}

void WorkerPool::Impl::StartLater() {
  start_timer_.expires_at(start_at_);
  start_timer_.async_wait([this](boost::system::error_code error) {
    if (!error) FillUp();
  });
}

bool WorkerPool::Impl::StartOne() {
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
  WatchMemory();
  member->link->Begin();
  member->link->Send(StartFrame(start_));
  return true;
}

void WorkerPool::Impl::Print(const MemberPtr& member, pid_t pid, std::string_view line) {
  if (member) member->last_line = line;
  if (++lines_ <= kLinesPerLookMax) LogInfo("python worker {}: {}", pid, line);
  if (lines_ == kLinesPerLookMax) LogWarning("Python workers print more than is kept: the rest of it is left out");
}

void WorkerPool::Impl::NoteFailedStart(Error error) {
  start_error_ = std::move(error);
  HoldStarts(starts_failed_++);
  LogWarning("{}", start_error_.message);
}

void WorkerPool::Impl::HoldStarts(int doublings) {
  const Duration wait = limits_.start_backoff_min * (1 << std::min(doublings, 16));
  start_at_ = Clock::now() + std::min<Duration>(limits_.start_backoff_max, wait);
}

void WorkerPool::Impl::OnEnded(const MemberPtr& member, const std::string& how) {
  std::erase(members_, member);
  const bool was_ready = member->ready;
  if (!was_ready && !member->stopping && !stopping_) {
    const std::string last = member->last_line.empty() ? "" : ": " + member->last_line;
    NoteFailedStart(member->why.message.empty() ? Error{ErrorCode::kPrimerFailed,
                                                        fmt::format("a Python worker could not start: {}{}", how, last)}
                                                : member->why);
  }
  std::vector<PoolCallPtr> running = std::exchange(member->running, {});
  std::erase_if(running, [](const PoolCallPtr& call) { return call->answered; });
  if (was_ready && !member->stopping && !stopping_) {
    LogWarning("a Python worker is gone, with {} calls that it ran: {}", running.size(), how);
    // One that dies again and again is not started as fast as it can die.
    const int rounds = deaths_in_a_row_++ / settings_.workers;
    if (rounds > 0) HoldStarts(rounds);
  }
  for (const PoolCallPtr& call : running) AfterDeath(*member, call, how, running.size() == 1);
  if (stopping_ && members_.empty()) return Finish();
  FillUp();
  Pump();
}

// What becomes of a call whose worker has gone.
void WorkerPool::Impl::AfterDeath(const PoolMember& member, const PoolCallPtr& call, const std::string& how,
                                  bool only_one) {
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

void WorkerPool::Impl::RetireOlder() {
  for (const MemberPtr& member : std::vector(members_)) {
    if (member->generation != generation_) Retire(member);
  }
}

void WorkerPool::Impl::Retire(const MemberPtr& member) {
  member->retiring = true;
  StopIfIdle(member);
}

void WorkerPool::Impl::StopIfIdle(const MemberPtr& member) {
  if (!member->running.empty() || std::exchange(member->stopping, true)) return;
  member->give_up_at = Clock::now() + limits_.stop_grace;
  member->link->Send(StopFrame());
}

// Also the clock of what a worker is given a time for.
void WorkerPool::Impl::WatchMemory() {
  if (std::exchange(watching_, true)) return;
  Look();
}

void WorkerPool::Impl::Look() {
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
    watching_ = !members_.empty();
    if (watching_) Look();
  });
}

void WorkerPool::Impl::BeginStop() {
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

void WorkerPool::Impl::Finish() {
  finished_ = true;
  PublishStats();
  memory_timer_.cancel();
  start_timer_.cancel();
  stopped_.set_value();
}

void WorkerPool::Impl::PublishStats() {
  WorkerPoolStats now = counts_;
  for (const MemberPtr& member : members_) {
    ++(member->ready ? now.workers : now.starting);
    now.running += member->running.size();
  }
  now.waiting = front_.size() + behind_.size();
  MutexLock lock(stats_mutex_);
  stats_ = now;
}

}  // namespace kck
