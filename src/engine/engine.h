// The engine: how a key becomes an entry. Hot tier, then store, then the key's one flight, then the primer.
//
// A hit never blocks, allocates or takes a lock across I/O (Peek). All else goes through Fetch and its siblings, which
// answer through a callback. Everything that makes an entry, whoever asked, goes through one flight per key and one
// publish function.
//
// Threads: every method may be called from any thread. Callbacks run exactly once, never inside the call, on any
// thread. Shutdown: Stop() refuses new work and returns when no flight is left; it must be called before the
// destructor.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/scheduler.h"
#include "base/trace.h"
#include "engine/refresher.h"
#include "engine/token.h"
#include "hot/hot_tier.h"
#include "model/catalog.h"
#include "model/entry.h"
#include "model/write_request.h"
#include "primer/primer.h"
#include "source/sources.h"
#include "store/store.h"

namespace kck {

enum class Freshness : std::uint8_t { kFresh, kStale, kSuspect };

std::string_view FreshnessName(Freshness freshness);

// Where what a reader gets comes from.
enum class ServedFrom : std::uint8_t {
  kMemory,  // what this process held
  kStore,
  kFill,    // computed for this reader
  kJoined,  // computed meanwhile for another one, or by a refresh that was under way
};
inline constexpr std::size_t kServedFroms = 4;

std::string_view ServedFromName(ServedFrom from);

// What a reader gets: an entry with content, and what is known of its freshness now.
struct Served {
  EntryPtr entry;
  Freshness freshness = Freshness::kFresh;
  ServedFrom from = ServedFrom::kMemory;
  std::shared_ptr<const CachePolicy> cache_policy = nullptr;  // of the key's product
};

struct LeaseLimits {
  std::size_t leases_max = 20000;
  std::size_t waiters_max = 20000;  // of all keys together
};

struct EngineLimits {
  std::size_t waiters_per_flight_max = 20000;
  std::size_t flights_max = 20000;
  std::size_t marks_max = 500000;     // key marks; past it a mark widens to its product
  std::size_t failures_max = 100000;  // keys whose back-off is remembered
  std::size_t reads_max = 1000000;    // reads of keys by others that were computed from them
  std::chrono::milliseconds fill_timeout{30000};
  std::chrono::milliseconds backoff_min{100};
  std::chrono::milliseconds backoff_max{5000};
  // Where other processes write to the store: how old what memory holds may be before it is held against the store
  // again as it is read, and how many such looks a second that may take; more keys in use stretch the time.
  std::chrono::milliseconds recheck{1000};
  std::size_t rechecks_per_second_max = 2000;
  LeaseLimits leases;
};

// Counted since start. Read by /metrics.
struct EngineCounters {
  std::atomic<std::uint64_t> store_hits{0};
  std::atomic<std::uint64_t> store_errors{0};
  std::atomic<std::uint64_t> fills{0};  // computes begun
  std::atomic<std::uint64_t> fill_errors{0};
  std::atomic<std::uint64_t> renewals{0};  // fills that brought equal content
  std::atomic<std::uint64_t> joined{0};    // requests that waited for another's flight
  std::atomic<std::uint64_t> stale_served{0};
  std::atomic<std::uint64_t> discarded{0};  // fills thrown away: an older version, a purge or a set came between
  std::atomic<std::uint64_t> overloaded{0};
  std::atomic<std::uint64_t> fill_cost_us{0};  // summed
  std::atomic<std::uint64_t> rechecks{0};      // of what memory holds, at a store that others write to
};

// What the computes of a product did since start. Read by /metrics.
struct FillCounts {
  std::string database;
  std::uint64_t fills = 0;  // ended
  std::uint64_t errors = 0;
  std::uint64_t cost_us = 0;  // summed
};

// What an updater has done since start. Read by /metrics.
struct UpdaterCounts {
  std::map<std::string, std::uint64_t, std::less<>> results;  // "done", or the error's name
  std::uint64_t time_us = 0;                                  // summed, from the call to the answer
};

// What the caller of an updater gets.
struct Updated {
  std::uint64_t rows = 0;
  std::string returning;  // a JSON list
  std::string token;      // for Fetch, through OpenTokens
};

// The name of a wish to compute a key in a process of its own: whose it is (Leases::AddHolder), and which of theirs.
struct LeaseId {
  std::string holder;
  std::uint64_t number = 0;

  bool operator==(const LeaseId&) const = default;
};

struct LeaseTerms {
  TimePoint deadline;  // to be answered
  Duration hold;       // how long the lease may take, once it is given
};

// What the caller of a lease gets: what the key holds, or the lease, with what the key holds where that is stale.
struct Leased {
  std::optional<Served> served;
  bool is_granted = false;
};

// What a set says beside the value.
struct SetTerms {
  // Of a key without a product: those of a product say how long its values live.
  std::optional<std::chrono::milliseconds> expires_after = std::nullopt;
  std::optional<std::chrono::milliseconds> stale_after = std::nullopt;
  // Only while this is held, and nothing was put under the key since it was given: else KCKVersionMismatch.
  std::optional<LeaseId> lease = std::nullopt;
};

// What came of a refresh.
struct Refreshed {
  Freshness freshness = Freshness::kFresh;  // of what the key holds now; stale where a change came meanwhile
  bool marked = false;                      // stale by a mark: the fill does not show a change
  std::uint32_t cost_us = 0;                // 0: it was fresh, and nothing was computed
};

struct KeyReport;       // engine/key_report.h
class Leases;           // engine/leases.h
class PythonFunctions;  // primer/python_functions.h
class PythonHooks;      // primer/python_hooks.h

class Engine {
 public:
  // On the thread that had the value, a database's or a worker pool's too: it takes the answer on and leaves the work
  // to others. Never within the call that it was given to.
  using FetchCallback = std::function<void(Result<Served>)>;
  using WriteCallback = std::function<void(Result<Version>)>;  // the version that the write made
  using DoneCallback = std::function<void(Result<void>)>;
  using RefreshedCallback = std::function<void(Result<Refreshed>)>;
  using UpdateCallback = std::function<void(Result<Updated>)>;
  using LeaseCallback = std::function<void(Result<Leased>)>;
  using ExplainCallback = std::function<void(const KeyReport&)>;

  // Everything outlives the engine.
  // `writers` has one for each database that the catalog's updaters name; `functions` runs those that are in Python,
  // null: there are none.
  Engine(Scheduler& scheduler, Store& store, Primer& primer, std::size_t memory_bytes, EngineLimits limits = {},
         Writers writers = {}, PythonFunctions* functions = nullptr);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Who is told which keys are due. Before Start; null: nobody, and stale keys stay so until someone asks for a fill.
  void SetRefresher(Refresher* refresher);

  // Who calls the hooks of products and updaters. Before Start; null: none are called.
  void SetHooks(PythonHooks* hooks);

  // Reads sequence, epochs and marks from the store. Nothing else may be called before `done`. A store that processes
  // share may be away: then what it knows is read as soon as it is reached.
  void Start(DoneCallback done);
  void Stop();

  // Serves by these definitions from now on. Entries by other definitions are stale until the first fill of the new.
  void SetCatalog(CatalogPtr catalog);
  CatalogPtr catalog() const;

  // The hot path: the entry, where the hot tier holds one that may be served at once as it is. `raw_key` needs not be
  // canonical: if it is not, this finds nothing and Fetch will. A stale entry of an `on_stale: serve` product is served
  // here too, and a refresh begins behind it.
  std::optional<Served> Peek(std::string_view raw_key);

  // The product in service of that name; null: there is none. Any thread.
  ProductPtr FindProduct(std::string_view name);

  // Answers by `deadline`: an entry, or why there is none. With `after`, the entry shows those writes, whatever has to
  // be computed for it; an older one is never the answer. Tokens of other databases than the product's are ignored;
  // KCKTokenLost where one is of a history that its database no longer has.
  // `trace` is the request that asks.
  void Fetch(ResolvedKey key, TimePoint deadline, FetchCallback done, WriteTokens after = {}, TracePtr trace = nullptr);

  // Reads a KCK-After header (engine/token.h).
  Result<WriteTokens> OpenTokens(std::string_view list);

  // Writes to the database, once, and answers when that is committed (source/writer.h). The keys that are due after it
  // (Product::refresh.after_updates) are stale by then, wherever this process may be killed.
  void RunUpdater(ResolvedWrite write, TimePoint deadline, UpdateCallback done);

  // Computes `key` again, by a fill that begins after this call, and answers with what it brought. `hint`, a JSON
  // object, is for that fill; null: none.
  void Refresh(ResolvedKey key, HintPtr hint, TimePoint deadline, FetchCallback done);

  // The same without waiting for the fill: `done` once the wish is durable. Until a newer fill, the entry is stale.
  void QueueRefresh(ResolvedKey key, HintPtr hint, DoneCallback done);

  // A refresh whose turn has come.
  struct RefreshTask {
    ResolvedKey key;
    Hints hints;
    std::uint64_t newer_than = 0;  // as RefreshWish::newer_than
    RefreshedCallback done;
  };

  // Computes those of the keys that are not fresh, all of one product, behind what readers wait for. For the
  // Refresher's own use.
  void RefreshBehind(std::vector<RefreshTask> tasks);

  // Tells the refresher of all keys that are marked stale: those that it had no room for, or that a restart brought.
  void WantMarked();

  // `reader`, which is being computed, is about to read `read`, a canonical key: from now on a change of that makes the
  // reader due. KCKBadRequest where it would be computed from itself, KCKOverloaded where there is no room. What is
  // noted has its EndRead, with what was read; null: nothing.
  Result<void> BeginRead(const ResolvedKey& reader, const std::string& read);
  void EndRead(const ResolvedKey& reader, const std::string& read, const Served* served);

  // A point in this node's order of events: whatever begins later has a higher one.
  std::uint64_t NextSequence();

  // Puts `value` (JSON text) under `key`; acknowledged once durable. With `condition`, only where the entry's content
  // version is that one. KCKBadRequest on a product's key unless the product is settable.
  void Set(ResolvedKey key, std::string value, std::optional<Version> condition, WriteCallback done,
           SetTerms terms = {});

  // As Fetch for the key of a product; of another key, what it holds, or the lease to compute it (Leases::Ask).
  void Lease(ResolvedKey key, LeaseId id, LeaseTerms terms, LeaseCallback done);

  // Who holds leases, and what ends them.
  Leases& leases();

  // Forgets `key`, in every tier; acknowledged once durable. A fill under way does not bring it back.
  void Purge(ResolvedKey key, std::optional<Version> condition, WriteCallback done);

  // A whole product by one mark: its entries are stale (refresh) or gone (purge) from now on. KCKUnknownKey where there
  // is no such product. What is stale is computed as it is read; of a product with a domain, also as the domain is
  // walked.
  void RefreshProduct(std::string_view name, DoneCallback done);
  void PurgeProduct(std::string_view name, DoneCallback done);

  // Tells what is known of `key`, and why it would be served as it would be. Neither a use of it nor a reason to
  // compute it.
  void Explain(ResolvedKey key, ExplainCallback done);

  // Computes that take as long are logged; nothing: none is. Any time.
  void SetSlowFill(std::optional<Duration> slow_fill);

  const EngineCounters& counters() const;
  std::map<std::string, FillCounts> fill_counts() const;        // by the product's name
  std::map<std::string, UpdaterCounts> updater_counts() const;  // by the updater's name
  // How the key was asked for lately, as HotTier says it.
  std::optional<KeyUse> UseOf(std::string_view key) const;
  std::optional<KeyUse> TakeUse(std::string_view key);
  // How many computed entries are on their way to the store.
  std::size_t storing() const;
  HotTierStats hot_stats() const;
  StoreHealth store_health() const;
  std::size_t flights() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kck
