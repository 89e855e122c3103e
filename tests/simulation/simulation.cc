#include "simulation/simulation.h"

#include <utility>

namespace kck {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kRestStepsMax = 200000;
constexpr std::uint64_t kClientsMax = 6;
constexpr std::uint64_t kRowsMax = 3;
constexpr std::size_t kMarksFew = 2;
constexpr std::size_t kMemoryLittle = 4096;
constexpr int kChainLength = 3;
constexpr auto kBetweenReads = seconds(1);

}  // namespace

// Small limits now and then, so that what happens at them happens.
NodeSettings Simulation::SettingsOf(Random& random) {
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
      settings_(SettingsOf(random_)),
      checker_(scheduler_, databases_, story_, settings_.rows),
      disk_(random_, story_),
      // Where memory has no room either, what was computed is gone, as after a kill.
      store_refuses_(settings_.memory_bytes != kMemoryLittle && random_.OneIn(4)),
      world_(scheduler_),
      clients_(scheduler_, random_, checker_, settings_, [this] { return serving_ ? node_.get() : nullptr; }) {
  checker_.epochs_may_be_lost = store_refuses_;
}

Simulation::~Simulation() {
  if (node_) node_->Kill();
}

SimulationResult Simulation::Run() {
  StartNode();
  for (std::uint64_t clients = random_.Below(kClientsMax) + 1; clients > 0; --clients) clients_.Add();
  Weather();
  while (scheduler_.steps() < run_.steps && checker_.violation().empty()) scheduler_.Step();
  ComeToRest();
  return {scheduler_.steps(), kills_, world_.UnixMillis(), checker_.violation()};
}

void Simulation::StartNode() {
  processes_.push_back(std::make_unique<SimProcess>(scheduler_));
  node_ = std::make_unique<SimNode>(*processes_.back(), disk_, databases_, random_, checker_, settings_);
  story_.Tell("", "a node starts");
  node_->Start(MakeCatalog(definitions_), [this](const Result<void>& started) {
    if (started) {
      story_.Tell("", "the node serves");
      serving_ = true;
      return;
    }
    // It would end by itself.
    world_.Post([this] { KillNode(); });
  });
}

void Simulation::KillNode() {
  if (!node_) return;
  ++kills_;
  const bool power = random_.OneIn(2);
  story_.Tell("", "the node is killed{}", power ? ", and the power fails" : "");
  serving_ = false;
  node_->Kill();
  node_.reset();
  if (power) disk_.LosePower();
  for (const auto& [name, database] : databases_) database->EndTransactions();
  checker_.NodeEnded();
  clients_.LoseNode();
  Later(milliseconds(0), milliseconds(30), [this] { StartNode(); });
}

void Simulation::Reload() {
  if (!serving_) return;
  if (random_.OneIn(3)) {
    definitions_.has_total = !definitions_.has_total;
    checker_.Removed("total");
  } else {
    definitions_.edition = random_.Below(3) + 1;
  }
  story_.Tell("", "definitions: edition {}{}", definitions_.edition, definitions_.has_total ? "" : ", without total");
  node_->engine().SetCatalog(MakeCatalog(definitions_));
  checker_.DefinitionsChanged();
}

void Simulation::Later(Duration from, Duration to, std::function<void()> work) {
  world_.After(random_.Between(from, to), std::move(work));
}

void Simulation::Weather() {
  if (!weather_) return;
  SimDatabase* database = random_.OneIn(2) ? &main_ : &lite_;
  switch (random_.Below(7)) {
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
      story_.Tell("", "the store cannot be read");
      disk_.reads_fail = true;
      Later(milliseconds(1), milliseconds(20), [this] { disk_.reads_fail = false; });
      break;
    case 3:
      if (!store_refuses_) break;
      story_.Tell("", "the store cannot be written");
      disk_.writes_fail = true;
      Later(milliseconds(1), milliseconds(50), [this] { disk_.writes_fail = false; });
      break;
    case 4:
      Reload();
      break;
    default:
      KillNode();
      break;
  }
  Later(milliseconds(1), milliseconds(100), [this] { Weather(); });
}

void Simulation::EndFaults() {
  story_.Tell("", "all faults end");
  weather_ = false;
  clients_.End();
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
  CheckNothingLost();
  // A dead letter is tried again once it is read so much later.
  Later(settings_.refresh.queue.dead_retry, settings_.refresh.queue.dead_retry, [this] { ReadAll(false); });
  // What is computed may make a whole product due, so once more for each product of a chain.
  for (int round = 0; round < kChainLength; ++round) {
    if (!RunDry()) return;
    ReadAll(false);
  }
  if (!RunDry()) return;
  ReadAll(true);
  RunDry();
}

// Until there is nothing to do, now or later.
bool Simulation::RunDry() {
  const std::uint64_t until = scheduler_.steps() + kRestStepsMax;
  const ResolvedKey none{"the node", nullptr, {}};
  while (checker_.violation().empty() && scheduler_.Step()) {
    if (scheduler_.steps() > until) checker_.Violated(none, "it never comes to rest");
  }
  if (checker_.violation().empty() && (!serving_ || !node_->idle() || clients_.waiting() > 0)) {
    checker_.Violated(none, "something is due, or waits for an answer, and nothing will wake it");
  }
  return checker_.violation().empty();
}

EntryPtr Simulation::Kept(const ResolvedKey& key) {
  if (const auto served = node_->engine().Peek(key.text)) return served->entry;
  EntryPtr stored = disk_.Find(key.text, world_);
  return stored && checker_.IsHidden(key, *stored) ? nullptr : stored;
}

// What a write, or a prime after one, made due has been computed, without anybody having read it.
// Where whole products are due, their keys are due as they are read.
void Simulation::CheckNothingLost() {
  if (settings_.engine.marks_max == kMarksFew || settings_.inserts) return;
  for (const ResolvedKey& key : SimClients::AllKeys(node_->engine().catalog(), settings_.rows)) {
    const std::string& name = key.product->name;
    if (name != "plain" && name != "rank" && !checker_.WasRemoved(name)) CheckKept(key);
  }
}

void Simulation::CheckKept(const ResolvedKey& key) {
  const SimDatabase& database = *databases_.at(key.product->database);
  bool written = false;
  bool exists = false;
  for (const Row row : RowsOf(key, settings_.rows)) {
    written |= database.Now(row).number > 0;
    exists |= database.Now(row).exists;
  }
  const auto due = node_->worker().ReportOf(key.text).due;
  if (!written || !exists || (due && due->state == DueState::kDead)) return;
  const EntryPtr kept = Kept(key);
  if (!kept || kept->kind() == EntryKind::kTombstone) {
    if (!checker_.WasThrownAway(key)) checker_.Violated(key, "at rest: it was due, and was never computed");
    return;
  }
  // A purge that the store refused holds in memory alone: there, the key has nothing. And what memory has of it, of
  // another definition, may be newer than what the store took.
  Engine& engine = node_->engine();
  const bool unserved = engine.UseOf(key.text) && !engine.Peek(key.text);
  if (store_refuses_ && (unserved || checker_.WasThrownAway(key))) return;
  if (kept->kind() != EntryKind::kSet && checker_.IsOutdated(key, *kept)) {
    checker_.Violated(key, fmt::format("at rest: it was due, and is still {}", kept->value()));
  }
}

// `settled`: all have been read once, and what was stale has been computed since. One after another, since the queue
// may have room for few.
void Simulation::ReadAll(bool settled) {
  Duration wait{};
  for (const ResolvedKey& key : SimClients::AllKeys(node_->engine().catalog(), settings_.rows)) {
    world_.After(wait += kBetweenReads, [this, key, settled] {
      clients_.Read(key, [this, key, settled](const Result<Served>& got) {
        if (settled) CheckSettled(key, got);
      });
    });
  }
}

void Simulation::CheckSettled(const ResolvedKey& key, const Result<Served>& got) {
  if (!got) return checker_.Violated(key, fmt::format("at rest: a reader is told {}", ErrorName(got.error().code)));
  if (got->freshness != Freshness::kFresh && !key.product->stale_after) {
    return checker_.Violated(key, "at rest: stale, though it was read and everything works");
  }
  if (checker_.WasRemoved(key.product->name) || got->entry->kind() == EntryKind::kSet) return;
  if (checker_.IsOutdated(key, *got->entry)) {
    checker_.Violated(key, fmt::format("at rest: not what the source holds: {}", got->entry->value()));
  }
}

SimulationResult Simulate(const SimulationRun& run, bool told) { return Simulation(run, told).Run(); }

}  // namespace kck
