#include "simulation/sim_shared_store.h"

namespace kck {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kLostPercent = 4;
constexpr std::uint64_t kDelayedPercent = 10;
constexpr std::uint64_t kRepeatedPercent = 10;
constexpr std::uint64_t kLagsPercent = 25;
constexpr std::uint64_t kLagMax = 3;
// After what was acknowledged meanwhile, but before tombstones go.
constexpr auto kRepeatedWithin = milliseconds(5000);

// What a story tells of records is about their key or product.
std::string_view SubjectOf(std::string_view name) {
  for (const std::string_view prefix :
       {"mark/key/", "mark/product/", "mark/foretold/", "schedule/", "stale/", "gone/"}) {
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  }
  return name;
}

}  // namespace

SimSharedStore::SimSharedStore(SimScheduler& scheduler, Random& random, Story& story)
    : server_(scheduler),
      random_(random),
      story_(story),
      memory_(server_),
      loses_(random.OneIn(2)),
      delays_(random.OneIn(2)),
      repeats_(random.OneIn(2)),
      lags_(random.OneIn(4)),
      last_fault_(server_.Now()) {
  memory_.next_fault = [this] { return NextFault(); };
  memory_.told = [this](const std::string& name, const std::string& what) {
    story_.Tell(SubjectOf(name), "{} ({})", what, name);
  };
}

std::unique_ptr<SharedStore> SimSharedStore::Open(const std::string& node, std::uint64_t life, SimProcess& process) {
  return memory_.Open({node, fmt::format("{}, life {}", node, life), &process});
}

void SimSharedStore::GoAway() {
  story_.Tell("", "the store is away");
  memory_.down = true;
}

void SimSharedStore::ComeBack() {
  if (!memory_.down) return;
  story_.Tell("", "the store is back");
  memory_.down = false;
  last_fault_ = server_.Now();
}

void SimSharedStore::EndFaults() {
  ComeBack();
  loses_ = delays_ = repeats_ = lags_ = false;
}

bool SimSharedStore::Happens(std::uint64_t percent) {
  if (!random_.Percent(percent)) return false;
  last_fault_ = server_.Now();
  return true;
}

SharedMemory::Fault SimSharedStore::NextFault() {
  SharedMemory::Fault fault;
  fault.late = random_.Latency();
  fault.answer_late = random_.Latency();
  if (delays_ && random_.Percent(kDelayedPercent)) fault.late = random_.Between(Duration::zero(), kLateMax);
  fault.lost = loses_ && Happens(kLostPercent);
  fault.answer_lost = loses_ && Happens(kLostPercent);
  if (repeats_ && random_.Percent(kRepeatedPercent))
    fault.again_after = random_.Between(milliseconds(1), kRepeatedWithin);
  if (lags_ && Happens(kLagsPercent)) fault.lag = random_.Below(kLagMax) + 1;
  return fault;
}

}  // namespace kck
