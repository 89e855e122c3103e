#include "refresh/refresh_queue.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/planted_bug.h"

namespace kck {
namespace {

// What a key counts for that nobody has asked for lately, against one read.
constexpr double kDemandFloor = 0.01;
constexpr double kCostFloorUs = 10;
constexpr double kCostUnknownUs = 1000;
// How many keys that have to wait for others are passed over, before a group is what it is.
constexpr std::size_t kHeldMax = 1000;
// How much shorter the back-off is of a key whose fill came too early for the change.
constexpr int kMissedSooner = 16;

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

struct RefreshQueue::Item {
  ResolvedKey key;
  std::uint64_t number = 0;
  DueState state = DueState::kWaiting;
  std::uint32_t reasons = 0;  // a bit each
  std::string cause;
  Hints hints;
  std::uint64_t newer_than = 0;
  TimePoint due_since;
  std::uint32_t demand = 0;
  double cost_us = 0;
  int entered_class = 0;  // while it waits
  TimePoint until;        // back-off or lease; dead: since
  int attempts = 0;
  int misses = 0;  // fills in a row that did not show the change
  std::string error;
  std::uint64_t lease = 0;
  bool wanted_again = false;  // while it was leased
  std::vector<std::shared_ptr<RefreshTicket>> tickets;

  Order order() const { return {state == DueState::kWaiting ? due_since : until, number}; }
};

std::string_view DueStateName(DueState state) {
  switch (state) {
    case DueState::kWaiting:
      return "waiting";
    case DueState::kLeased:
      return "leased";
    case DueState::kBackingOff:
      return "backing off";
    case DueState::kDead:
      return "dead";
  }
  return "";
}

RefreshQueue::RefreshQueue(RefreshQueueLimits limits, std::uint64_t seed)
    : limits_(limits), random_(static_cast<std::minstd_rand::result_type>(seed)) {}

RefreshQueue::~RefreshQueue() = default;

int RefreshQueue::ClassOf(const Item& item) {
  const double cost_us = item.cost_us > 0 ? std::max(item.cost_us, kCostFloorUs) : kCostUnknownUs;
  const double worth = (item.demand + kDemandFloor) / cost_us;
  return static_cast<int>(std::floor(std::log2(worth)));
}

// A key that has just become due is worth something: a millisecond.
double RefreshQueue::Score(int demand_class, const Item& item, TimePoint now) const {
  return std::exp2(demand_class) * (Seconds(now - item.due_since) + 0.001);
}

void RefreshQueue::Enter(Item& item, DueState state) {
  item.state = state;
  switch (state) {
    case DueState::kWaiting:
      item.entered_class = ClassOf(item);
      products_[item.key.product->name][item.entered_class].emplace(item.order(), &item);
      by_age_.emplace(item.order(), &item);
      ++waiting_;
      break;
    case DueState::kLeased:
      ++leased_;
      [[fallthrough]];
    case DueState::kBackingOff:
      by_time_.emplace(item.order(), &item);
      by_time_since_.emplace(item.due_since, item.number);
      break;
    case DueState::kDead:
      dead_.emplace(item.order(), &item);
      break;
  }
}

void RefreshQueue::Leave(Item& item) {
  switch (item.state) {
    case DueState::kWaiting: {
      const auto product = products_.find(item.key.product->name);
      const auto entered = product->second.find(item.entered_class);
      entered->second.erase(item.order());
      if (entered->second.empty()) product->second.erase(entered);
      if (product->second.empty()) products_.erase(product);
      by_age_.erase(item.order());
      --waiting_;
      break;
    }
    case DueState::kLeased:
      --leased_;
      [[fallthrough]];
    case DueState::kBackingOff:
      by_time_.erase(item.order());
      by_time_since_.erase({item.due_since, item.number});
      break;
    case DueState::kDead:
      dead_.erase(item.order());
      break;
  }
}

bool RefreshQueue::Add(RefreshWish wish, std::uint32_t demand, std::uint32_t cost_us, TimePoint now) {
  auto found = items_.find(wish.key.text);
  if (found == items_.end()) {
    if (items_.size() >= limits_.keys_max) return false;
    found = items_.emplace(wish.key.text, std::make_unique<Item>()).first;
    Item& item = *found->second;
    item.number = ++next_number_;
    item.key = std::move(wish.key);
    item.due_since = now;
    item.demand = demand;
    item.cost_us = cost_us;
    item.newer_than = wish.newer_than;
    item.reasons = 1U << static_cast<unsigned>(wish.reason);
    item.cause = std::move(wish.cause);
    item.hints.Add(wish.hint);
    if (wish.ticket) item.tickets.push_back(std::move(wish.ticket));
    Enter(item, DueState::kWaiting);
    return true;
  }
  Item& item = *found->second;
  const bool leased = item.state == DueState::kLeased;
  if (!leased) Leave(item);
  item.key = std::move(wish.key);  // its definition may have changed
  item.demand += std::max(demand, 1U);
  if (cost_us > 0) item.cost_us = cost_us;
  item.newer_than = std::max(item.newer_than, wish.newer_than);
  item.reasons |= 1U << static_cast<unsigned>(wish.reason);
  if (!wish.cause.empty()) item.cause = std::move(wish.cause);
  item.hints.Add(wish.hint);
  if (wish.ticket) item.tickets.push_back(std::move(wish.ticket));
  if (leased) {
    item.wanted_again = !PlantedBug(Bug::kWishWhileLeasedLost);
    return true;
  }
  if (item.state == DueState::kDead) {
    item.attempts = 0;
    item.due_since = now;
    item.state = DueState::kWaiting;
  }
  Enter(item, item.state);
  return true;
}

bool RefreshQueue::CountRead(std::string_view key, TimePoint now) {
  const auto found = items_.find(key);
  if (found == items_.end()) return false;
  Item& item = *found->second;
  if (item.demand < std::numeric_limits<std::uint32_t>::max()) ++item.demand;
  if (item.state == DueState::kDead && item.until + limits_.dead_retry <= now) {
    Leave(item);
    item.attempts = limits_.attempts_max - 1;
    Enter(item, DueState::kWaiting);
  } else if (item.state == DueState::kWaiting && ClassOf(item) != item.entered_class) {
    Leave(item);
    Enter(item, DueState::kWaiting);
  }
  return true;
}

RefreshQueue::Item* RefreshQueue::Best(Waiting& waiting, TimePoint now) const {
  Item* best = nullptr;
  double best_score = -1;
  for (const auto& [demand_class, items] : waiting) {
    Item* oldest = items.begin()->second;
    const double score = Score(demand_class, *oldest, now);
    if (score <= best_score) continue;
    best = oldest;
    best_score = score;
  }
  return best;
}

RefreshQueue::Item* RefreshQueue::First(TimePoint now) {
  if (by_age_.empty()) return nullptr;
  if (++groups_ % limits_.oldest_every == 0) return by_age_.begin()->second;
  Item* first = nullptr;
  for (auto& [name, waiting] : products_) {
    Item* best = Best(waiting, now);
    if (first == nullptr || Score(best->entered_class, *best, now) > Score(first->entered_class, *first, now)) {
      first = best;
    }
  }
  return first;
}

std::vector<RefreshQueue::Lease> RefreshQueue::Take(const Judge& judge, TimePoint now) {
  std::vector<Item*> taken;
  std::vector<Item*> held;
  std::size_t keys_max = 1;
  for (Item* next = First(now); next != nullptr && taken.size() < keys_max; next = After(taken, now)) {
    Leave(*next);
    if (held.size() < kHeldMax && judge.IsHeld(next->key)) {
      held.push_back(next);
      continue;
    }
    if (taken.empty()) keys_max = judge.GroupMax(*next->key.product);
    taken.push_back(next);
  }
  for (Item* item : held) Enter(*item, DueState::kWaiting);
  std::vector<Lease> leases;
  leases.reserve(taken.size());
  for (Item* item : taken) leases.push_back(LeaseOf(*item, now));
  return leases;
}

// The best after those that are taken: of their product.
RefreshQueue::Item* RefreshQueue::After(const std::vector<Item*>& taken, TimePoint now) {
  if (taken.empty()) return First(now);
  const ProductPtr& product = taken.front()->key.product;
  const auto waiting = products_.find(product->name);
  Item* next = waiting == products_.end() ? nullptr : Best(waiting->second, now);
  // A definition that changed meanwhile has another statement.
  return next != nullptr && next->key.product == product ? next : nullptr;
}

RefreshQueue::Lease RefreshQueue::LeaseOf(Item& item, TimePoint now) {
  item.until = now + limits_.lease;
  item.lease = ++next_number_;
  item.wanted_again = false;
  Enter(item, DueState::kLeased);
  return {item.lease, item.key, std::exchange(item.hints, {}), item.newer_than, item.cost_us, WhyOf(item)};
}

bool RefreshQueue::Done(const Lease& lease, Outcome outcome, const std::string& error, std::uint32_t cost_us,
                        TimePoint now) {
  const auto found = items_.find(lease.key.text);
  if (found == items_.end() || found->second->lease != lease.id || found->second->state != DueState::kLeased) {
    return false;
  }
  Item& item = *found->second;
  Leave(item);
  if (cost_us > 0) item.cost_us = cost_us;
  switch (outcome) {
    case Outcome::kDone:
    case Outcome::kGone:
      if (!item.wanted_again) {
        items_.erase(found);
        return false;
      }
      item.attempts = 0;
      item.misses = 0;
      item.error.clear();
      item.due_since = now;
      Enter(item, DueState::kWaiting);
      return false;
    case Outcome::kMissed:
      TakeBack(item, lease);
      // Most often the change is there a moment later.
      item.until = now + BackOff(item.misses++) / kMissedSooner;
      Enter(item, DueState::kBackingOff);
      return false;
    case Outcome::kNotTried:
      TakeBack(item, lease);
      item.error = error;
      item.until = now + BackOff(0);
      Enter(item, DueState::kBackingOff);
      return false;
    case Outcome::kFailed:
      TakeBack(item, lease);
      Fail(item, error, now);
      return item.state == DueState::kDead;
  }
  return false;
}

// What the lease took of the item, and did not use.
void RefreshQueue::TakeBack(Item& item, const Lease& lease) {
  Hints hints = lease.hints;
  hints.Add(item.hints);
  item.hints = std::move(hints);
}

// The item is in no order.
void RefreshQueue::Fail(Item& item, std::string error, TimePoint now) {
  item.error = std::move(error);
  if (item.wanted_again) item.attempts = 0;
  if (++item.attempts < limits_.attempts_max) {
    item.until = now + BackOff(item.attempts - 1);
    return Enter(item, DueState::kBackingOff);
  }
  item.until = now;
  for (const auto& ticket : std::exchange(item.tickets, {})) ++ticket->failed;
  Enter(item, DueState::kDead);
  ForgetOldestDead();
}

// From half of it to all of it, so that keys that failed together do not come back together.
Duration RefreshQueue::BackOff(int failures) {
  const auto ceiling = std::min<Duration>(limits_.backoff_max, limits_.backoff_min * (1 << std::min(failures, 20)));
  const double part = std::uniform_real_distribution<>(0.5, 1.0)(random_);
  return std::chrono::duration_cast<Duration>(ceiling * part);
}

void RefreshQueue::ForgetOldestDead() {
  while (dead_.size() > limits_.dead_letters_max) {
    Item* oldest = dead_.begin()->second;
    const std::string key = oldest->key.text;
    Leave(*oldest);
    items_.erase(key);
  }
}

std::size_t RefreshQueue::Revive(const Choice& chosen) {
  std::size_t revived = 0;
  for (const auto& [order, item] : std::exchange(dead_, {})) {
    if (chosen && !chosen(item->key)) {
      Enter(*item, DueState::kDead);
      continue;
    }
    item->attempts = 0;
    Enter(*item, DueState::kWaiting);
    ++revived;
  }
  return revived;
}

std::optional<TimePoint> RefreshQueue::Advance(TimePoint now) {
  while (!by_time_.empty() && by_time_.begin()->first.first <= now) {
    Item& item = *by_time_.begin()->second;
    Leave(item);
    if (item.state == DueState::kLeased) {
      item.hints.SetIncomplete();  // it had them
      Fail(item, "nobody ended the lease in its time", now);
    } else {
      Enter(item, DueState::kWaiting);
    }
  }
  if (by_time_.empty()) return std::nullopt;
  return by_time_.begin()->first.first;
}

bool RefreshQueue::IsSoon(std::string_view key) const {
  const auto found = items_.find(key);
  return found != items_.end() &&
         (found->second->state == DueState::kWaiting || found->second->state == DueState::kLeased);
}

DueCounts RefreshQueue::Counts(TimePoint now) const {
  DueCounts counts;
  counts.waiting = waiting_;
  counts.leased = leased_;
  counts.backing_off = by_time_.size() - leased_;
  counts.dead = dead_.size();
  TimePoint oldest = now;
  if (!by_age_.empty()) oldest = std::min(oldest, by_age_.begin()->first.first);
  if (!by_time_since_.empty()) oldest = std::min(oldest, by_time_since_.begin()->first);
  counts.oldest = now - oldest;
  return counts;
}

std::string RefreshQueue::WhyOf(const Item& item) {
  std::string why;
  for (const RefreshReason reason : ReasonsOf(item)) {
    if (!why.empty()) why += ", ";
    why += RefreshReasonName(reason);
  }
  if (!item.cause.empty()) why += " (" + item.cause + ")";
  return why;
}

std::vector<RefreshReason> RefreshQueue::ReasonsOf(const Item& item) {
  std::vector<RefreshReason> reasons;
  for (unsigned bit = 0; bit < 32; ++bit) {
    if ((item.reasons >> bit & 1U) != 0) reasons.push_back(static_cast<RefreshReason>(bit));
  }
  return reasons;
}

DueReport RefreshQueue::ReportOf(const Item& item, TimePoint now) const {
  DueReport report;
  report.key = item.key.text;
  report.state = item.state;
  report.reasons = ReasonsOf(item);
  report.cause = item.cause;
  report.demand = item.demand;
  report.cost_us = static_cast<std::uint32_t>(item.cost_us);
  report.age = now - item.due_since;
  report.hints = item.hints.all().size();
  report.attempts = item.attempts;
  report.error = item.error;
  if (item.state == DueState::kBackingOff) report.retry_in = std::max(Duration::zero(), item.until - now);
  return report;
}

std::optional<DueReport> RefreshQueue::Report(std::string_view key, TimePoint now) const {
  const auto found = items_.find(key);
  if (found == items_.end()) return std::nullopt;
  const Item& item = *found->second;
  DueReport report = ReportOf(item, now);
  if (item.state != DueState::kWaiting) return report;
  const double score = Score(item.entered_class, item, now);
  std::size_t before = 0;
  for (const auto& [order, other] : by_age_) before += Score(other->entered_class, *other, now) > score ? 1 : 0;
  report.place = before;
  return report;
}

std::vector<DueReport> RefreshQueue::Report(std::size_t count, TimePoint now) const {
  if (count == 0) return {};
  std::vector<const Item*> waiting;
  waiting.reserve(by_age_.size());
  for (const auto& [order, item] : by_age_) waiting.push_back(item);
  const auto first = waiting.begin() + static_cast<std::ptrdiff_t>(std::min(count, waiting.size()));
  std::partial_sort(waiting.begin(), first, waiting.end(), [&](const Item* one, const Item* other) {
    return Score(one->entered_class, *one, now) > Score(other->entered_class, *other, now);
  });
  std::vector<DueReport> reports;
  for (auto item = waiting.begin(); item != first; ++item) {
    reports.push_back(ReportOf(**item, now));
    reports.back().place = reports.size() - 1;
  }
  std::size_t left = count;
  for (const auto& [order, item] : by_time_) {
    if (left-- == 0) break;
    reports.push_back(ReportOf(*item, now));
  }
  left = count;
  for (const auto& [order, item] : dead_) {
    if (left-- == 0) break;
    reports.push_back(ReportOf(*item, now));
  }
  return reports;
}

}  // namespace kck
