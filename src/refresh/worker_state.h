// The refresh worker's inside: what it knows of a database, of a product, of a group that is being computed.
#pragma once

#include "refresh/refresh_worker.h"

namespace kck {

struct RefreshWorker::Database {
  Database(std::string database, RefreshDatabase settings, const RefreshQueueLimits& limits, std::uint64_t seed)
      : name(std::move(database)),
        queue(limits, seed),
        budget(settings.budget),
        reachable(std::move(settings.reachable)),
        probe(std::move(settings.probe)),
        is_told_unused(settings.is_told_unused) {}

  bool IsReachable() const { return !reachable || reachable(); }

  const std::string name;
  RefreshQueue queue;
  DatabaseBudget budget;
  const std::function<bool()> reachable;
  const LatencyProbe probe;
  const bool is_told_unused;
  RefreshCounters counters;
  std::size_t groups = 0;                     // under way
  int outages = 0;                            // tries in a row that found it not there
  TimePoint paused_until = TimePoint::min();  // since it was not there
  TimePoint probed_at = TimePoint::min();
  bool probing = false;
};

struct RefreshWorker::ProductState {
  std::uint64_t fingerprint = 0;
  double key_us = 0;          // measured time a key; 0: nothing is known
  std::size_t group_max = 1;  // how many keys the next group may have
  std::uint64_t fresh_met = 0;
  std::uint64_t fresh_missed = 0;
  std::optional<Duration> fresh;
  std::optional<Duration> period;
  bool unreachable_said = false;

  bool Unreachable() const {
    const auto cost = std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::micro>(key_us));
    return (fresh && cost > *fresh) || (period && cost > *period);
  }
};

// Keys of one product that are computed together.
struct RefreshWorker::Group {
  Database* database = nullptr;
  ProductState* product = nullptr;
  std::vector<RefreshQueue::Lease> leases;
  std::size_t left = 0;
  double estimated_us = 0;
  double cost_us = 0;
  TimePoint began;
  std::size_t computed = 0;
  std::size_t failed = 0;
  bool not_there = false;  // the database was not
};

// A domain whose keys are given to the queue as it has room.
struct RefreshWorker::Walk {
  ProductPtr product;
  RefreshReason reason = RefreshReason::kDomain;
  std::uint64_t newer_than = 0;
  EntryPtr domain;
  std::size_t next = 0;  // item of the domain
  DomainWalkReport report;
  WalkCallback done;
  std::shared_ptr<RefreshTicket> ticket;  // until all keys are given; then they alone hold it
};

}  // namespace kck
