// The engine's inside. One file a step: engine.cc (wiring, start), fetch.cc (hot tier, joining a flight), flight.cc
// (store, primer), publish.cc (the one way in for a computed value), writes.cc (set, purge), marks.cc (what is stale),
// foretell.cc (which keys are due after a write or a prime), fill_log.cc (what is told of computes), refreshes.cc,
// updates.cc (updaters, and who waits to read what they wrote), explain.cc (what people are told of a key), sharing.cc
// (what other processes do to the store), shared_marks.cc (the marks of keys there), reads.cc (what keys are computed
// from), leases.cc and leasing.cc (what applications compute), hooking.cc (the hooks of products and updaters).
#pragma once

#include <condition_variable>
#include <map>

#include "base/log_limit.h"
#include "engine/dependencies.h"
#include "engine/dues.h"
#include "engine/engine.h"
#include "engine/flight_group.h"
#include "engine/key_report.h"
#include "engine/key_table.h"
#include "engine/leases.h"
#include "engine/recheck_pace.h"
#include "engine/sequence.h"
#include "engine/serving.h"
#include "store/shared_store.h"

namespace kck {

// The names of records.
inline constexpr std::string_view kMarkPrefix = "mark/";
inline constexpr std::string_view kKeyMark = "mark/key/";
inline constexpr std::string_view kForetoldMark = "mark/foretold/";
inline constexpr std::string_view kProductMark = "mark/product/";
inline constexpr std::string_view kReadsMark = "mark/reads/";  // what the key was computed from
inline constexpr std::string_view kDueRecord = "due";          // the value of the first two

std::string KeyMarkRecord(std::string_view key);
std::string ForetoldRecord(std::string_view product);

// A copy of the entry as a key's mark leaves it in the hot tier, where the mark itself is not looked up.
EntryPtr MarkedStale(const EntryPtr& entry);

// Whether the entry, whose compute knew the number `known`, shows all that its key is marked for. `database` is its
// product's.
bool ShowsMarks(const Entry& entry, std::uint64_t known, const KeyMarks& marks, std::string_view database);

// Under the lock of the key's stripe.
void LearnMarks(Flight& flight, const KeyMarks& read);

// What a reader is told whose token is of a history that is gone.
Error TokenLost();

// What a flight did for an answer.
struct Computed {
  bool marked = false;        // what it brought does not show a change that the key is marked for
  std::uint32_t cost_us = 0;  // 0: nothing was computed
};

class Engine::Impl {
 public:
  Impl(Scheduler& scheduler, Store& store, Primer& primer, std::size_t memory_bytes, EngineLimits limits,
       Writers writers, PythonFunctions* functions);

  // engine.cc
  void Start(DoneCallback done);
  void Stop();
  void SetCatalog(CatalogPtr catalog);
  // Of this thread, until its next call.
  const Serving& serving();

  // fetch.cc
  std::optional<Served> Peek(std::string_view raw_key);
  void Fetch(ResolvedKey key, TimePoint deadline, FetchCallback done, WriteTokens after, TracePtr trace);

  // refreshes.cc
  void Refresh(ResolvedKey key, HintPtr hint, TimePoint deadline, FetchCallback done);
  void QueueRefresh(ResolvedKey key, HintPtr hint, DoneCallback done);
  void RefreshBehind(std::vector<RefreshTask> tasks);
  void RefreshProduct(std::string_view name, DoneCallback done);

  // marks.cc
  void WantMarked();
  enum class ProductMark { kStale, kGone };
  // `change` is what made it stale, where that is known.
  void MarkProduct(std::string_view name, ProductMark mark, DoneCallback done, const KeyChange& change = {});

  // writes.cc
  void Set(ResolvedKey key, std::string value, std::optional<Version> condition, WriteCallback done, SetTerms terms);
  void Purge(ResolvedKey key, std::optional<Version> condition, WriteCallback done);

  // leasing.cc
  void Lease(ResolvedKey key, LeaseId id, LeaseTerms terms, LeaseCallback done);

  // updates.cc
  void RunUpdater(ResolvedWrite write, TimePoint deadline, UpdateCallback done);
  std::map<std::string, UpdaterCounts> CopyUpdaterCounts();

  // explain.cc
  void Explain(ResolvedKey key, ExplainCallback done);

  // reads.cc
  Result<void> BeginRead(const ResolvedKey& reader, const std::string& read);
  void EndRead(const ResolvedKey& reader, const std::string& read, const Served* served);

  // sharing.cc
  Result<WriteTokens> OpenTokens(std::string_view list);

  // fill_log.cc
  void SetSlowFill(std::optional<Duration> slow_fill);
  std::map<std::string, FillCounts> CopyFillCounts();

  StoreHealth store_health() const { return store_.health(); }
  std::uint64_t NextSequence() { return sequence_.Next(); }

  Refresher* refresher = nullptr;  // null: nobody
  PythonHooks* hooks = nullptr;    // null: none are called

  EngineCounters counters;
  HotTier hot;
  TokenSeal seal;
  KeyTable keys;
  Dependencies dependencies;
  Leases leases;

 private:
  // engine.cc
  std::shared_ptr<DatabaseHistory> HistoryOf(const std::string& database) KCK_REQUIRES(serving_mutex_);
  std::shared_ptr<ProductMarks> MarksOf(const std::string& product) KCK_REQUIRES(serving_mutex_);
  std::shared_ptr<FillTally> TallyOf(const std::string& product) KCK_REQUIRES(serving_mutex_);
  void RestoreEpochs(DoneCallback done);
  void RestoreMarks(DoneCallback done);
  void RestoreMark(std::string_view name, const std::string& value);
  void KeepForetold(const std::string& record);
  void CountDown(std::atomic<std::size_t>& counter);

  // fetch.cc
  void FetchHeld(const ResolvedKey& key, TimePoint deadline, const WaiterPtr& waiter);
  // What a reader of `entry` gets: the entry, or that the product has no value.
  Result<Served> Answer(const ResolvedKey& key, Served served);
  // What tells the waiter; null where it was told already, or is one who refreshes, and told soon.
  std::function<void()> TakeReply(const ResolvedKey& key, const WaiterPtr& waiter, Result<Served> answer,
                                  Computed computed);
  // Reply: soon, from anywhere. ReplyNow: within the call, from where nothing is locked.
  void Reply(const ResolvedKey& key, const WaiterPtr& waiter, Result<Served> answer);
  void ReplyNow(const ResolvedKey& key, const WaiterPtr& waiter, Result<Served> answer, Computed computed);
  void Refuse(const ResolvedKey& key, const WaiterPtr& waiter, Error error);
  void Kick(std::string_view raw_key);
  // Lets `waiter` have the result of a flight that began at or after `after`, starting one where needed.
  void Join(ResolvedKey key, std::uint64_t after, TimePoint deadline, const WaiterPtr& waiter);
  // Fills of the product that began before it are purged.
  std::uint64_t GoneBefore(std::string_view name);
  void OnDeadline(const ResolvedKey& key, const WaiterPtr& waiter);
  // The flight that has to begin for it; null where it waits for another one, or is refused.
  FlightPtr JoinOrMake(ResolvedKey key, std::uint64_t after, TimePoint deadline, const WaiterPtr& waiter);
  void BeginSoon(const FlightPtr& flight);
  // The flight becomes the key's, without beginning. Null, with the waiters refused, where there may be no more.
  FlightPtr MakeFlight(KeyTable::Stripe& stripe, KeyState& state, ResolvedKey key, std::vector<WaiterPtr> waiters)
      KCK_REQUIRES(stripe.mutex);
  bool IsCurrent(const KeyState& state, const ResolvedKey& key);

  // refreshes.cc
  FlightPtr JoinBehind(RefreshTask task);

  // sharing.cc
  // What memory holds of the key and may be served: not what the store has to be asked for first.
  EntryPtr FindHot(std::string_view key);
  // Holds what memory holds against the store, then calls `then`.
  void Recheck(const std::string& key, const EntryPtr& held, std::function<void()> then);
  // Asks the store for the key, and for its product's marks where those are old.
  void GetShared(const std::string& key, std::uint64_t fingerprint, SharedStore::SharedGetCallback done);
  void AskShared(const FlightPtr& flight);
  void OnShared(const FlightPtr& flight, const Result<SharedEntry>& found);
  // What the key holds by the store's word, where memory held `held` when it was asked; memory has it then.
  EntryPtr Receive(const std::string& key, const EntryPtr& held, const SharedEntry& found);
  // `stored` is the entry found.
  EntryPtr Admit(KeyState& state, const std::string& key, const EntryPtr& stored, const SharedEntry& found);
  EntryPtr KeepStale(const EntryPtr& entry);
  EntryPtr Forget(const EntryPtr& entry);
  // A foreign entry as one of this process.
  EntryPtr TakeIn(const SharedEntry& found, const ServedProduct* product);
  static std::string NumberName(std::string_view product, ProductMark kind);
  void AskForMarks(const std::string& name, const std::shared_ptr<ProductMarks>& marks, DoneCallback then);
  void LearnMark(ProductMarks& marks, ProductMark kind, std::uint64_t number) KCK_EXCLUDES(serving_mutex_);
  // What becomes of a mark that the store refuses: who asked for it hears that it failed, and that is all; or, since
  // what it is for has happened, it is tried again until the others know it.
  enum class Refused : std::uint8_t { kIsTold, kIsTriedAgain };
  void RaiseMark(const std::string& name, const std::shared_ptr<ProductMarks>& marks, ProductMark kind, Refused refused,
                 DoneCallback done);
  void TryToRaise(const std::string& name, const std::shared_ptr<ProductMarks>& marks, ProductMark kind,
                  DoneCallback done);
  void KeepRaising(const std::string& name, const std::shared_ptr<ProductMarks>& marks, ProductMark kind,
                   Refused refused, DoneCallback done);
  // The highest number of its product's marks that the entry is known to have begun after.
  std::uint64_t MarkOf(const Entry& entry);
  // Puts into the store, shared or not. `known_mark`: KnownMarks::key.
  void PutInStore(const EntryPtr& entry, std::uint64_t known_mark, const std::optional<PutCondition>& condition,
                  Store::PutCallback done);

  // leasing.cc
  void LookForLease(const ResolvedKey& key, std::function<void(const Leases::Found&)> done);

  // shared_marks.cc
  // Has the other processes hold the key against the change, once `done` runs.
  void TellMark(const ResolvedKey& key, const KeyChange& change, DoneCallback done);

  // updates.cc
  struct Update {
    ResolvedWrite write;
    Dues foretold;
    TimePoint deadline;
    TimePoint began;
    UpdateCallback done;
    bool asked_epoch = false;  // it has waited for the epoch once
  };
  void ForetellUpdate(const std::shared_ptr<Update>& update);
  void BeginUpdate(const std::shared_ptr<Update>& update);
  void OnWritten(const std::shared_ptr<Update>& update, Result<Written> written);
  void FinishUpdate(const std::shared_ptr<Update>& update, Result<Updated> updated);
  std::shared_ptr<DatabaseHistory> FindHistory(const std::string& database) KCK_EXCLUDES(serving_mutex_);
  WriteToken TokenOf(const std::string& database, const Written& written);
  void CountUpdate(const std::string& updater, const Result<Updated>& result, TimePoint began);
  // Those of the tokens that are of the product's database.
  static WriteTokens Relevant(const ResolvedKey& key, WriteTokens tokens);
  // A write that the waiter has to see is of a history that the database no longer has.
  bool IsLost(const ResolvedKey& key, const Waiter& waiter);
  // Lets a waiter whom a flight's result did not do wait for another flight.
  void AwaitNewer(const ResolvedKey& key, const WaiterPtr& waiter);

  // flight.cc
  // What this process knows the key to hold; null: the store has to be asked.
  EntryPtr Held(const std::string& key);
  void Begin(const FlightPtr& flight);
  void OnStored(const FlightPtr& flight, Result<EntryPtr> stored);
  void Consider(const FlightPtr& flight, bool from_store);
  // Answers those whom `served` does, and lets them go.
  void ServeWaiters(const FlightPtr& flight, const Served& served);
  void ServeStale(const FlightPtr& flight, const Served& stale);
  void Compute(const FlightPtr& flight);
  void OnPrimed(const FlightPtr& flight, bool behind, Result<Primed> primed);
  void JudgePrimed(const FlightPtr& flight, Primed primed);
  void Abandon(const FlightPtr& flight, Error error);
  void Finish(const FlightPtr& flight, const Result<Served>& outcome);
  void RememberFailure(KeyTable::Stripe& stripe, KeyState& state, Error error) KCK_REQUIRES(stripe.mutex);

  // fill_log.cc
  void NoteFill(const Flight& flight, bool behind, const Result<Primed>& primed);
  void LogSlowFill(const Flight& flight, bool behind, const Primed& primed);

  // reads.cc
  void KeepReads(const Flight& flight, const Primed& primed);
  struct Write;
  // Notes what was computed from the write's key; `then` runs once that is durable, or cannot be.
  void ForetellChange(const std::shared_ptr<Write>& write, std::function<void()> then);
  void SettleChange(const Write& write, bool changed);
  // Another process has computed or set the key. Not under the lock of a stripe.
  void OnForeignChange(const std::string& key);
  // They are due after a prime that has happened, of which nothing was foretold.
  void SettleMet(Dues dues, const std::string& primed);

  // hooking.cc
  // Whether somebody asked for what the flight computes. For the hooks of its product.
  bool IsRefresh(const Flight& flight);
  // A computed value is what its key holds now.
  void TellPublished(const Flight& flight, const Entry& entry);
  // `then` runs once the hooks before a set, purge or update have ended.
  void CallBefore(const Write& write, std::function<void()> then);
  void TellWritten(const Write& write, const Entry& entry);
  void CallBefore(const Update& update, std::function<void()> then);
  void TellUpdated(const Update& update);

  // publish.cc
  void Publish(const FlightPtr& flight, Primed primed);
  struct Placed {
    Served served;           // what the flight's waiters get
    bool published = false;  // it is what the key holds now
    bool renewed = false;    // its content is what the key held before
  };
  Placed Place(const FlightPtr& flight, const ServedProduct& product, Primed& primed);
  void SettlePrime(const Dues& foretold, const Dues& due, const Entry& entry);
  bool MayPublish(KeyTable::Stripe& stripe, const Flight& flight) KCK_REQUIRES(stripe.mutex);
  EntryFacts FillFacts(const Flight& flight, const ServedProduct& product, Primed& primed);
  EntryPtr MakeEntry(const Flight& flight, const ServedProduct& product, Primed& primed, const EntryPtr& current);
  EntryPtr MakeUnpublished(const Flight& flight, const ServedProduct& product, Primed& primed);
  EntryPtr Keep(KeyTable::Stripe& stripe, const Flight& flight, const EntryPtr& entry, const EntryPtr& before)
      KCK_REQUIRES(stripe.mutex);
  // Under the lock of the key's stripe. `known_mark`: KnownMarks::key.
  void HandToStore(KeyState& state, const EntryPtr& entry, std::uint64_t known_mark);
  bool IsShareable(const Entry& entry) const;
  void OnKept(const EntryPtr& entry, const Result<void>& stored);

  // writes.cc
  // Makes the new entry from its version.
  using EntryMaker = std::function<EntryPtr(const Version& version, std::uint64_t sequence)>;
  struct Write {
    ResolvedKey key;
    std::optional<Version> condition;
    EntryMaker make;
    WriteCallback done;
    std::optional<LeaseId> lease = std::nullopt;  // held when the write was asked for
    std::optional<Version> seen = std::nullopt;   // what the key held when that was given
    int attempts = 0;                             // that another process's write came before
    std::uint64_t known_mark = 0;                 // KnownMarks::key
    Dues foretold = {};                           // what was computed from it
    bool equal = false;                           // it puts the content that was there
    bool purges = false;                          // else it sets
  };
  // Longer than any fill that began before a purge can still be on its way.
  Duration TombstoneLife() const { return 2 * limits_.fill_timeout + std::chrono::minutes(1); }
  // What every write's entry says; the rest is the write's own.
  EntryFacts WriteFacts(const ResolvedKey& key, const Version& version, std::uint64_t sequence) const;
  void Enqueue(Write write);
  void BeginWrite(const std::shared_ptr<Write>& write);
  void MeetMoment(const std::shared_ptr<Write>& write, std::function<void()> then);
  void BeginSharedWrite(const std::shared_ptr<Write>& write);
  void ApplyWrite(const std::shared_ptr<Write>& write, const EntryPtr& current);
  bool PutsNothingNew(const Write& write, const Entry* current, const Entry& entry) const;
  void FinishWrite(const std::shared_ptr<Write>& write, const EntryPtr& entry, Result<void> stored);
  Version NextVersion(const ResolvedKey& key, const Entry* current, std::uint64_t sequence);

  // marks.cc
  using MarkCallback = std::function<void(std::uint64_t sequence, Result<void> marked)>;
  void MarkKey(const ResolvedKey& key, MarkCallback done);
  bool MayMark(const KeyState& state) const { return !state.mark.empty() || keys.marks < limits_.marks_max; }
  void PutProductMark(std::string_view name, const ProductMarks& marks, DoneCallback done);
  // What of the product was computed up to now is stale.
  void RenewMark(std::string_view name, const std::shared_ptr<ProductMarks>& marks);
  void AddMark(KeyTable::Stripe& stripe, KeyState& state, const std::string& key, const KeyChange& change)
      KCK_REQUIRES(stripe.mutex);
  // Under the lock of the key's stripe.
  void ClearMark(KeyState& state, const std::string& key);
  void NoteDue(KeyState& state, const std::string& key, DoneCallback done);
  void ForgetMarkRecord(KeyState& state, const std::string& key);

  // explain.cc
  KeyReport ReportOf(const ResolvedKey& key, EntryPtr stored);

  // foretell.cc
  // Makes sure that a kill forgets none of them, before the change that they are due after can have happened. `done`,
  // where it is set, runs once that is durable. Each call has its Settle.
  void Foretell(Dues& dues, const DoneCallback& done);
  // The change has happened, and made these due; `foretold` is what Foretell was told.
  void Settle(const Dues& foretold, const Dues& due, const KeyChange& change, const Cause& cause);
  void Release(const Dues& foretold);
  void ReleaseProduct(const std::string& name);
  // `record` begins a record that is to be durable before what was foretold goes. False: the key shows the change
  // already.
  bool MakeDue(const ResolvedKey& key, const KeyChange& change, const std::function<DoneCallback()>& record);
  void Want(const ResolvedKey& key, const Cause& cause);

  Scheduler& scheduler_;
  Store& store_;
  SharedStore* const shared_;  // the same store; null: nobody else writes to it
  RecheckPace pace_;
  Primer& primer_;
  const EngineLimits limits_;
  const Writers writers_;
  PythonFunctions* const functions_;  // null: nothing is in Python
  Sequence sequence_;

  LogLimit unstored_logged_;
  LogLimit unread_logged_;

  LogLimit failed_fill_logged_;
  LogLimit raised_write_logged_;
  LogLimit slow_fill_logged_;
  std::atomic<Duration> slow_fill_{Duration::max()};

  std::atomic<bool> restored_told_{false};  // the refresher has heard of the marks that were restored

  Mutex updaters_mutex_;
  std::map<std::string, UpdaterCounts> updater_counts_ KCK_GUARDED_BY(updaters_mutex_);

  Mutex serving_mutex_;
  std::atomic<std::uint64_t> serving_generation_{0};  // unique over all engines of the process
  ServingPtr serving_ KCK_GUARDED_BY(serving_mutex_);
  std::map<std::string, std::shared_ptr<DatabaseHistory>, std::less<>> histories_ KCK_GUARDED_BY(serving_mutex_);
  std::map<std::string, std::shared_ptr<ProductMarks>, std::less<>> marks_ KCK_GUARDED_BY(serving_mutex_);
  std::map<std::string, std::shared_ptr<FillTally>, std::less<>> tallies_ KCK_GUARDED_BY(serving_mutex_);

  std::atomic<bool> stopping_{false};
  Mutex idle_mutex_;
  std::condition_variable idle_;  // with idle_mutex_: a flight or write ended
};

}  // namespace kck
