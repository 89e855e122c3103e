#include "refresh/refresh_worker.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/log.h"
#include "base/planted_bug.h"
#include "model/product_key.h"
#include "refresh/worker_state.h"
#include "store/records_reader.h"

namespace kck {
namespace {

using Outcome = RefreshQueue::Outcome;

constexpr int kGroupGrowth = 4;  // of a product's groups, from one to the next
constexpr double kNewWeight = 0.3;

bool DatabaseFailed(const Error& error) {
  return error.code == ErrorCode::kSourceError || error.code == ErrorCode::kSourceTimeout;
}

}  // namespace

// What the queue asks while a group is chosen. Under the worker's lock.
class RefreshWorker::GroupJudge : public RefreshQueue::Judge {
 public:
  explicit GroupJudge(RefreshWorker& worker) : worker_(worker) {}

  std::size_t GroupMax(const Product& product) const override KCK_REQUIRES(worker_.mutex_) {
    const ProductState& state = worker_.StateOf(product);
    if (state.key_us <= 0) return state.group_max;
    const auto fit = static_cast<std::size_t>(std::max(1.0, worker_.limits_.group_us / state.key_us));
    return std::min({state.group_max, fit, worker_.limits_.group_keys_max});
  }

  // A key waits while one that it is primed after is due itself, since it would be due again right after.
  bool IsHeld(const ResolvedKey& key) const override KCK_REQUIRES(worker_.mutex_) {
    for (const Trigger& trigger : key.product->refresh.after_primes) {
      if (IsSoon(SourceKey(key, trigger))) return true;
    }
    return false;
  }

 private:
  // The key whose prime makes `key` due; nothing where it cannot be told from it.
  std::optional<ResolvedKey> SourceKey(const ResolvedKey& key, const Trigger& trigger) const {
    const ProductPtr* source = worker_.engine_.catalog()->Find(trigger.source);
    if (source == nullptr || trigger.parts.size() != (*source)->params.size()) return std::nullopt;
    std::vector<ParamValue> values;
    for (const Trigger::Part& part : trigger.parts) {
      if (part.kind == Trigger::Part::Kind::kAny) return std::nullopt;
      if (part.kind == Trigger::Part::Kind::kLiteral) values.emplace_back(part.text);
      if (part.kind != Trigger::Part::Kind::kParam) continue;
      const auto param = std::ranges::find(key.product->params, part.text, &Param::name);
      if (param == key.product->params.end()) return std::nullopt;
      values.push_back(key.params[static_cast<std::size_t>(param - key.product->params.begin())]);
    }
    Result<ResolvedKey> resolved = KeyOf(*source, values);
    return resolved ? std::optional(*std::move(resolved)) : std::nullopt;
  }

  bool IsSoon(const std::optional<ResolvedKey>& key) const KCK_REQUIRES(worker_.mutex_) {
    if (!key) return false;
    const Database* database = worker_.DatabaseOf(key->product->database);
    return database != nullptr && database->paused_until <= worker_.scheduler_.Now() &&
           database->queue.IsSoon(key->text);
  }

  RefreshWorker& worker_;
};

RefreshWorker::RefreshWorker(Scheduler& scheduler, Store& store, Engine& engine, const KeyOwnership& ownership,
                             std::map<std::string, RefreshDatabase> databases, RefreshLimits limits, std::uint64_t seed)
    : scheduler_(scheduler),
      store_(store),
      engine_(engine),
      ownership_(ownership),
      limits_(limits),
      book_(limits.scheduled_max),
      random_(static_cast<std::minstd_rand::result_type>(seed)) {
  for (auto& [name, settings] : databases) {
    databases_[name] = std::make_unique<Database>(name, std::move(settings), limits_.queue, ++seed);
  }
}

RefreshWorker::~RefreshWorker() = default;

void RefreshWorker::Start(Engine::DoneCallback done) {
  auto boot = [this, done] {
    Boot();
    done({});
  };
  auto on_records = [this, boot, done](auto records, bool late) {
    if (!records) return done(Failure(std::move(records.error())));
    RestoreBook(*std::move(records));
    if (!late) boot();
  };
  auto wanted = [this] {
    MutexLock lock(mutex_);
    return !stopping_;
  };
  ReadRecords(store_, scheduler_, {std::string(kBookPrefix), {}, wanted, boot, on_records});
}

void RefreshWorker::Stop() {
  mutex_.lock();
  stopping_ = true;
  scheduler_.Cancel(timer_);
  while (under_way_ > 0) idle_.wait(mutex_);
  mutex_.unlock();
}

RefreshWorker::Database* RefreshWorker::DatabaseOf(const std::string& name) {
  const auto found = databases_.find(name);
  return found == databases_.end() ? nullptr : found->second.get();
}

RefreshWorker::ProductState& RefreshWorker::StateOf(const Product& product) {
  auto& state = products_[product.name];
  if (!state) state = std::make_unique<ProductState>();
  if (state->fingerprint != product.fingerprint) {
    // Another statement has other costs.
    state->fingerprint = product.fingerprint;
    state->key_us = 0;
    state->group_max = 1;
  }
  state->fresh = product.refresh.fresh;
  state->period = product.refresh.schedule ? product.refresh.schedule->every : std::nullopt;
  return *state;
}

bool RefreshWorker::Want(RefreshWish wish) {
  if (!ownership_.Owns(wish.key.text)) return true;
  MutexLock lock(mutex_);
  return Add(std::move(wish));
}

bool RefreshWorker::Add(RefreshWish wish) {
  Database* database = DatabaseOf(wish.key.product->database);
  if (database == nullptr) return false;
  const std::optional<KeyUse> use = engine_.UseOf(wish.key.text);
  // What was never computed costs about as much as its product's others.
  const bool cost_known = use && use->cost_us > 0;
  const auto cost_us =
      cost_known ? use->cost_us : static_cast<std::uint32_t>(std::lround(StateOf(*wish.key.product).key_us));
  ++database->counters.wishes.at(static_cast<std::size_t>(wish.reason));
  const bool taken = database->queue.Add(std::move(wish), use ? use->uses : 0, cost_us, scheduler_.Now());
  if (!taken) {
    ++database->counters.refused;
    overflowed_ = true;
  }
  PostPump();
  return taken;
}

bool RefreshWorker::CountRead(std::string_view key) {
  MutexLock lock(mutex_);
  const TimePoint now = scheduler_.Now();
  return std::ranges::any_of(databases_, [&](auto& item) { return item.second->queue.CountRead(key, now); });
}

std::size_t RefreshWorker::RetryDead(std::string_view scope) {
  const bool whole_product = scope.ends_with("/*");
  const std::string_view name = KeyName(scope);
  MutexLock lock(mutex_);
  std::size_t retried = 0;
  for (const auto& [database, state] : databases_) {
    retried += state->queue.Revive([&](const ResolvedKey& key) {
      return scope.empty() || (whole_product ? key.product->name == name : key.text == scope);
    });
  }
  if (retried > 0) PostPump();
  return retried;
}

void RefreshWorker::PostPump() {
  if (pump_posted_ || stopping_) return;
  pump_posted_ = true;
  scheduler_.Post([this] { Pump(); });
}

void RefreshWorker::WakeAt(TimePoint when) {
  if (when >= timer_at_) return;
  if (timer_ != 0) scheduler_.Cancel(timer_);
  timer_at_ = when;
  timer_ = scheduler_.At(when, [this] {
    MutexLock lock(mutex_);
    timer_ = 0;
    timer_at_ = TimePoint::max();
    PostPump();
  });
}

void RefreshWorker::Pump() {
  bool ask_again = false;
  {
    MutexLock lock(mutex_);
    pump_posted_ = false;
    if (stopping_) return;
    RunBook();
  }
  FeedWalks();
  while (true) {
    std::shared_ptr<Group> group;
    {
      MutexLock lock(mutex_);
      group = NextGroup();
      if (!group && overflowed_) {
        const auto full = [this](const auto& item) {
          return item.second->queue.Counts(scheduler_.Now()).all() > limits_.queue.keys_max / 2;
        };
        if (std::ranges::none_of(databases_, full)) ask_again = !(overflowed_ = false);
      }
    }
    if (!group) break;
    Send(group);
  }
  if (ask_again) engine_.WantMarked();
}

std::shared_ptr<RefreshWorker::Group> RefreshWorker::NextGroup() {
  if (stopping_) return nullptr;
  for (auto& [name, database] : databases_) {
    if (auto group = NextGroup(*database)) return group;
  }
  return nullptr;
}

std::shared_ptr<RefreshWorker::Group> RefreshWorker::NextGroup(Database& database) {
  const TimePoint now = scheduler_.Now();
  if (const auto next = database.queue.Advance(now)) WakeAt(*next);
  if (!database.queue.AnyWaiting()) return nullptr;
  const TimePoint ready = std::max(database.paused_until, database.budget.ready_at());
  // One more than there are connections, so that none has to wait for this worker.
  const std::size_t groups_max =
      static_cast<std::size_t>(database.budget.connections()) + (database.budget.share() >= 1 ? 1 : 0);
  if (database.outages > 0 && database.groups > 0) return nullptr;
  if (database.groups >= groups_max) return nullptr;
  // Values come faster than the store takes them: what it refuses would be computed again after a restart.
  if (engine_.storing() > limits_.storing_max) {
    WakeAt(now + limits_.storing_pause);
    return nullptr;
  }
  if (ready > now) {
    WakeAt(ready);
    ProbeLatency(database);
    return nullptr;
  }
  auto group = std::make_shared<Group>();
  group->leases = database.queue.Take(GroupJudge(*this), now);
  if (group->leases.empty()) return nullptr;
  group->database = &database;
  group->product = &StateOf(*group->leases.front().key.product);
  group->left = group->leases.size();
  group->began = now;
  for (const RefreshQueue::Lease& lease : group->leases) {
    group->estimated_us += group->product->key_us > 0 ? group->product->key_us : lease.cost_us;
  }
  database.budget.Start(group->estimated_us, now);
  ++database.groups;
  ++database.counters.groups;
  ++under_way_;
  return group;
}

// Not under the lock: the engine may be called.
void RefreshWorker::Send(const std::shared_ptr<Group>& group) {
  const CatalogPtr catalog = engine_.catalog();
  std::vector<Engine::RefreshTask> tasks;
  std::vector<std::size_t> gone;
  tasks.reserve(group->leases.size());
  for (std::size_t i = 0; i < group->leases.size(); ++i) {
    RefreshQueue::Lease& lease = group->leases[i];
    const ProductPtr* product = catalog->Find(lease.key.product->name);
    Result<ResolvedKey> key = lease.key;
    if (product == nullptr || *product != lease.key.product) key = ResolveKey(*catalog, lease.key.text);
    if (!key || !key->product) {
      gone.push_back(i);
      continue;
    }
    tasks.push_back({*std::move(key), lease.hints, lease.newer_than,
                     [this, group, i](const Result<Refreshed>& result) { Ended(group, i, result); }});
  }
  for (const std::size_t i : gone) Ended(group, i, Fail(ErrorCode::kUnknownKey, "the product was taken away"));
  if (!tasks.empty()) engine_.RefreshBehind(std::move(tasks));
}

void RefreshWorker::Ended(const std::shared_ptr<Group>& group, std::size_t index, const Result<Refreshed>& result) {
  MutexLock lock(mutex_);
  Database& database = *group->database;
  const RefreshQueue::Lease& lease = group->leases[index];
  Outcome outcome = Outcome::kDone;
  std::uint32_t cost_us = 0;
  std::string error;
  if (result) {
    cost_us = result->cost_us;
    group->cost_us += cost_us;
    if (cost_us > 0) ++group->computed;
    if (result->marked && !PlantedBug(Bug::kMissCountsAsDone)) outcome = Outcome::kMissed;
    ++(outcome == Outcome::kMissed ? database.counters.missed : database.counters.done);
    if (cost_us == 0) ++database.counters.found_fresh;
  } else {
    ++group->failed;
    error = fmt::format("{}: {}", ErrorName(result.error().code), result.error().message);
    outcome = Outcome::kFailed;
    if (result.error().code == ErrorCode::kUnknownKey) outcome = Outcome::kGone;
    const bool not_there = DatabaseFailed(result.error()) && !database.IsReachable();
    if (not_there || result.error().code == ErrorCode::kOverloaded) outcome = Outcome::kNotTried;
    group->not_there |= outcome == Outcome::kNotTried;
    if (outcome == Outcome::kFailed) ++database.counters.failed;
  }
  Remember(lease, result ? (cost_us > 0 ? "done" : "found fresh") : std::string(ErrorName(result.error().code)),
           cost_us);
  if (database.queue.Done(lease, outcome, error, cost_us, scheduler_.Now())) {
    ++database.counters.dead;
    // The key would tell parameter values; `kck queue` shows it.
    LogWarning("a key of {} could not be refreshed {} times in a row and is given up until it is asked for: {}",
               KeyName(lease.key.text), limits_.queue.attempts_max, error);
    // Its schedule goes on.
    if (book_.Holds(lease.key.text)) EnterBook(lease.key, scheduler_.Now() + limits_.queue.dead_retry);
  }
  if (--group->left == 0) EndGroup(*group);
}

void RefreshWorker::EndGroup(Group& group) {
  Database& database = *group.database;
  ProductState& product = *group.product;
  const TimePoint now = scheduler_.Now();
  const double elapsed_us = std::chrono::duration<double, std::micro>(now - group.began).count();
  // What failed was not free: a statement that runs into its time-out tells no cost.
  if (group.failed > 0 && !group.not_there) group.cost_us = std::max(group.cost_us, elapsed_us);
  database.budget.End(group.estimated_us, group.cost_us);
  if (group.computed > 0 && group.failed == 0) {
    const double key_us = group.cost_us / static_cast<double>(group.computed);
    // Many keys together say more than one alone.
    const bool smaller = group.computed * kGroupGrowth < product.group_max;
    if (product.key_us <= 0 || !smaller) {
      product.key_us = product.key_us <= 0 ? key_us : product.key_us + kNewWeight * (key_us - product.key_us);
    }
    product.group_max = std::clamp(group.computed * kGroupGrowth, product.group_max, limits_.group_keys_max);
    if (product.Unreachable() && !std::exchange(product.unreachable_said, true)) {
      LogWarning(
          "{}: computing a key takes {:.1f} ms, longer than its refresh leaves: it cannot be as fresh as it says",
          group.leases.front().key.product->name, key_us / 1000);
    }
  }
  if (group.not_there) {
    NoteOutage(database);
  } else if (group.failed < group.leases.size() && database.outages > 0) {
    LogInfo("refreshes of database {} go on", database.name);
    database.outages = 0;
    database.queue.Revive();
  }
  --database.groups;
  --under_way_;
  idle_.notify_all();
  PostPump();
}

void RefreshWorker::NoteOutage(Database& database) {
  const int doublings = std::min(database.outages++, 16);
  const auto pause = std::min<Duration>(limits_.outage_pause_max, limits_.outage_pause_min * (1 << doublings));
  const double part = std::uniform_real_distribution<>(0.5, 1.0)(random_);
  database.paused_until = scheduler_.Now() + std::chrono::duration_cast<Duration>(pause * part);
}

// While work waits for the budget: then the database's other users are what matters.
void RefreshWorker::ProbeLatency(Database& database) {
  const TimePoint now = scheduler_.Now();
  if (!database.probe || database.probing || database.outages > 0) return;
  if (now < database.probed_at + limits_.probe_pause) return;
  database.probing = true;
  database.probed_at = now;
  ++under_way_;
  scheduler_.Post([this, &database] {
    database.probe([this, &database](std::optional<Duration> latency) {
      MutexLock lock(mutex_);
      database.probing = false;
      database.budget.Probed(latency, scheduler_.Now());
      --under_way_;
      idle_.notify_all();
      PostPump();
    });
  });
}

void RefreshWorker::Remember(const RefreshQueue::Lease& lease, std::string outcome, std::uint32_t cost_us) {
  if (recent_.size() >= limits_.recent_max) recent_.pop_front();
  recent_.push_back({lease.key.text, scheduler_.UnixMillis(), std::move(outcome), cost_us, lease.why});
}

RefreshReport RefreshWorker::Report(std::size_t keys_max) const {
  MutexLock lock(mutex_);
  const TimePoint now = scheduler_.Now();
  RefreshReport report;
  for (const auto& [name, database] : databases_) {
    const auto& wishes = database->counters.wishes;
    const bool is_used = std::ranges::any_of(wishes, [](std::uint64_t count) { return count > 0; });
    if (!is_used && !database->is_told_unused) continue;
    DatabaseRefreshReport one;
    one.name = name;
    one.due = database->queue.Counts(now);
    one.counters = database->counters;
    one.share_configured = database->budget.share_configured();
    one.share = database->budget.share();
    one.connections = database->budget.connections();
    one.busy_seconds = database->budget.busy_us() / 1e6;
    one.congested = database->budget.congested();
    one.latency = database->budget.latency();
    one.reachable = database->outages == 0;
    one.keys = database->queue.Report(keys_max, now);
    report.databases.push_back(std::move(one));
  }
  for (const auto& [name, product] : products_) {
    report.products.push_back(
        {name, product->key_us, product->fresh, product->fresh_met, product->fresh_missed, product->Unreachable()});
  }
  report.scheduled = book_.size();
  report.walks = walks_.size();
  return report;
}

KeyRefreshReport RefreshWorker::ReportOf(std::string_view key) const {
  constexpr std::size_t kRecentMax = 5;
  MutexLock lock(mutex_);
  KeyRefreshReport report;
  for (const auto& [name, database] : databases_) {
    if (!report.due) report.due = database->queue.Report(key, scheduler_.Now());
  }
  report.scheduled = book_.Holds(key);
  if (const auto due = book_.DueOf(key)) report.next = std::max(Duration::zero(), *due - scheduler_.Now());
  for (auto recent = recent_.rbegin(); recent != recent_.rend() && report.recent.size() < kRecentMax; ++recent) {
    if (recent->key == key) report.recent.push_back(*recent);
  }
  return report;
}

}  // namespace kck
