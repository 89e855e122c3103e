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
#pragma once

#include <cstdint>
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

// What a reader who begins now may rely on.
struct Reader {
  ResolvedKey key;
  TimePoint began;
  std::map<Row, std::uint64_t> shown;                                   // changes that a fresh entry shows
  std::map<Row, std::uint64_t> by_tokens;                               // that any entry shows
  std::uint64_t fresh_after = 0;                                        // a fresh entry was begun after that
  std::uint64_t begun_after = 0;                                        // any entry was, or
  std::optional<Version> set;                                           // is this one that was set, or a later one
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

  // The first thing that did not hold, with its story; empty: nothing so far.
  const std::string& violation() const { return violation_; }
  void Violated(const ResolvedKey& key, const std::string& what);

  // Readers.
  ReaderPtr Begins(const ResolvedKey& key);
  void Answered(const ReaderPtr& reader, const Result<Served>& answer);

  // What was acknowledged. Sequences are the engine's: one taken when the call began, or when it was answered.
  void WriteAcknowledged(std::string_view database, Row row, std::uint64_t number);
  void RefreshAcknowledged(const std::string& key, std::uint64_t began);
  void ProductRefreshAcknowledged(const std::string& product, std::uint64_t began);
  void PurgeAcknowledged(const std::string& key, std::uint64_t answered);
  void SetAcknowledged(const std::string& key, std::uint64_t answered, const Version& version);
  void ProductPurgeAcknowledged(const std::string& product, std::uint64_t began);
  // A set or purge was acknowledged since, that hides it.
  bool IsHidden(const ResolvedKey& key, const Entry& entry);

  // What throws computes away.
  void WriteBegins(const std::string& key);
  void WriteEnds(const std::string& key);
  void ThrowsProductAway(const std::string& product) { Note(products_[product].discards); }
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
    std::uint64_t fresh_after = 0;
    std::uint64_t begun_after = 0;
    std::optional<Version> set;
    std::map<std::pair<std::uint64_t, std::uint32_t>, Version> versions;
    std::map<Row, std::uint64_t> shown_before;  // of the key that this one is due after
    Discards discards;
    int writes = 0;                             // sets and purges under way
    std::map<std::uint64_t, Compute> computes;  // under way, by number
  };
  struct ProductFacts {
    std::uint64_t fresh_after = 0;
    std::uint64_t begun_after = 0;
    Discards discards;
  };

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
  std::map<std::string, std::map<Row, std::uint64_t>, std::less<>> acknowledged_;  // by database
  std::set<std::string, std::less<>> removed_;
  std::uint64_t definitions_ = 0;
  Discards discards_;  // of all keys
  std::uint64_t last_compute_ = 0;
  std::vector<ReaderPtr> readers_;  // that wait
};

}  // namespace kck
