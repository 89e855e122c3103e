#include "simulation/simulation.h"

#include <utility>

namespace kck {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t kRestStepsMax = 200000;
constexpr std::uint64_t kClientsMax = 6;
constexpr std::uint64_t kRowsMax = 3;
constexpr std::size_t kMarksFew = 2;
constexpr std::size_t kMemoryLittle = 4096;
constexpr int kChainLength = 3;
constexpr auto kBetweenReads = seconds(1);
constexpr std::uint64_t kSharingOneIn = 5;  // seeds

// Where nodes share a store, all takes longer than one look at it.
constexpr auto kSharersThinkMax = milliseconds(100);
constexpr auto kSharersWeatherMax = milliseconds(800);
constexpr auto kSharersRestartMax = milliseconds(500);
constexpr auto kStoreAwayMax = milliseconds(3000);
constexpr auto kStoreLongAway = seconds(8);

}  // namespace

std::uint64_t NodesOf(const SimulationRun& run) {
  if (run.nodes > 0) return run.nodes;
  const bool shares = run.seed % kSharingOneIn == kSharingOneIn - 1;
  return shares ? 2 + run.seed / kSharingOneIn % 2 : 1;
}

// Small limits now and then, so that what happens at them happens.
NodeSettings Simulation::SettingsOf(Random& random) const {
  NodeSettings settings;
  settings.rows = static_cast<int>(random.Below(kRowsMax)) + 1;
  settings.engine.fill_timeout = milliseconds(500);
  settings.engine.backoff_min = milliseconds(1);
  settings.engine.backoff_max = milliseconds(50);
  if (random.OneIn(4)) settings.engine.marks_max = kMarksFew;
  settings.inserts = random.OneIn(3);
  if (random.OneIn(4)) settings.memory_bytes = kMemoryLittle;
  settings.refresh.queue.backoff_min = milliseconds(5);
  settings.refresh.queue.backoff_max = milliseconds(100);
  settings.refresh.queue.lease = milliseconds(2000);
  if (random.OneIn(4)) settings.refresh.queue.keys_max = 3;
  settings.refresh.outage_pause_min = milliseconds(2);
  settings.refresh.outage_pause_max = milliseconds(50);
  settings.budget.share = random.OneIn(2) ? 1 : 0.5;
  settings.budget.connections = static_cast<int>(random.Below(3)) + 1;
  if (nodes_ == 1) return settings;
  settings.think_max = kSharersThinkMax;
  settings.engine.recheck = random.OneIn(2) ? milliseconds(300) : milliseconds(1000);
  settings.refresh.queue.lease = seconds(10);
  // A mark that stays is asked for again and again where the queue has room for few.
  if (!kLostPutsAreRepeated) settings.refresh.queue.keys_max = RefreshQueueLimits().keys_max;
  return settings;
}

Simulation::Simulation(const SimulationRun& run, bool told)
    : run_(run),
      random_(run.seed),
      scheduler_(random_),
      story_(scheduler_, told),
      main_(std::string(kMain), true, scheduler_, random_, story_),
      lite_(std::string(kLite), false, scheduler_, random_, story_),
      databases_{{std::string(kMain), &main_}, {std::string(kLite), &lite_}},
      nodes_(NodesOf(run)),
      settings_(SettingsOf(random_)),
      disk_(random_, story_),
      shared_(nodes_ > 1 ? std::make_unique<SimSharedStore>(scheduler_, random_, story_) : nullptr),
      // Where memory has no room either, what was computed is gone, as after a kill.
      store_refuses_(nodes_ == 1 && settings_.memory_bytes != kMemoryLittle && random_.OneIn(4)),
      world_(scheduler_) {
  definitions_.slow = nodes_ > 1;
  for (std::uint64_t number = 1; number <= nodes_; ++number) AddMember(fmt::format("node {}", number));
}

Simulation::~Simulation() {
  for (const auto& member : members_) {
    if (member->node) member->node->Kill();
  }
}

void Simulation::AddMember(const std::string& name) {
  members_.push_back(std::make_unique<Member>(Member{name, Checker(scheduler_, databases_, story_, settings_.rows)}));
  Member& member = *members_.back();
  member.checker.epochs_may_be_lost = store_refuses_;
  if (shared_) member.checker.sharer = SharerOf(member);
  member.clients = std::make_unique<SimClients>(scheduler_, random_, member.checker, settings_, tokens_,
                                                [&member] { return member.serving ? member.node.get() : nullptr; });
}

Sharer Simulation::SharerOf(const Member& member) {
  Sharer sharer;
  sharer.node = member.name;
  sharer.lags = shared_->lags();
  sharer.forgets = settings_.memory_bytes == kMemoryLittle;
  sharer.widens = settings_.engine.marks_max == kMarksFew;
  sharer.tombstone_life = 2 * settings_.engine.fill_timeout + minutes(1);
  const Checker* teller = &member.checker;
  sharer.tell = [this, teller](const std::function<void(Checker&)>& fact) { TellOthers(teller, fact); };
  sharer.spread = [this, teller](std::function<void(Checker&)> fact, bool lost_by_faults) {
    Spread({scheduler_.Now(), teller, lost_by_faults, std::move(fact)});
  };
  return sharer;
}

SimulationResult Simulation::Run() {
  for (const auto& member : members_) StartNode(*member);
  for (std::uint64_t clients = random_.Below(kClientsMax) + nodes_; clients > 0; --clients) AnyMember().clients->Add();
  Weather();
  while (scheduler_.steps() < run_.steps && violation().empty()) scheduler_.Step();
  ComeToRest();
  return {scheduler_.steps(), kills_, world_.UnixMillis(), violation()};
}

Simulation::Member& Simulation::AnyMember() {
  return *(nodes_ == 1 ? members_.front() : members_[random_.Below(members_.size())]);
}

// The first of any.
const std::string& Simulation::violation() const {
  for (const auto& member : members_) {
    if (!member->checker.violation().empty()) return member->checker.violation();
  }
  return members_.front()->checker.violation();
}

std::uint64_t Simulation::waiting() const {
  std::uint64_t sum = 0;
  for (const auto& member : members_) sum += member->clients->waiting();
  return sum;
}

std::unique_ptr<SimNode> Simulation::MakeNode(Member& member) {
  if (!shared_) {
    return std::make_unique<SimNode>(*member.process, std::make_unique<SimStore>(disk_, *member.process, random_),
                                     databases_, random_, member.checker, settings_);
  }
  return std::make_unique<SimNode>(*member.process, shared_->Open(member.name, member.lives, *member.process),
                                   databases_, random_, member.checker, settings_);
}

void Simulation::StartNode(Member& member) {
  processes_.push_back(std::make_unique<SimProcess>(scheduler_));
  member.process = processes_.back().get();
  ++member.lives;
  member.node = MakeNode(member);
  story_.Tell("", "{} starts", member.name);
  member.node->Start(MakeCatalog(definitions_), [this, &member](const Result<void>& started) {
    if (started) {
      story_.Tell("", "{} serves", member.name);
      member.serving = true;
      return;
    }
    // It would end by itself.
    world_.Post([this, &member] { KillNode(member); });
  });
}

void Simulation::KillNode(Member& member) {
  if (!member.node) return;
  ++kills_;
  const bool power = random_.OneIn(2);
  story_.Tell("", "{} is killed{}", member.name, power ? ", and the power fails" : "");
  member.serving = false;
  member.node->Kill();
  member.node.reset();
  if (power) disk_.LosePower();
  for (const auto& [name, database] : databases_) database->EndTransactionsOf(*member.process);
  member.checker.NodeEnded();
  member.clients->LoseNode();
  Later(milliseconds(0), shared_ ? kSharersRestartMax : milliseconds(30), [this, &member] { StartNode(member); });
}

// A key is looked at once in an interval and what a look takes; but a compute that began before what was acknowledged
// may end after it, and is then what the node has until its next look.
Duration Simulation::KnownWithin() const {
  return 2 * settings_.engine.recheck + settings_.engine.fill_timeout + 4 * SimSharedStore::kLateMax;
}

// Where requests are lost, a node may not hear of it; it does once they are not.
void Simulation::Spread(Heard heard) {
  const TimePoint known = std::max(heard.acknowledged, shared_->last_fault()) + KnownWithin();
  world_.At(known, [this, heard = std::move(heard), known] {
    // What came shortly before may have waited for an answer then.
    if (heard.lost_by_faults && shared_->last_fault() + KnownWithin() > heard.acknowledged) return;
    if (shared_->last_fault() + KnownWithin() > known) return Spread(heard);
    TellOthers(heard.teller, heard.fact);
  });
}

void Simulation::TellOthers(const Checker* teller, const std::function<void(Checker&)>& fact) {
  for (const auto& member : members_) {
    if (&member->checker != teller) fact(member->checker);
  }
}

void Simulation::Reload() {
  Member& member = *members_.front();
  if (!member.serving || shared_) return;
  if (random_.OneIn(3)) {
    definitions_.has_total = !definitions_.has_total;
    member.checker.Removed("total");
  } else {
    definitions_.edition = random_.Below(3) + 1;
  }
  story_.Tell("", "definitions: edition {}{}", definitions_.edition, definitions_.has_total ? "" : ", without total");
  member.node->engine().SetCatalog(MakeCatalog(definitions_));
  member.checker.DefinitionsChanged();
}

void Simulation::Later(Duration from, Duration to, std::function<void()> work) {
  world_.After(random_.Between(from, to), std::move(work));
}

void Simulation::Weather() {
  if (!weather_) return;
  SimDatabase* database = random_.OneIn(2) ? &main_ : &lite_;
  const std::uint64_t fault = random_.Below(7);
  switch (fault) {
    case 0:
      story_.Tell("", "{} cannot be reached", database->name());
      database->reachable = false;
      Later(milliseconds(1), milliseconds(100), [database] { database->reachable = true; });
      break;
    case 1:
      story_.Tell("", "{} fails now and then", database->name());
      database->errors_percent = 40;
      Later(milliseconds(1), milliseconds(100), [database] { database->errors_percent = 0; });
      break;
    case 2:
    case 3:
      StoreFails(fault == 2);
      break;
    case 4:
      Reload();
      break;
    default:
      KillNode(AnyMember());
      break;
  }
  Later(milliseconds(1), shared_ ? kSharersWeatherMax : milliseconds(100), [this] { Weather(); });
}

void Simulation::StoreFails(bool reads) {
  if (shared_) {
    shared_->GoAway();
    const Duration until = random_.OneIn(8) ? Duration(kStoreLongAway) : Duration(kStoreAwayMax);
    return Later(milliseconds(1), until, [this] { shared_->ComeBack(); });
  }
  if (reads) {
    story_.Tell("", "the store cannot be read");
    disk_.reads_fail = true;
    return Later(milliseconds(1), milliseconds(20), [this] { disk_.reads_fail = false; });
  }
  if (!store_refuses_) return;
  story_.Tell("", "the store cannot be written");
  disk_.writes_fail = true;
  Later(milliseconds(1), milliseconds(50), [this] { disk_.writes_fail = false; });
}

void Simulation::EndFaults() {
  story_.Tell("", "all faults end");
  weather_ = false;
  for (const auto& member : members_) {
    member->clients->End();
    if (!shared_) continue;
    member->checker.sharer->lags = false;
    member->checker.sharer->calm = true;
  }
  if (shared_) shared_->EndFaults();
  disk_.reads_fail = false;
  disk_.writes_fail = false;
  for (const auto& [name, database] : databases_) {
    database->reachable = true;
    database->errors_percent = 0;
    database->hangs = false;
  }
}

void Simulation::ComeToRest() {
  EndFaults();
  if (!RunDry()) return;
  if (!shared_) CheckNothingLost(*members_.front());
  if (shared_) RefreshByHand();
  // A dead letter is tried again once it is read so much later.
  Later(settings_.refresh.queue.dead_retry, settings_.refresh.queue.dead_retry, [this] { ReadAll(false); });
  // What is computed may make a whole product due, so once more for each product of a chain.
  for (int round = 0; round < kChainLength; ++round) {
    if (!RunDry()) return;
    ReadAll(false);
  }
  if (!RunDry()) return;
  ReadAll(true);
  if (RunDry()) CheckAgreed();
}

// Until there is nothing to do, now or later.
bool Simulation::RunDry() {
  const std::uint64_t until = scheduler_.steps() + kRestStepsMax;
  const ResolvedKey none{"the node", nullptr, {}};
  Checker& first = members_.front()->checker;
  while (violation().empty() && scheduler_.Step()) {
    if (scheduler_.steps() > until) first.Violated(none, "it never comes to rest");
  }
  for (const auto& member : members_) {
    if (violation().empty() && (!member->serving || !member->node->idle() || waiting() > 0)) {
      member->checker.Violated(none, "something is due, or waits for an answer, and nothing will wake it");
    }
  }
  return violation().empty();
}

EntryPtr Simulation::Kept(Member& member, const ResolvedKey& key) {
  if (const auto served = member.node->engine().Peek(key.text)) return served->entry;
  EntryPtr stored = disk_.Find(key.text, world_);
  return stored && member.checker.IsHidden(key, *stored) ? nullptr : stored;
}

// What a write, or a prime after one, made due has been computed, without anybody having read it.
// Where whole products are due, their keys are due as they are read.
void Simulation::CheckNothingLost(Member& member) {
  if (settings_.engine.marks_max == kMarksFew || settings_.inserts) return;
  for (const ResolvedKey& key : SimClients::AllKeys(member.node->engine().catalog(), settings_.rows)) {
    const std::string& name = key.product->name;
    if (name != "plain" && name != "rank" && !member.checker.WasRemoved(name)) CheckKept(member, key);
  }
}

void Simulation::CheckKept(Member& member, const ResolvedKey& key) {
  const SimDatabase& database = *databases_.at(key.product->database);
  bool written = false;
  bool exists = false;
  for (const Row row : RowsOf(key, settings_.rows)) {
    written |= database.Now(row).number > 0;
    exists |= database.Now(row).exists;
  }
  const auto due = member.node->worker().ReportOf(key.text).due;
  if (!written || !exists || (due && due->state == DueState::kDead)) return;
  const EntryPtr kept = Kept(member, key);
  if (!kept || kept->kind() == EntryKind::kTombstone) {
    if (!member.checker.WasThrownAway(key)) member.checker.Violated(key, "at rest: it was due, and was never computed");
    return;
  }
  // A purge that the store refused holds in memory alone: there, the key has nothing. And what memory has of it, of
  // another definition, may be newer than what the store took.
  Engine& engine = member.node->engine();
  const bool unserved = engine.UseOf(key.text) && !engine.Peek(key.text);
  if (store_refuses_ && (unserved || member.checker.WasThrownAway(key))) return;
  if (kept->kind() != EntryKind::kSet && member.checker.IsOutdated(key, *kept)) {
    member.checker.Violated(key, fmt::format("at rest: it was due, and is still {}", kept->value()));
  }
}

// What nodes that lost touch may differ in for ever.
void Simulation::RefreshByHand() {
  Duration wait{};
  for (const auto& one : members_) {
    for (const ResolvedKey& key : SimClients::AllKeys(one->node->engine().catalog(), settings_.rows)) {
      const bool ordered = databases_.at(key.product->database)->has_snapshots();
      const bool marked =
          kProductMarksAreKept || (settings_.engine.marks_max != kMarksFew && !IsDueAsAWhole(key.product->name));
      if (ordered && marked && kLostPutsAreRepeated && kWritesOfNoEpochAreHeld) continue;
      world_.After(wait += kBetweenReads, [member = one.get(), key] { member->clients->Refresh(key); });
    }
  }
}

// `settled`: all have been read once, and what was stale has been computed since. One after another, since the queue
// may have room for few.
void Simulation::ReadAll(bool settled) {
  Duration wait{};
  for (const auto& one : members_) {
    Member& member = *one;
    for (const ResolvedKey& key : SimClients::AllKeys(member.node->engine().catalog(), settings_.rows)) {
      world_.After(wait += kBetweenReads, [this, &member, key, settled] {
        member.clients->Read(key, [this, &member, key, settled](const Result<Served>& got) {
          if (settled) CheckSettled(member, key, got);
        });
      });
    }
  }
}

void Simulation::CheckSettled(Member& member, const ResolvedKey& key, const Result<Served>& got) {
  Checker& checker = member.checker;
  if (!got) return checker.Violated(key, fmt::format("at rest: a reader is told {}", ErrorName(got.error().code)));
  member.settled.insert_or_assign(key.text, *got);
  if (got->freshness != Freshness::kFresh && !key.product->stale_after) {
    return checker.Violated(key, "at rest: stale, though it was read and everything works");
  }
  if (checker.WasRemoved(key.product->name) || got->entry->kind() == EntryKind::kSet) return;
  if (checker.IsOutdated(key, *got->entry)) {
    checker.Violated(key, fmt::format("at rest: not what the source holds: {}", got->entry->value()));
  }
}

// All serve the same, a set before a computed value as well.
void Simulation::CheckAgreed() {
  Member& first = *members_.front();
  for (const auto& member : members_) {
    for (const auto& [key, served] : member->settled) {
      const auto other = first.settled.find(key);
      if (other == first.settled.end() || other->second.entry->value() == served.entry->value()) continue;
      member->checker.Violated({key, nullptr, {}},
                               fmt::format("at rest: the nodes do not agree: {}, and {} at {}", served.entry->value(),
                                           other->second.entry->value(), first.name));
    }
  }
}

SimulationResult Simulate(const SimulationRun& run, bool told) { return Simulation(run, told).Run(); }

}  // namespace kck
