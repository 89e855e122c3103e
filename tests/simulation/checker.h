// What must hold whatever happens, checked as it happens.
//
// - A value is what the database held at the value's stamp, by the definition of its fingerprint.
// - An entry served as fresh to a reader who began after a write was acknowledged shows the write; so does whatever a
//   fetch with its token brings. A key that is due after another one's prime shows, where it is fresh, what a reader
//   was shown of the other one.
// - A refresh that was acknowledged is not followed by an older value that calls itself fresh, nor a purge or set by an
//   older value at all.
// - Versions of one key and definition never fall for readers in sequence, within one life of the node and one epoch.
// - One compute of a key and definition at a time, but for those that a purge, a set or a change of definitions threw
//   away. Where one fails, all who wait for it are told at once.
//
// Where nodes share a store, each has a checker: what a node answers is held against what was acknowledged by itself,
// in this life or before, from then on; and against what the others acknowledged once it has to have learned of it. No
// sequence means anything beyond its process there, so that order is told by when computes began, by what they read,
// and by versions.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "simulation/sim_database.h"
#include "simulation/sim_products.h"
#include "simulation/story.h"

namespace kck {

using SimDatabases = std::map<std::string, SimDatabase*, std::less<>>;

// What nodes that share a store are not known to keep yet. Each may be switched on, and is then held.
//
// A node serves what another one's write or refresh of a key made due as stale, within the time that it takes to learn
// of anything else. Otherwise it does once that has been computed.
inline constexpr bool kKeyMarksAreShared = true;
// A computed value whose put was lost comes to be in the store once it is read where it was computed. Otherwise it
// takes a refresh, and the key's mark stays.
inline constexpr bool kLostPutsAreRepeated = true;
// The mark of a whole product that a write made due is held against what others computed before it is in the store, and
// comes to be there though the store lost it at first.
inline constexpr bool kProductMarksAreKept = true;
// Nothing is taken from the store before the marks of its product are known. Otherwise it may be while they are asked
// for.
inline constexpr bool kProductMarksAreAwaited = true;
// A write is held against stamps also where the epoch was not known as it was acknowledged. Otherwise fills are that
// begin after it, and one may miss it that does not see all that was acknowledged.
inline constexpr bool kWritesOfNoEpochAreHeld = false;
// A purge reaches a node that holds a later version than what is computed after the tombstone has gone.
inline constexpr bool kPurgesOutliveTombstones = false;

// When something began. Before that are: in one process, what has no greater sequence; where processes share a store,
// what was computed earlier by the clock, from no later a state of the database.
struct Moment {
  std::uint64_t at = 0;
  std::uint64_t state = std::numeric_limits<std::uint64_t>::max();  // version number of a snapshot
};

// A set or purge: what any entry was begun after, or is of this version or a later one.
struct Floor {
  std::uint64_t began = 0;
  TimePoint acknowledged;
  Version version;
  bool earlier_life = false;  // an earlier process of the node was told of it
};

class Checker;

// Of a node that shares its store.
struct Sharer {
  std::string node;
  bool lags = false;     // reads of entries may miss what was acknowledged a moment ago
  bool forgets = false;  // memory has room for little, so that what it held is read again
  bool widens = false;   // there is room for few marks, so that whole products are marked
  bool calm = false;     // faults have ended, and keys are read one after another
  Duration tombstone_life{};
  // Tells the checkers of the other nodes: now.
  std::function<void(const std::function<void(Checker&)>&)> tell;
  // Once they have to know. `lost_by_faults`: never where the store has lost
  // requests meanwhile.
  std::function<void(std::function<void(Checker&)>, bool lost_by_faults)> spread;
};

// What a reader who begins now may rely on.
struct Reader {
  ResolvedKey key;
  TimePoint began;
  std::map<Row, std::uint64_t> shown;      // changes that a fresh entry shows
  std::map<Row, std::uint64_t> by_tokens;  // that any entry shows
  Moment fresh_after;                      // a fresh entry was begun after that
  std::uint64_t begun_after = 0;           // any entry was, or
  std::optional<Version> set;              // is this one that was set, or a later one
  std::vector<Floor> floors;
  std::map<std::pair<std::uint64_t, std::uint32_t>, Version> versions;  // by fingerprint and epoch: at least
  std::uint64_t definitions = 0;
  std::uint64_t discards = 0;
  bool plain = false;  // an error of the key's compute is told to it at once
  bool ended = false;
  std::optional<TimePoint> error_due;  // such an error came
};

using ReaderPtr = std::shared_ptr<Reader>;

class Checker {
 public:
  Checker(const SimScheduler& scheduler, SimDatabases databases, Story& story, int rows)
      : scheduler_(scheduler), databases_(std::move(databases)), story_(story), rows_(rows) {}

  // Set before the run: the store may refuse the record of an epoch, so that a restart begins another one.
  bool epochs_may_be_lost = false;

  // Set before the run, where the node shares its store.
  std::optional<Sharer> sharer;

  // The first thing that did not hold, with its story; empty: nothing so far.
  const std::string& violation() const { return violation_; }
  void Violated(const ResolvedKey& key, const std::string& what);

  // Readers.
  ReaderPtr Begins(const ResolvedKey& key);
  void Answered(const ReaderPtr& reader, const Result<Served>& answer);

  // The moment of a call that begins now.
  Moment MomentOf(Engine& engine) const;
  // It is what was there before a call that began then.
  bool IsBefore(const Entry& entry, const Moment& began) const;

  // What was acknowledged: when the call began, and where it matters the engine's sequence when it was answered.
  void WriteAcknowledged(std::string_view database, Row row, std::uint64_t number);
  void RefreshAcknowledged(const std::string& key, const Moment& began);
  void ProductRefreshAcknowledged(const std::string& product, const Moment& began);
  void PurgeAcknowledged(const std::string& key, std::uint64_t began, std::uint64_t answered, const Version& version);
  void SetAcknowledged(const std::string& key, std::uint64_t began, std::uint64_t answered, const Version& version);
  void ProductPurgeAcknowledged(const std::string& product, const Moment& began);
  // A set or purge was acknowledged since, that hides it.
  bool IsHidden(const ResolvedKey& key, const Entry& entry);

  // What throws computes away. When it began, as of sets and purges.
  std::uint64_t WriteBegins(const std::string& key);
  void WriteEnds(const std::string& key);
  void ThrowsProductAway(const std::string& product);
  void DefinitionsChanged() {
    ++definitions_;
    Note(discards_);
  }
  // The product was taken away, or came back: what came between made none of its keys due.
  void Removed(const std::string& product) { removed_.insert(product); }
  bool WasRemoved(const std::string& product) const { return removed_.contains(product); }
  // It was purged or set, or nobody knows.
  bool WasThrownAway(const ResolvedKey& key);

  // Computes.
  std::uint64_t ComputeBegan(const ResolvedKey& key);  // its number
  void ComputeEnded(const ResolvedKey& key, std::uint64_t number, bool failed);

  void NodeEnded();

  // The rows' changes that an entry shows. Nothing for a value that was set.
  std::optional<std::uint64_t> Shown(const ResolvedKey& key, const Entry& entry, Row row) const;
  // A change that the source has and the entry has not.
  bool IsOutdated(const ResolvedKey& key, const Entry& entry) const;

 private:
  // How often computes were thrown away, and when last.
  struct Discards {
    std::uint64_t count = 0;
    TimePoint last = TimePoint::min();
  };
  struct Compute {
    std::uint64_t fingerprint = 0;
    std::uint64_t discards = 0;  // when it began
    bool valid = false;          // its flight had not been thrown away by then, as far as can be told
  };
  struct KeyFacts {
    Moment fresh_after;
    std::uint64_t begun_after = 0;
    std::optional<Version> set;
    std::vector<Floor> floors;
    std::map<std::pair<std::uint64_t, std::uint32_t>, Version> versions;
    std::map<Row, std::uint64_t> shown_before;  // of the key that this one is due after
    Discards discards;
    int writes = 0;                             // sets and purges under way
    std::map<std::uint64_t, Compute> computes;  // under way, by number
  };
  struct ProductFacts {
    Moment fresh_after;
    std::uint64_t begun_after = 0;
    Moment far_fresh_after;  // of other processes
    std::uint64_t far_begun_after = 0;
    Discards discards;
  };

  std::string Teller() const { return sharer ? sharer->node + ": " : ""; }
  void Spread(std::function<void(Checker&)> fact, bool lost_by_faults = false) const {
    if (sharer) sharer->spread(std::move(fact), lost_by_faults);
  }
  void NoteFloor(const std::string& key, const Floor& floor);
  void NoteRefresh(const std::string& key, const Moment& began);
  void RequireMarks(Reader& reader);
  void RequireWrites(Reader& reader);
  bool IsMarkedAlone(const Reader& reader, const Entry& entry) const;
  std::string WhatIsUndone(const Reader& reader, const Entry& entry) const;
  std::uint64_t BeganAt(const Entry& entry) const;
  void Note(Discards& discards) { discards = {discards.count + 1, scheduler_.Now()}; }
  Discards DiscardsOf(const ResolvedKey& key);
  std::string WhatIsWrong(const Reader& reader, const Served& served);
  std::string WhatIsWrongWithFresh(const Reader& reader, const Entry& entry) const;
  bool IsTrue(const ResolvedKey& key, const Entry& entry) const;
  void Learn(const Reader& reader, const Served& served);

  const SimScheduler& scheduler_;
  const SimDatabases databases_;
  Story& story_;
  const int rows_;
  std::string violation_;
  std::map<std::string, KeyFacts, std::less<>> keys_;
  std::map<std::string, ProductFacts, std::less<>> products_;
  using Changes = std::map<std::string, std::map<Row, std::uint64_t>, std::less<>>;  // by database
  Changes acknowledged_;
  Changes heard_;  // of other nodes' writes
  std::set<std::string, std::less<>> removed_;
  std::uint64_t definitions_ = 0;
  Discards discards_;  // of all keys
  std::uint64_t last_compute_ = 0;
  std::vector<ReaderPtr> readers_;  // that wait
};

}  // namespace kck
