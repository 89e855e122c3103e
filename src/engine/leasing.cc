// Keys that applications compute: what they hold, or the lease.
#include "engine/engine_impl.h"

namespace kck {

void Engine::Impl::Lease(ResolvedKey key, LeaseId id, LeaseTerms terms, LeaseCallback done) {
  if (!key.product) return leases.Ask(std::move(key), std::move(id), terms, std::move(done));
  auto fetched = [done = std::move(done)](Result<Served> served) {
    if (!served) return done(Failure(std::move(served.error())));
    done(Leased{*std::move(served), false});
  };
  Fetch(std::move(key), terms.deadline, std::move(fetched), {}, nullptr);
}

// Where the store does not answer, the key counts as empty: what is put then finds out.
void Engine::Impl::LookForLease(const ResolvedKey& key, std::function<void(const Leases::Found&)> done) {
  auto tell = [this, text = key.text, done = std::move(done)](Result<Served> served) {
    if (served) return done({*served, served->entry->version()});
    const EntryPtr held = hot.Look(text);
    done({std::nullopt, held ? std::optional(held->version()) : std::nullopt});
  };
  Fetch(key, TimePoint::max(), std::move(tell), {}, nullptr);
}

}  // namespace kck
