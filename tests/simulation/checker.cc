#include "simulation/checker.h"

#include <algorithm>
#include <limits>

namespace kck {
namespace {

// Answers are posted, and what is posted may be held up.
constexpr auto kToldWithin = 5 * SimScheduler::kHeldUpMax;
// From a flight's begin to its compute: a read of the store.
constexpr auto kFlightToCompute = std::chrono::milliseconds(150);

}  // namespace

void Checker::Violated(const ResolvedKey& key, const std::string& what) {
  if (!violation_.empty()) return;
  std::vector<std::string> about{key.text};
  if (key.product) {
    about.push_back(key.product->name);
    for (const Row row : RowsOf(key, rows_)) about.push_back(fmt::format("{}:{}", key.product->database, row));
  }
  violation_ = fmt::format("step {}: {}: {}\n{}", scheduler_.steps(), key.text, what, story_.Of(about));
}

Checker::Discards Checker::DiscardsOf(const ResolvedKey& key) {
  Discards sum = discards_;
  const auto add = [&sum](const Discards& more) { sum = {sum.count + more.count, std::max(sum.last, more.last)}; };
  add(keys_[key.text].discards);
  if (key.product) add(products_[key.product->name].discards);
  return sum;
}

void Checker::WriteBegins(const std::string& key) {
  KeyFacts& facts = keys_[key];
  ++facts.writes;
  Note(facts.discards);
}

void Checker::WriteEnds(const std::string& key) {
  KeyFacts& facts = keys_[key];
  --facts.writes;
  Note(facts.discards);
}

bool Checker::WasThrownAway(const ResolvedKey& key) { return DiscardsOf(key).count > discards_.count; }

ReaderPtr Checker::Begins(const ResolvedKey& key) {
  auto reader = std::make_shared<Reader>();
  const KeyFacts& facts = keys_[key.text];
  reader->key = key;
  reader->began = scheduler_.Now();
  reader->fresh_after = facts.fresh_after;
  reader->begun_after = facts.begun_after;
  reader->set = facts.set;
  reader->versions = facts.versions;
  reader->shown = facts.shown_before;
  reader->definitions = definitions_;
  reader->discards = DiscardsOf(key).count;
  story_.Tell(key.text, "a reader asks");
  readers_.push_back(reader);
  if (!key.product) return reader;
  const ProductFacts& product = products_[key.product->name];
  reader->fresh_after = std::max(reader->fresh_after, product.fresh_after);
  if (product.begun_after > reader->begun_after) {
    reader->begun_after = product.begun_after;
    reader->set.reset();
  }
  if (!IsDueAfterWrites(key.product->name)) return reader;
  const auto& acknowledged = acknowledged_[key.product->database];
  for (const Row row : RowsOf(key, rows_)) {
    if (const auto found = acknowledged.find(row); found != acknowledged.end()) reader->shown[row] = found->second;
  }
  return reader;
}

void Checker::Answered(const ReaderPtr& reader, const Result<Served>& answer) {
  reader->ended = true;
  std::erase(readers_, reader);
  if (reader->error_due && scheduler_.Now() > *reader->error_due) {
    Violated(reader->key, "a reader was not told at once that what it waited for failed");
  }
  if (!answer) {
    story_.Tell(reader->key.text, "a reader is told {}", ErrorName(answer.error().code));
    if (answer.error().code == ErrorCode::kTokenLost && !epochs_may_be_lost)
      Violated(reader->key, "a token is lost without a reason");
    return;
  }
  const Entry& entry = *answer->entry;
  story_.Tell(reader->key.text, "a reader gets {} {} {} of sequence {}, stamp {}", FreshnessName(answer->freshness),
              VersionText(entry.version()), entry.value(), entry.fill_sequence(),
              entry.stamp() ? entry.stamp()->Text() : "none");
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
  if (served.freshness == Freshness::kSuspect && !epochs_may_be_lost)
    return "suspect, though the database has one history";
  if (entry.expires_at() <= reader.began) return "its life was over";
  if (!IsTrue(reader.key, entry)) return "the source never held that at the entry's stamp";
  const bool set_later = reader.set && entry.kind() == EntryKind::kSet && entry.version() >= *reader.set;
  if (entry.fill_sequence() <= reader.begun_after && !set_later) {
    return fmt::format("a purge or set was acknowledged at sequence {}, and is undone", reader.begun_after);
  }
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

std::string Checker::WhatIsWrongWithFresh(const Reader& reader, const Entry& entry) const {
  if (entry.stale_at() <= reader.began) return "past its soft age, and fresh";
  if (reader.key.product && reader.definitions == definitions_ &&
      entry.fingerprint() != reader.key.product->fingerprint) {
    return "of another definition, and fresh";
  }
  if (reader.key.product && WasRemoved(reader.key.product->name)) return "";
  if (entry.fill_sequence() <= reader.fresh_after) {
    return fmt::format("a refresh was acknowledged that began at sequence {}", reader.fresh_after);
  }
  for (const auto& [row, number] : reader.shown) {
    const auto shown = Shown(reader.key, entry, row);
    if (shown && *shown < number) return fmt::format("fresh, and it does not show change {} of row {}", number, row);
  }
  return "";
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
  Version& version = keys_[reader.key.text].versions[{entry.fingerprint(), entry.version().epoch}];
  version = std::max(version, entry.version());
  if (!reader.key.product || served.freshness != Freshness::kFresh) return;
  const std::string_view due = DueAfterPrimeOf(reader.key.product->name);
  if (due.empty()) return;
  for (const Row row : RowsOf(reader.key, rows_)) {
    const auto number = Shown(reader.key, entry, row);
    std::uint64_t& shown = keys_[fmt::format("{}/{}", due, row)].shown_before[row];
    if (number) shown = std::max(shown, *number);
  }
}

void Checker::WriteAcknowledged(std::string_view database, Row row, std::uint64_t number) {
  story_.Tell(fmt::format("{}:{}", database, row), "change {} is acknowledged", number);
  std::uint64_t& acknowledged = acknowledged_[std::string(database)][row];
  acknowledged = std::max(acknowledged, number);
}

void Checker::RefreshAcknowledged(const std::string& key, std::uint64_t began) {
  story_.Tell(key, "a refresh is acknowledged that began at sequence {}", began);
  KeyFacts& facts = keys_[key];
  facts.fresh_after = std::max(facts.fresh_after, began);
}

void Checker::ProductRefreshAcknowledged(const std::string& product, std::uint64_t began) {
  story_.Tell(product, "a refresh of all is acknowledged that began at sequence {}", began);
  ProductFacts& facts = products_[product];
  facts.fresh_after = std::max(facts.fresh_after, began);
}

void Checker::PurgeAcknowledged(const std::string& key, std::uint64_t answered) {
  story_.Tell(key, "a purge is acknowledged at sequence {}", answered);
  KeyFacts& facts = keys_[key];
  if (answered <= facts.begun_after) return;
  facts.begun_after = answered;
  facts.set.reset();
}

void Checker::SetAcknowledged(const std::string& key, std::uint64_t answered, const Version& version) {
  story_.Tell(key, "a set of version {} is acknowledged at sequence {}", VersionText(version), answered);
  KeyFacts& facts = keys_[key];
  if (answered <= facts.begun_after) return;
  facts.begun_after = answered;
  facts.set = version;
}

void Checker::ProductPurgeAcknowledged(const std::string& product, std::uint64_t began) {
  story_.Tell(product, "a purge of all is acknowledged that began at sequence {}", began);
  ProductFacts& facts = products_[product];
  facts.begun_after = std::max(facts.begun_after, began);
}

bool Checker::IsHidden(const ResolvedKey& key, const Entry& entry) {
  const std::uint64_t begun_after = std::max(keys_[key.text].begun_after, products_[key.product->name].begun_after);
  return entry.kind() != EntryKind::kSet && entry.fill_sequence() <= begun_after;
}

std::uint64_t Checker::ComputeBegan(const ResolvedKey& key) {
  ++last_compute_;
  story_.Tell(key.text, "compute {} begins", last_compute_);
  const Discards discards = DiscardsOf(key);
  const Compute begun{key.product->fingerprint, discards.count, discards.last + kFlightToCompute < scheduler_.Now()};
  auto& computes = keys_[key.text].computes;
  for (const auto& [number, other] : computes) {
    const bool same = other.fingerprint == begun.fingerprint && other.discards == begun.discards;
    if (same && other.valid) Violated(key, "two computes at once");
  }
  computes.emplace(last_compute_, begun);
  return last_compute_;
}

void Checker::ComputeEnded(const ResolvedKey& key, std::uint64_t number, bool failed) {
  story_.Tell(key.text, "compute {} {}", number, failed ? "fails" : "ends");
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
  }
}

}  // namespace kck
