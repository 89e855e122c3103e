// What refreshes may take of one database: a share of its time, less while it is slow.
//
// Time is that of statements: with a share of 0.2 and one connection, refreshing statements run for two of any ten
// seconds. A group of keys is started, and then what it cost keeps the next one waiting.
//
// The share follows the database's latency as TCP's window follows the network (AIMD; Chiu and Jain, "Analysis of the
// Increase and Decrease Algorithms", 1989): each probe that takes much longer than the fastest of late makes it a
// quarter smaller, each other one a little larger, between a sixteenth and all of what is configured.
//
// Not thread-safe: its owner's lock covers it. Time comes in by the calls.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>

#include "base/scheduler.h"
#include "model/settings.h"

namespace kck {

class DatabaseBudget {
 public:
  explicit DatabaseBudget(const RefreshBudget& configured) : configured_(configured), share_(configured.share) {}

  // The first moment at which a group may start.
  TimePoint ready_at() const { return ready_at_; }

  // A group starts, of about that cost.
  void Start(double cost_us, TimePoint now);
  // It ended, and cost that; `estimated_us` is what Start was told.
  void End(double estimated_us, double cost_us);

  // The database answered a statement that does nothing after `latency`; nothing: it did not answer.
  void Probed(std::optional<Duration> latency, TimePoint now);

  double share() const { return share_; }
  double share_configured() const { return configured_.share; }
  int connections() const { return configured_.connections; }
  bool congested() const { return congested_; }
  Duration latency() const { return latency_; }  // of the last probe
  double busy_us() const { return busy_us_; }    // of all groups that ended

 private:
  // How long a cost keeps the next group waiting.
  Duration Pause(double cost_us) const;

  const RefreshBudget configured_;
  double share_;
  TimePoint ready_at_ = TimePoint::min();
  double busy_us_ = 0;
  bool congested_ = false;
  Duration latency_{};
  std::deque<std::pair<TimePoint, Duration>> fastest_;  // of the last minutes, ascending: the front is the fastest
};

}  // namespace kck
