#include "store/cassandra_lanes.h"

#include <algorithm>
#include <utility>

namespace kck {
namespace {

std::size_t BytesOf(const CassandraWrite& write) {
  constexpr std::size_t kOverhead = 512;
  return kOverhead + write.key.size() + write.entry->memory_bytes();
}

}  // namespace

CassandraLanes::CassandraLanes(Scheduler& scheduler, const CassandraLimits& limits, Run run)
    : scheduler_(scheduler), limits_(limits), run_(std::move(run)) {}

Result<void> CassandraLanes::Add(CassandraWrite& write) {
  {
    MutexLock lock(mutex_);
    if (closing_) return StoreClosed();
    write.bytes = BytesOf(write);
    write.give_up_at = scheduler_.Now() + std::chrono::milliseconds(limits_.retry_for_ms);
    const auto found = lanes_.find(write.key);
    if (found != lanes_.end() && Merge(found->second, write)) return {};
    const bool room = writes_ < limits_.writes_waiting_max &&
                      (writes_ == 0 || bytes_ + write.bytes <= limits_.write_bytes_waiting_max);
    if (!room) return Fail(ErrorCode::kOverloaded, "too many writes wait for the store: try again shortly");
    ++writes_;
    bytes_ += write.bytes;
    const std::string key = write.key;
    Lane& lane = lanes_[key];
    lane.writes.push_back(std::make_shared<CassandraWrite>(std::move(write)));
    // Who waits for an answer does not wait for a pause to end.
    const bool urgent = lane.stage == Stage::kPaused && !lane.writes.back()->computed();
    if (lane.writes.size() == 1 || urgent) Queue(key, lane);
  }
  Begin();
  return {};
}

// True where a computed entry that waits and the new one became one write: the newer of the two.
bool CassandraLanes::Merge(Lane& lane, CassandraWrite& write) {
  if (lane.writes.empty() || (lane.stage == Stage::kRunning && lane.writes.size() == 1)) return false;
  const WritePtr& last = lane.writes.back();
  if (!last->computed() || !write.computed() || last->entry->fingerprint() != write.entry->fingerprint()) return false;
  const bool newer = Supersedes(*write.entry, *last->entry);
  if (newer && bytes_ - last->bytes + write.bytes > limits_.write_bytes_waiting_max) return false;
  std::ranges::move(write.done, std::back_inserter(last->done));
  if (!newer) return true;
  last->entry = std::move(write.entry);
  last->give_up_at = write.give_up_at;
  bytes_ = bytes_ - last->bytes + write.bytes;
  last->bytes = write.bytes;
  return true;
}

void CassandraLanes::Queue(const std::string& key, Lane& lane) {
  lane.stage = Stage::kQueued;
  queued_.push_back(key);
}

// Starts what may start. Also called where a write has ended, which made room.
void CassandraLanes::Begin() {
  while (true) {
    WritePtr write;
    {
      MutexLock lock(mutex_);
      if (queued_.empty() || running_ >= limits_.writes_running_max) return;
      const auto found = lanes_.find(queued_.front());
      queued_.pop_front();
      if (found == lanes_.end() || found->second.stage != Stage::kQueued) continue;
      found->second.stage = Stage::kRunning;
      ++running_;
      write = found->second.writes.front();
    }
    run_(write, [weak = weak_from_this(), write](const Outcome<void>& outcome) {
      if (const auto self = weak.lock()) self->OnEnd(write, outcome);
    });
  }
}

void CassandraLanes::OnEnd(const WritePtr& write, const Outcome<void>& outcome) {
  Tidings tidings;
  {
    MutexLock lock(mutex_);
    --running_;
    const auto found = lanes_.find(write->key);
    // Gone, where FailAll has told its end already.
    const bool known = found != lanes_.end() && found->second.writes.front() == write;
    if (known) Conclude(found->second, write, outcome, tidings);
  }
  Tell(tidings);
  Begin();
}

void CassandraLanes::Conclude(Lane& lane, const WritePtr& write, const Outcome<void>& outcome, Tidings& tidings) {
  const bool away = !outcome && outcome.error().passing();
  const bool again = away && write->computed() && !closing_ && scheduler_.Now() < write->give_up_at;
  if (away && write->computed() && !again) ++given_up_;
  const std::string key = write->key;
  if (!again) Remove(write, outcome ? Result<void>() : Failure(outcome.error().error), tidings);
  const auto found = lanes_.find(key);
  if (found == lanes_.end()) return;
  if (away) return Pause(key, lane, outcome.error(), tidings);
  pause_ms_ = 0;
  Queue(key, lane);
}

// All of the lane that cannot wait fails as what was tried did.
void CassandraLanes::Pause(const std::string& key, Lane& lane, const CassandraFailure& failure, Tidings& tidings) {
  std::vector<WritePtr> failed;
  for (const WritePtr& waiting : lane.writes) {
    if (closing_ || !waiting->computed()) failed.push_back(waiting);
  }
  const bool stays = failed.size() < lane.writes.size();
  if (stays) {
    lane.stage = Stage::kPaused;
    paused_.push_back(key);
    SetTimer();
  }
  for (const WritePtr& waiting : failed) Remove(waiting, Failure(failure.error), tidings);
}

void CassandraLanes::SetTimer() {
  if (std::exchange(timer_set_, true)) return;
  pause_ms_ = std::clamp(2 * pause_ms_, limits_.retry_delay_min_ms, limits_.retry_delay_max_ms);
  scheduler_.At(scheduler_.Now() + std::chrono::milliseconds(pause_ms_), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->OnTimer();
  });
}

void CassandraLanes::OnTimer() {
  {
    MutexLock lock(mutex_);
    timer_set_ = false;
  }
  Wake();
}

void CassandraLanes::Wake() {
  {
    MutexLock lock(mutex_);
    for (const std::string& key : std::exchange(paused_, {})) {
      const auto found = lanes_.find(key);
      if (found != lanes_.end() && found->second.stage == Stage::kPaused) Queue(key, found->second);
    }
  }
  Begin();
}

void CassandraLanes::Remove(const WritePtr& write, Result<void> result, Tidings& tidings) {
  const auto found = lanes_.find(write->key);
  std::erase(found->second.writes, write);
  if (found->second.writes.empty()) lanes_.erase(found);
  --writes_;
  bytes_ -= write->bytes;
  ++telling_;
  tidings.push_back({write, std::move(result)});
}

void CassandraLanes::Tell(const Tidings& tidings) {
  for (const Told& told : tidings) {
    for (const Store::PutCallback& done : told.write->done) done(told.result);
  }
  MutexLock lock(mutex_);
  telling_ -= tidings.size();
  if (writes_ + telling_ == 0) emptied_.notify_all();
}

void CassandraLanes::Finishing() {
  {
    MutexLock lock(mutex_);
    closing_ = true;
  }
  Wake();
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(limits_.close_timeout_ms);
  MutexLock lock(mutex_);
  while (writes_ + telling_ > 0) {
    if (emptied_.wait_until(mutex_, until) == std::cv_status::timeout) return;
  }
}

void CassandraLanes::FailAll() {
  Tidings tidings;
  {
    MutexLock lock(mutex_);
    for (const auto& [key, lane] : std::exchange(lanes_, {})) {
      for (const WritePtr& write : lane.writes) {
        tidings.push_back({write, Fail(ErrorCode::kStoreError,
                                       "the store was closed before Cassandra took the write: it may have been "
                                       "written all the same")});
      }
    }
    telling_ += tidings.size();
    writes_ = 0;
    bytes_ = 0;
  }
  Tell(tidings);
}

CassandraLanes::Waiting CassandraLanes::waiting() {
  MutexLock lock(mutex_);
  return {writes_, bytes_, given_up_};
}

}  // namespace kck
