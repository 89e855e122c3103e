#include "simulation/checker.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace kck {
namespace {

// Answers are posted, and what is posted may be held up.
constexpr auto kToldWithin = 5 * SimScheduler::kHeldUpMax;
// From a flight's begin to its compute: a read of the store.
constexpr auto kFlightToCompute = std::chrono::milliseconds(150);
// The same of a store that is far away, asked for marks and for the epoch as well.
constexpr auto kFlightToComputeFar = std::chrono::seconds(10);

void Raise(Moment& moment, const Moment& to) {
  if (to.at >= moment.at) moment = to;
}

}  // namespace

void Checker::Violated(const ResolvedKey& key, const std::string& what) {
  if (!violation_.empty()) return;
  std::vector<std::string> about{key.text};
  if (key.product) {
    about.push_back(key.product->name);
    for (const Row row : RowsOf(key, rows_)) about.push_back(fmt::format("{}:{}", key.product->database, row));
  }
  violation_ = fmt::format("step {}: {}{}: {}\n{}", scheduler_.steps(), Teller(), key.text, what, story_.Of(about));
}

Checker::Discards Checker::DiscardsOf(const ResolvedKey& key) {
  Discards sum = discards_;
  const auto add = [&sum](const Discards& more) { sum = {sum.count + more.count, std::max(sum.last, more.last)}; };
  add(keys_[key.text].discards);
  if (key.product) add(products_[key.product->name].discards);
  return sum;
}

std::uint64_t Checker::WriteBegins(const std::string& key) {
  KeyFacts& facts = keys_[key];
  ++facts.writes;
  Note(facts.discards);
  return scheduler_.UnixMillis();
}

void Checker::WriteEnds(const std::string& key) {
  KeyFacts& facts = keys_[key];
  --facts.writes;
  Note(facts.discards);
}

// The other nodes' as well, once they have learned of it.
void Checker::ThrowsProductAway(const std::string& product) {
  Note(products_[product].discards);
  if (sharer) sharer->tell([&product](Checker& other) { other.Note(other.products_[product].discards); });
}

bool Checker::WasThrownAway(const ResolvedKey& key) { return DiscardsOf(key).count > discards_.count; }

ReaderPtr Checker::Begins(const ResolvedKey& key) {
  auto reader = std::make_shared<Reader>();
  const bool reads_again = sharer && sharer->lags && sharer->forgets;
  const KeyFacts& facts = keys_[key.text];
  reader->key = key;
  reader->began = scheduler_.Now();
  if (!reads_again) reader->fresh_after = facts.fresh_after;
  reader->begun_after = facts.begun_after;
  reader->set = facts.set;
  if (!reads_again) reader->floors = facts.floors;
  if (!sharer || !sharer->forgets) reader->versions = facts.versions;
  if (!reads_again) reader->shown = facts.shown_before;
  reader->definitions = definitions_;
  reader->discards = DiscardsOf(key).count;
  if (sharer && sharer->lags) std::erase_if(reader->floors, [](const Floor& floor) { return floor.earlier_life; });
  story_.Tell(key.text, "{}a reader asks", Teller());
  readers_.push_back(reader);
  if (!key.product) return reader;
  RequireMarks(*reader);
  if (IsDueAfterWrites(key.product->name) && !reads_again) RequireWrites(*reader);
  return reader;
}

void Checker::RequireMarks(Reader& reader) {
  const ProductFacts& product = products_[reader.key.product->name];
  Moment fresh_after = product.fresh_after;
  std::uint64_t begun_after = product.begun_after;
  if (sharer && (sharer->calm || kProductMarksAreAwaited)) {
    Raise(fresh_after, product.far_fresh_after);
    begun_after = std::max(begun_after, product.far_begun_after);
  }
  Raise(reader.fresh_after, fresh_after);
  if (begun_after <= reader.begun_after) return;
  reader.begun_after = begun_after;
  reader.set.reset();
}

void Checker::RequireWrites(Reader& reader) {
  const Product& product = *reader.key.product;
  const bool heard = kKeyMarksAreShared || IsDueAsAWhole(product.name);
  for (const Changes* changes : {&acknowledged_, &heard_}) {
    const auto of_database = changes->find(product.database);
    if (of_database == changes->end() || (changes == &heard_ && !heard)) continue;
    for (const Row row : RowsOf(reader.key, rows_)) {
      const auto found = of_database->second.find(row);
      if (found == of_database->second.end()) continue;
      reader.shown[row] = std::max(reader.shown[row], found->second);
    }
  }
}

void Checker::Answered(const ReaderPtr& reader, const Result<Served>& answer) {
  reader->ended = true;
  std::erase(readers_, reader);
  if (reader->error_due && !sharer && scheduler_.Now() > *reader->error_due) {
    Violated(reader->key, "a reader was not told at once that what it waited for failed");
  }
  if (!answer) {
    story_.Tell(reader->key.text, "{}a reader is told {}", Teller(), ErrorName(answer.error().code));
    if (answer.error().code == ErrorCode::kTokenLost && !epochs_may_be_lost)
      Violated(reader->key, "a token is lost without a reason");
    return;
  }
  const Entry& entry = *answer->entry;
  story_.Tell(reader->key.text, "{}a reader gets {} {} {} of sequence {}, stamp {}, begun at {}{}", Teller(),
              FreshnessName(answer->freshness), VersionText(entry.version()), entry.value(), entry.fill_sequence(),
              entry.stamp() ? entry.stamp()->Text() : "none", entry.as_of_unix_ms() - SimScheduler::kStartUnixMs,
              entry.foreign() ? " elsewhere" : "");
  const std::string wrong = WhatIsWrong(*reader, *answer);
  if (!wrong.empty()) {
    return Violated(reader->key, fmt::format("{} {} {}: {}", FreshnessName(answer->freshness),
                                             VersionText(entry.version()), entry.value(), wrong));
  }
  Learn(*reader, *answer);
}

std::string Checker::WhatIsWrong(const Reader& reader, const Served& served) {
  const Entry& entry = *served.entry;
  if (!entry.has_content()) return "a tombstone was served";
  // Computed before the store told the epoch.
  const bool unplaced = sharer && entry.version().epoch == 0;
  if (served.freshness == Freshness::kSuspect && !epochs_may_be_lost && !unplaced)
    return "suspect, though the database has one history";
  if (entry.expires_at() <= reader.began) return "its life was over";
  if (!IsTrue(reader.key, entry)) return "the source never held that at the entry's stamp";
  if (std::string undone = WhatIsUndone(reader, entry); !undone.empty()) return undone;
  const auto version = reader.versions.find({entry.fingerprint(), entry.version().epoch});
  // What was thrown away has no version of its own: that of the database's state, at least.
  Version version_shown = entry.version();
  if (reader.discards != DiscardsOf(reader.key).count) version_shown.sub = std::numeric_limits<std::uint32_t>::max();
  if (version != reader.versions.end() && version_shown < version->second) {
    return fmt::format("version {} was served before", VersionText(version->second));
  }
  for (const auto& [row, number] : reader.by_tokens) {
    const auto shown = Shown(reader.key, entry, row);
    if (shown && *shown < number) return fmt::format("it does not show change {} of row {}, by token", number, row);
  }
  return served.freshness == Freshness::kFresh ? WhatIsWrongWithFresh(reader, entry) : "";
}

std::string Checker::WhatIsUndone(const Reader& reader, const Entry& entry) const {
  const bool set_later = reader.set && entry.kind() == EntryKind::kSet && entry.version() >= *reader.set;
  if (BeganAt(entry) <= reader.begun_after && !set_later) {
    return fmt::format("a purge or set was acknowledged at sequence {}, and is undone", reader.begun_after);
  }
  for (const Floor& floor : reader.floors) {
    const bool gone = !kPurgesOutliveTombstones && reader.began > floor.acknowledged + sharer->tombstone_life;
    if (gone || BeganAt(entry) > floor.began || entry.version() >= floor.version) continue;
    return fmt::format("a purge or set of version {} was acknowledged, and is undone", VersionText(floor.version));
  }
  return "";
}

std::uint64_t Checker::BeganAt(const Entry& entry) const {
  return sharer ? static_cast<std::uint64_t>(entry.as_of_unix_ms()) : entry.fill_sequence();
}

Moment Checker::MomentOf(Engine& engine) const {
  if (!sharer) return {engine.NextSequence()};
  // What began in the same millisecond may have begun after it.
  return {static_cast<std::uint64_t>(scheduler_.UnixMillis()) - 1,
          databases_.find(kMain)->second->Snapshot().VersionNumber()};
}

bool Checker::IsBefore(const Entry& entry, const Moment& began) const {
  if (BeganAt(entry) > began.at) return false;
  // Without stamps, of two nodes that compute at once either value may stand, until the next refresh.
  if (sharer && !entry.stamp() && entry.foreign()) return false;
  return !sharer || !entry.stamp() || entry.stamp()->VersionNumber() < began.state;
}

std::string Checker::WhatIsWrongWithFresh(const Reader& reader, const Entry& entry) const {
  if (entry.stale_at() <= reader.began) return "past its soft age, and fresh";
  if (reader.key.product && reader.definitions == definitions_ &&
      entry.fingerprint() != reader.key.product->fingerprint) {
    return "of another definition, and fresh";
  }
  if (reader.key.product && WasRemoved(reader.key.product->name)) return "";
  if (IsBefore(entry, reader.fresh_after)) {
    return fmt::format("a refresh was acknowledged that began at {}", reader.fresh_after.at);
  }
  if (sharer && ((!entry.stamp() && entry.foreign()) || IsMarkedAlone(reader, entry))) return "";
  for (const auto& [row, number] : reader.shown) {
    const auto shown = Shown(reader.key, entry, row);
    if (shown && *shown < number) return fmt::format("fresh, and it does not show change {} of row {}", number, row);
  }
  return "";
}

// It may have been computed before a mark that this process alone knows.
bool Checker::IsMarkedAlone(const Reader& reader, const Entry& entry) const {
  if (kProductMarksAreKept || !entry.foreign() || !reader.key.product) return false;
  return sharer->widens || IsDueAsAWhole(reader.key.product->name);
}

bool Checker::IsTrue(const ResolvedKey& key, const Entry& entry) const {
  if (!key.product || entry.kind() == EntryKind::kSet || !entry.stamp()) return true;
  const SimDatabase& database = *databases_.at(key.product->database);
  return entry.value() ==
         ValueOf(key, entry.fingerprint(), rows_, [&](Row row) { return database.At(row, *entry.stamp()); });
}

std::optional<std::uint64_t> Checker::Shown(const ResolvedKey& key, const Entry& entry, Row row) const {
  if (!key.product || entry.kind() == EntryKind::kSet) return std::nullopt;
  if (entry.stamp()) return databases_.at(key.product->database)->At(row, *entry.stamp()).number;
  return NumberIn(entry.value());
}

bool Checker::IsOutdated(const ResolvedKey& key, const Entry& entry) const {
  const SimDatabase& database = *databases_.at(key.product->database);
  // Content alone: a renewal that was not needed need not have come.
  return entry.value() != ValueOf(key, entry.fingerprint(), rows_, [&](Row row) { return database.Now(row); });
}

void Checker::Learn(const Reader& reader, const Served& served) {
  const Entry& entry = *served.entry;
  // What was thrown away is told to those who waited for it, and to nobody after them.
  if (reader.discards != DiscardsOf(reader.key).count || keys_[reader.key.text].writes > 0) return;
  // What was computed before the epoch was known has no place in the order.
  const bool unplaced = sharer && entry.stamp() && entry.version().epoch == 0;
  Version& version = keys_[reader.key.text].versions[{entry.fingerprint(), entry.version().epoch}];
  if (!unplaced) version = std::max(version, entry.version());
  if (!reader.key.product || served.freshness != Freshness::kFresh) return;
  // Keys are due after a prime where it was computed.
  if (sharer && entry.foreign()) return;
  const std::string_view due = DueAfterPrimeOf(reader.key.product->name);
  if (due.empty()) return;
  for (const Row row : RowsOf(reader.key, rows_)) {
    const auto number = Shown(reader.key, entry, row);
    std::uint64_t& shown = keys_[fmt::format("{}/{}", due, row)].shown_before[row];
    if (number) shown = std::max(shown, *number);
  }
}

void Checker::WriteAcknowledged(std::string_view database, Row row, std::uint64_t number) {
  story_.Tell(fmt::format("{}:{}", database, row), "{}change {} is acknowledged", Teller(), number);
  std::uint64_t& acknowledged = acknowledged_[std::string(database)][row];
  acknowledged = std::max(acknowledged, number);
  auto hear = [name = std::string(database), row, number](Checker& other) {
    std::uint64_t& heard = other.heard_[name][row];
    heard = std::max(heard, number);
  };
  Spread(hear, !kProductMarksAreKept);
}

void Checker::RefreshAcknowledged(const std::string& key, const Moment& began) {
  story_.Tell(key, "{}a refresh is acknowledged that began at {}", Teller(), began.at);
  NoteRefresh(key, began);
  if (kKeyMarksAreShared) Spread([key, began](Checker& other) { other.NoteRefresh(key, began); });
}

void Checker::NoteRefresh(const std::string& key, const Moment& began) { Raise(keys_[key].fresh_after, began); }

void Checker::ProductRefreshAcknowledged(const std::string& product, const Moment& began) {
  story_.Tell(product, "{}a refresh of all is acknowledged that began at {}", Teller(), began.at);
  Raise(products_[product].fresh_after, began);
  Spread([product, began](Checker& other) { Raise(other.products_[product].far_fresh_after, began); });
}

void Checker::PurgeAcknowledged(const std::string& key, std::uint64_t began, std::uint64_t answered,
                                const Version& version) {
  story_.Tell(key, "{}a purge of version {} is acknowledged at sequence {}", Teller(), VersionText(version), answered);
  if (sharer) {
    const Floor floor{began, scheduler_.Now(), version};
    NoteFloor(key, floor);
    return Spread([key, floor](Checker& other) { other.NoteFloor(key, floor); });
  }
  KeyFacts& facts = keys_[key];
  if (answered <= facts.begun_after) return;
  facts.begun_after = answered;
  facts.set.reset();
}

void Checker::SetAcknowledged(const std::string& key, std::uint64_t began, std::uint64_t answered,
                              const Version& version) {
  story_.Tell(key, "{}a set of version {} is acknowledged at sequence {}", Teller(), VersionText(version), answered);
  if (sharer) {
    const Floor floor{began, scheduler_.Now(), version};
    NoteFloor(key, floor);
    return Spread([key, floor](Checker& other) { other.NoteFloor(key, floor); });
  }
  KeyFacts& facts = keys_[key];
  if (answered <= facts.begun_after) return;
  facts.begun_after = answered;
  facts.set = version;
}

// Those that it implies are not kept.
void Checker::NoteFloor(const std::string& key, const Floor& floor) {
  std::vector<Floor>& floors = keys_[key].floors;
  std::erase_if(floors,
                [&floor](const Floor& other) { return other.began <= floor.began && other.version <= floor.version; });
  floors.push_back(floor);
}

void Checker::ProductPurgeAcknowledged(const std::string& product, const Moment& began) {
  story_.Tell(product, "{}a purge of all is acknowledged that began at {}", Teller(), began.at);
  ProductFacts& facts = products_[product];
  facts.begun_after = std::max(facts.begun_after, began.at);
  Spread([product, at = began.at](Checker& other) {
    ProductFacts& far = other.products_[product];
    far.far_begun_after = std::max(far.far_begun_after, at);
  });
}

bool Checker::IsHidden(const ResolvedKey& key, const Entry& entry) {
  const std::uint64_t begun_after = std::max(keys_[key.text].begun_after, products_[key.product->name].begun_after);
  return entry.kind() != EntryKind::kSet && entry.fill_sequence() <= begun_after;
}

std::uint64_t Checker::ComputeBegan(const ResolvedKey& key) {
  ++last_compute_;
  story_.Tell(key.text, "{}compute {} begins", Teller(), last_compute_);
  const Discards discards = DiscardsOf(key);
  const Duration flight_to_compute = sharer ? Duration(kFlightToComputeFar) : Duration(kFlightToCompute);
  const Compute begun{key.product->fingerprint, discards.count, discards.last + flight_to_compute < scheduler_.Now()};
  auto& computes = keys_[key.text].computes;
  for (const auto& [number, other] : computes) {
    const bool same = other.fingerprint == begun.fingerprint && other.discards == begun.discards;
    if (same && other.valid) Violated(key, "two computes at once");
  }
  computes.emplace(last_compute_, begun);
  return last_compute_;
}

void Checker::ComputeEnded(const ResolvedKey& key, std::uint64_t number, bool failed) {
  story_.Tell(key.text, "{}compute {} {}", Teller(), number, failed ? "fails" : "ends");
  auto& computes = keys_[key.text].computes;
  const Compute compute = computes.at(number);
  computes.erase(number);
  if (!failed || !compute.valid || compute.discards != DiscardsOf(key).count) return;
  for (const ReaderPtr& reader : readers_) {
    if (reader->key.text != key.text || !reader->plain || reader->discards != compute.discards || reader->error_due)
      continue;
    reader->error_due = scheduler_.Now() + kToldWithin;
  }
}

// What readers were shown of computed values may be lost with the node's memory; what was acknowledged may not.
void Checker::NodeEnded() {
  readers_.clear();
  for (auto& [key, facts] : keys_) {
    facts.versions.clear();
    facts.shown_before.clear();
    facts.computes.clear();
    facts.writes = 0;
    for (Floor& floor : facts.floors) floor.earlier_life = true;
    // What the store is read for again may lag.
    if (sharer && sharer->lags) facts.fresh_after = {};
  }
  if (!sharer) return;
  // The next process learns of purges of whole products while it computes, whenever they were.
  Note(discards_);
  if (sharer->lags) acknowledged_.clear();
  for (auto& [name, facts] : products_) {
    Raise(facts.far_fresh_after, std::exchange(facts.fresh_after, {}));
    facts.far_begun_after = std::max(facts.far_begun_after, std::exchange(facts.begun_after, 0));
  }
}

}  // namespace kck
