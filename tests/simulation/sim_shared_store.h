// The store that the nodes of one run share, and what a network, replicas and outages do to what is sent to it.
#pragma once

#include <memory>
#include <string>

#include "simulation/random.h"
#include "simulation/sim_scheduler.h"
#include "simulation/story.h"
#include "testing/shared_memory.h"

namespace kck {

class SimSharedStore {
 public:
  // A request is carried out within that, and its answer comes within that.
  static constexpr auto kLateMax = std::chrono::milliseconds(1000);

  // Which faults it has is the seed's. All outlives it.
  SimSharedStore(SimScheduler& scheduler, Random& random, Story& story);

  // As the process that is the node's life of that number has it.
  std::unique_ptr<SharedStore> Open(const std::string& node, std::uint64_t life, SimProcess& process);

  // Reads of entries may miss what was acknowledged a moment ago, as from one replica. Else they do not.
  bool lags() const { return lags_; }

  // It is not reached for a while.
  void GoAway();
  void ComeBack();

  // From now on every request is carried out and answered, and shows what was acknowledged.
  void EndFaults();

  // When a request was last lost, or its answer, or read what is not the latest.
  TimePoint last_fault() const { return memory_.down ? server_.Now() : last_fault_; }

 private:
  SharedMemory::Fault NextFault();
  bool Happens(std::uint64_t percent);

  SimProcess server_;
  Random& random_;
  Story& story_;
  SharedMemory memory_;
  bool loses_;
  bool delays_;
  bool repeats_;
  bool lags_;
  TimePoint last_fault_;
};

}  // namespace kck
