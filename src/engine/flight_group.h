// Flights that are computed together: by one call of the primer, once it is known which of them have to be.
#pragma once

#include <vector>

#include "base/thread_annotations.h"
#include "primer/primer.h"

namespace kck {

// Each flight of the group calls Add or Skip, once; the last one sends what was added. Any thread.
class FlightGroup {
 public:
  FlightGroup(Primer& primer, std::size_t flights, TimePoint deadline)
      : primer_(primer), awaited_(flights), deadline_(deadline) {}

  void Add(Primer::Request request) {
    {
      MutexLock lock(mutex_);
      requests_.push_back(std::move(request));
    }
    Skip();
  }

  void Skip() {
    std::vector<Primer::Request> requests;
    {
      MutexLock lock(mutex_);
      if (--awaited_ > 0) return;
      requests.swap(requests_);
    }
    if (!requests.empty()) primer_.PrimeBehind(std::move(requests), deadline_);
  }

 private:
  Primer& primer_;
  Mutex mutex_;
  std::size_t awaited_ KCK_GUARDED_BY(mutex_);
  std::vector<Primer::Request> requests_ KCK_GUARDED_BY(mutex_);
  const TimePoint deadline_;
};

}  // namespace kck
