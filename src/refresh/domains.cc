// Domains: walking one, priming what is new in one, and what is due at boot.
#include <set>

#include "base/log.h"
#include "base/pause_point.h"
#include "model/product_key.h"
#include "refresh/domain_keys.h"
#include "refresh/worker_state.h"

namespace kck {
namespace {

// Tells its walk when the last key that holds it is done.
class WalkTicket : public RefreshTicket {
 public:
  explicit WalkTicket(std::function<void(std::size_t failed)> ended) : ended_(std::move(ended)) {}
  ~WalkTicket() override { ended_(failed); }

 private:
  std::function<void(std::size_t)> ended_;
};

constexpr auto kDomainWait = std::chrono::seconds(60);

}  // namespace

void RefreshWorker::Boot() {
  for (const ProductPtr& product : engine_.catalog()->Products()) {
    if (!product->refresh.on_boot) continue;
    if (product->params.empty()) {
      Want({{product->name, product, {}}, RefreshReason::kBoot, "", nullptr, 0, nullptr});
      continue;
    }
    RefreshDomain(product, RefreshReason::kBoot, true, [name = product->name](const Result<DomainWalkReport>& walk) {
      if (!walk) return LogWarning("{} could not be primed at boot: {}", name, walk.error().message);
      LogInfo("{} is primed: {} keys, {} failed", name, walk->keys, walk->failed);
    });
  }
}

void RefreshWorker::WantProduct(const ProductPtr& product, RefreshReason reason, const std::string& cause) {
  if (product->refresh.domain_key.empty()) return;
  // Without the parameters of what it is due after, which would be in the log.
  scheduler_.Post([this, product, reason, after = std::string(KeyName(cause))] {
    RefreshDomain(product, reason, true, [name = product->name, after](const Result<DomainWalkReport>& walk) {
      if (!walk) LogWarning("{} is due ({}), and its domain cannot be read: {}", name, after, walk.error().message);
    });
  });
}

void RefreshWorker::RefreshDomain(const ProductPtr& product, RefreshReason reason, bool unless_fresh,
                                  WalkCallback done) {
  auto walk = std::make_shared<Walk>();
  walk->product = product;
  walk->reason = reason;
  walk->newer_than = unless_fresh ? 0 : engine_.NextSequence();
  walk->done = std::move(done);
  Result<ResolvedKey> domain = ResolveKey(*engine_.catalog(), product->refresh.domain_key);
  if (!domain) return scheduler_.Post([walk, error = domain.error()] { walk->done(Failure(error)); });
  engine_.Fetch(*std::move(domain), scheduler_.Now() + kDomainWait, [this, walk](Result<Served> served) {
    if (!served) return walk->done(Failure(std::move(served.error())));
    walk->domain = served->entry;
    scheduler_.Post([this, walk] { BeginWalk(walk); });
  });
}

void RefreshWorker::BeginWalk(const std::shared_ptr<Walk>& walk) {
  const Result<DomainKeys> first = ReadDomain(walk->product, walk->domain->value(), 0, 0);
  if (!first) return walk->done(Failure(first.error()));
  walk->ticket = std::make_shared<WalkTicket>([this, walk](std::size_t failed) {
    scheduler_.Post([walk, failed] {
      walk->report.failed = failed;
      walk->done(walk->report);
    });
  });
  MutexLock lock(mutex_);
  walks_.push_back(walk);
  PostPump();
}

// Gives the queue what it has room for. Several threads may be at it, each with a walk that it has taken.
void RefreshWorker::FeedWalks() {
  while (true) {
    std::shared_ptr<Walk> walk;
    {
      MutexLock lock(mutex_);
      if (walks_.empty()) return;
      const Database* database = DatabaseOf(walks_.front()->product->database);
      if (database != nullptr && database->queue.Counts(scheduler_.Now()).waiting > limits_.domain_keys_at_once) return;
      walk = std::move(walks_.front());
      walks_.pop_front();
    }
    KCK_PAUSE_POINT("refresh.feed");
    if (!Feed(*walk)) continue;
    MutexLock lock(mutex_);
    walks_.push_back(std::move(walk));
  }
}

// Only one step at a time feeds a walk. False: all are given.
bool RefreshWorker::Feed(Walk& walk) {
  Result<DomainKeys> domain = ReadDomain(walk.product, walk.domain->value(), walk.next, limits_.domain_keys_at_once);
  if (!domain) domain = DomainKeys{};
  walk.next = domain->next;
  walk.report.keys += domain->keys.size();
  walk.report.refused += domain->refused;
  for (ResolvedKey& key : domain->keys) {
    const bool taken = Want({std::move(key), walk.reason, "", nullptr, walk.newer_than, walk.ticket});
    if (!taken) ++walk.ticket->failed;
  }
  if (!domain->more) walk.ticket.reset();
  return domain->more;
}

// Keys that the domain did not have before are computed before anyone asks.
void RefreshWorker::PrimeNewMembers(const ProductPtr& product, const EntryPtr& domain, const EntryPtr& before) {
  const Result<DomainKeys> old_keys = ReadDomain(product, before->value(), 0, SIZE_MAX);
  const Result<DomainKeys> new_keys = ReadDomain(product, domain->value(), 0, SIZE_MAX);
  if (!new_keys) return LogWarning("{}", new_keys.error().message);
  std::set<std::string_view> known;
  if (old_keys) {
    for (const ResolvedKey& key : old_keys->keys) known.insert(key.text);
  }
  for (const ResolvedKey& key : new_keys->keys) {
    if (!known.contains(key.text)) {
      Want({key, RefreshReason::kDomain, std::string(domain->key()), nullptr, 0, nullptr});
    }
  }
}

}  // namespace kck
