#include "engine/leases.h"

#include <algorithm>
#include <vector>

#include "base/base64.h"
#include "base/secret.h"

namespace kck {
namespace {

constexpr std::size_t kHolderBytes = 18;

}  // namespace

std::string Leases::AddHolder() {
  std::string holder = Base64Url(RandomBytes(kHolderBytes));
  MutexLock lock(mutex_);
  holders_.insert(holder);
  return holder;
}

void Leases::RemoveHolder(const std::string& holder) {
  MutexLock lock(mutex_);
  if (holders_.erase(holder) == 0) return;
  std::vector<std::string> lost;
  for (auto& [key, lease] : leases_) {
    std::deque<Wish> kept;
    for (Wish& wish : lease.waiters) {
      if (wish.id.holder != holder) {
        kept.push_back(std::move(wish));
      } else {
        Answer(wish, Fail(ErrorCode::kVersionMismatch, "the connection of this lease's holder has ended"));
      }
    }
    lease.waiters.swap(kept);
    if (lease.state == State::kHeld && lease.holder.holder == holder) lost.push_back(key);
  }
  for (const std::string& key : lost) {
    ++counters_.lost;
    PassOn(*Find(key));
  }
}

void Leases::Ask(ResolvedKey key, LeaseId id, LeaseTerms terms, Engine::LeaseCallback done) {
  MutexLock lock(mutex_);
  Wish wish{std::move(id), terms.hold, std::move(done)};
  ++waiting_count_;
  if (!holders_.contains(wish.id.holder)) {
    return Answer(wish,
                  Fail(ErrorCode::kVersionMismatch, "there is no such holder of leases: its connection has ended"));
  }
  const std::string text = key.text;
  Lease* lease = Find(text);
  const bool is_own = lease != nullptr && lease->state == State::kHeld && lease->holder == wish.id;
  if (is_own) return Answer(wish, Leased{lease->stale, true});  // it was lost on the way
  const bool is_stale = lease != nullptr && lease->state != State::kLooking && lease->stale &&
                        lease->stale->entry->expires_at() > scheduler_.Now();
  if (is_stale) return Answer(wish, Leased{lease->stale, false});
  if (stopped_ || waiting_count_ > limits_.waiters_max || (lease == nullptr && leases_.size() >= limits_.leases_max)) {
    return Answer(wish, Fail(ErrorCode::kOverloaded, "too many requests wait for what applications compute"));
  }
  if (lease != nullptr) DropWish(*lease, wish.id, "the lease was asked for again");
  wish.timer = scheduler_.At(terms.deadline, [this, text, asked = wish.id] { OnDeadline(text, asked); });
  const bool is_new = lease == nullptr;
  if (is_new) {
    lease = &leases_.emplace(text, Lease()).first->second;
    lease->key = std::move(key);
    ++leases_count_;
  }
  lease->waiters.push_back(std::move(wish));
  if (is_new) BeginLook(*lease);
}

bool Leases::GiveUp(const std::string& key, const LeaseId& id) {
  MutexLock lock(mutex_);
  Lease* lease = Find(key);
  if (lease == nullptr) return false;
  if (lease->state == State::kHeld && lease->holder == id) {
    ++counters_.given_up;
    PassOn(*lease);
    return true;
  }
  return DropWish(*lease, id, "the wish for this lease was given up");
}

bool Leases::DropWish(Lease& lease, const LeaseId& id, const char* why) {
  auto wish = std::ranges::find(lease.waiters, id, &Wish::id);
  if (wish == lease.waiters.end()) return false;
  Answer(*wish, Fail(ErrorCode::kVersionMismatch, why));
  lease.waiters.erase(wish);
  return true;
}

std::optional<Leases::Grant> Leases::BeginPublish(const std::string& key, const LeaseId& id) {
  MutexLock lock(mutex_);
  Lease* lease = Find(key);
  if (lease == nullptr || lease->state != State::kHeld || lease->holder != id) return std::nullopt;
  EndTimer(*lease);
  lease->state = State::kPublishing;
  return lease->grant;
}

bool Leases::Publishes(const std::string& key, const LeaseId& id) {
  MutexLock lock(mutex_);
  const Lease* lease = Find(key);
  return lease != nullptr && lease->state == State::kPublishing && lease->holder == id;
}

void Leases::EndPublish(const std::string& key, const LeaseId& id) {
  MutexLock lock(mutex_);
  Lease* lease = Find(key);
  if (lease == nullptr || lease->state != State::kPublishing || lease->holder != id) return;
  ++counters_.given_up;
  PassOn(*lease);
}

void Leases::OnWritten(const EntryPtr& entry, const std::optional<LeaseId>& under) {
  if (leases_count_ == 0) return;
  MutexLock lock(mutex_);
  Lease* lease = Find(std::string(entry->key()));
  if (lease == nullptr) return;
  if (lease->state != State::kLooking) {
    ++(under && lease->holder == *under ? counters_.published : counters_.superseded);
  }
  if (!entry->has_content()) return PassOn(*lease);
  AnswerAll(*lease, {entry, Freshness::kFresh, ServedFrom::kJoined});
  Erase(*lease);
}

void Leases::Stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  while (!leases_.empty()) {
    Lease& lease = leases_.begin()->second;
    for (Wish& wish : lease.waiters) Answer(wish, Fail(ErrorCode::kOverloaded, "the server is shutting down"));
    lease.waiters.clear();
    Erase(lease);
  }
}

Leases::Lease* Leases::Find(const std::string& key) {
  auto found = leases_.find(key);
  return found == leases_.end() ? nullptr : &found->second;
}

// Takes the wish's callback.
void Leases::Answer(Wish& wish, Result<Leased> answer) {
  --waiting_count_;
  if (wish.timer != 0) scheduler_.Cancel(wish.timer);
  scheduler_.Post([done = std::move(wish.done), answer = std::move(answer)]() mutable { done(std::move(answer)); });
}

void Leases::AnswerAll(Lease& lease, const Served& served) {
  for (Wish& wish : lease.waiters) Answer(wish, Leased{served, false});
  lease.waiters.clear();
}

void Leases::BeginLook(Lease& lease) {
  EndTimer(lease);
  lease.state = State::kLooking;
  lease.stale.reset();
  lease.round = ++rounds_;
  scheduler_.Post([this, key = lease.key, round = lease.round] {
    look_(key, [this, text = key.text, round](const Found& found) { OnFound(text, round, found); });
  });
}

void Leases::OnFound(const std::string& key, std::uint64_t round, const Found& found) {
  MutexLock lock(mutex_);
  Lease* lease = Find(key);
  if (lease == nullptr || lease->round != round) return;
  if (found.served && found.served->freshness == Freshness::kFresh) {
    AnswerAll(*lease, *found.served);
    return Erase(*lease);
  }
  if (lease->waiters.empty()) return Erase(*lease);
  Give(*lease, found);
}

// To the first who waits.
void Leases::Give(Lease& lease, const Found& found) {
  ++counters_.granted;
  Wish first = std::move(lease.waiters.front());
  lease.waiters.pop_front();
  lease.state = State::kHeld;
  lease.holder = first.id;
  lease.grant = {found.version, scheduler_.Now(), scheduler_.UnixMillis()};
  lease.stale = found.served;
  lease.timer = scheduler_.At(lease.grant.at + first.hold,
                              [this, key = lease.key.text, round = lease.round] { OnHoldOver(key, round); });
  Answer(first, Leased{found.served, true});
  if (found.served) AnswerAll(lease, *found.served);
}

void Leases::PassOn(Lease& lease) {
  if (lease.waiters.empty()) return Erase(lease);
  BeginLook(lease);
}

void Leases::Erase(Lease& lease) {
  EndTimer(lease);
  leases_.erase(leases_.find(lease.key.text));
  --leases_count_;
}

void Leases::OnDeadline(const std::string& key, const LeaseId& id) {
  MutexLock lock(mutex_);
  Lease* lease = Find(key);
  if (lease == nullptr) return;
  auto wish = std::ranges::find(lease->waiters, id, &Wish::id);
  if (wish == lease->waiters.end()) return;
  Answer(*wish, Fail(ErrorCode::kSourceTimeout, "the application that computes the value did not end in time"));
  lease->waiters.erase(wish);
}

void Leases::OnHoldOver(const std::string& key, std::uint64_t round) {
  MutexLock lock(mutex_);
  Lease* lease = Find(key);
  if (lease == nullptr || lease->round != round || lease->state != State::kHeld) return;
  ++counters_.expired;
  PassOn(*lease);
}

void Leases::EndTimer(Lease& lease) {
  if (lease.timer != 0) scheduler_.Cancel(std::exchange(lease.timer, 0));
}

}  // namespace kck
