#include "engine/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/log.h"
#include "store/shared_store.h"

namespace kck {

DatabaseHistory::DatabaseHistory(std::string database, Store& store, std::uint32_t first_epoch)
    : database_(std::move(database)), store_(store), first_epoch_(first_epoch), known_(store.shared() == nullptr) {}

std::optional<DatabaseHistory::Record> DatabaseHistory::Record::Parse(std::string_view text) {
  std::istringstream fields{std::string(text)};
  Record record;
  if (!(fields >> record.epoch >> record.identity.system_identifier >> record.identity.timeline)) return std::nullopt;
  return record;
}

std::string DatabaseHistory::Record::Text() const {
  return fmt::format("{} {} {}", epoch, identity.system_identifier, identity.timeline);
}

void DatabaseHistory::Restore(std::string_view text) {
  const std::optional<Record> record = Record::Parse(text);
  if (!record) return;
  MutexLock lock(mutex_);
  Adopt(*record);
}

void DatabaseHistory::Adopt(const Record& record) {
  if (epoch_ != record.epoch) {
    number_max_ = 0;
    sub_number_ = 0;
    sub_max_ = 0;
  }
  epoch_ = record.epoch;
  identity_ = record.identity;
}

DatabaseHistory::Verdict DatabaseHistory::Judge(const Primed& primed, std::uint32_t epoch_at_start,
                                                std::uint64_t number_floor) {
  const std::uint64_t number = primed.stamp->VersionNumber();
  MutexLock lock(mutex_);
  // Of no epoch, it is below whatever others have, and suspect as soon as the epoch is known.
  if (!known()) return Verdict::kAccepted;
  if (primed.identity != identity_) {
    if (IsPast(identity_, primed.identity)) return Verdict::kFromPast;
    Raise(primed.identity);
  } else if (epoch_at_start != epoch()) {
    return Verdict::kRefused;
  } else if (number < number_floor) {
    Raise(primed.identity);
  }
  if (number > number_max_) number_max_ = number;
  if (*unrecorded_) StoreRecord();
  return Verdict::kAccepted;
}

std::uint32_t DatabaseHistory::GiveSub(std::uint64_t number, std::uint32_t least) {
  if (least == 0 && number != sub_number_.load(std::memory_order_relaxed)) return 0;
  MutexLock lock(mutex_);
  if (number < sub_number_) return least;
  return RaiseSub(number, number == sub_number_ ? std::max(least, sub_max_ + 1) : least);
}

void DatabaseHistory::Meet(const Version& version) {
  if (version.sub == 0 || version.epoch != epoch()) return;
  MutexLock lock(mutex_);
  if (version.number >= sub_number_) RaiseSub(version.number, version.sub);
}

std::uint32_t DatabaseHistory::RaiseSub(std::uint64_t number, std::uint32_t sub) {
  if (sub == 0) return 0;
  sub_max_ = number > sub_number_ ? sub : std::max(sub_max_, sub);
  sub_number_ = number;
  return sub;
}

std::uint32_t DatabaseHistory::EpochOf(const DatabaseIdentity& identity) {
  MutexLock lock(mutex_);
  if (!known()) return 0;
  if (identity == identity_) return epoch();
  if (IsPast(identity_, identity)) return 0;
  Raise(identity);
  return epoch();
}

bool DatabaseHistory::IsPast(const DatabaseIdentity& now, const DatabaseIdentity& other) {
  return other.system_identifier == now.system_identifier && other.timeline < now.timeline;
}

void DatabaseHistory::Raise(const DatabaseIdentity& identity) {
  const bool first = epoch_ == 0;
  epoch_ = first ? first_epoch_ : epoch_ + 1;
  number_max_ = 0;
  sub_number_ = 0;
  sub_max_ = 0;
  identity_ = identity;
  if (!first)
    LogWarning("database {} has another history now: epoch {}, older entries are suspect", database_, epoch());
  StoreRecord();
}

// Tried again with the next fill where the store refuses it: without it, a restart begins another epoch.
void DatabaseHistory::StoreRecord() {
  *unrecorded_ = false;
  if (store_.shared() != nullptr) return StoreShared();
  store_.PutRecord(RecordName(), Record{epoch(), identity_}.Text(),
                   [database = database_, unrecorded = unrecorded_](const Result<void>& written) {
                     if (written) return;
                     *unrecorded = true;
                     LogWarning("the epoch of {} is not stored: {}", database, written.error().message);
                   });
}

void DatabaseHistory::Learn(std::optional<DatabaseIdentity> identity, std::function<void()> then) {
  {
    MutexLock lock(mutex_);
    if (identity) met_ = identity;
    learners_.push_back(std::move(then));
    if (learners_.size() > 1) return;
  }
  store_.shared()->ReadRegister(
      RecordName(),
      [self = shared_from_this()](const Result<std::optional<std::string>>& held) { self->OnLearned(held); });
}

void DatabaseHistory::OnLearned(const Result<std::optional<std::string>>& held) {
  std::optional<DatabaseIdentity> first;
  std::vector<std::function<void()>> learners;
  {
    MutexLock lock(mutex_);
    if (held && !*held && !known()) first = std::exchange(met_, std::nullopt);
    if (held && *held) {
      held_ = **held;
      if (Compare(Record::Parse(held_))) StoreShared();
      known_.store(true, std::memory_order_release);
    }
    if (!first) learners.swap(learners_);
  }
  if (first) return BeFirst(*first);
  for (const auto& then : learners) then();
}

void DatabaseHistory::BeFirst(const DatabaseIdentity& identity) {
  store_.shared()->SwapRegister(RecordName(), std::nullopt, Record{first_epoch_, identity}.Text(), 0,
                                [self = shared_from_this()](const Result<std::string>& held) {
                                  if (!held) return self->OnLearned(Failure(held.error()));
                                  self->OnLearned(std::optional(*held));
                                });
}

bool DatabaseHistory::Compare(const std::optional<Record>& held) {
  if (!known()) {
    if (held) Adopt(*held);
    return false;
  }
  if (!held) return true;
  if (held->identity != identity_ && !IsPast(held->identity, identity_)) {
    // The others met another server than this process.
    if (held->epoch < epoch_) return true;
    epoch_ = held->epoch;
    Raise(identity_);
    return false;
  }
  if (held->epoch >= epoch_) {
    Adopt(*held);
    return false;
  }
  if (held->identity != identity_) Adopt({epoch_ + 1, held->identity});
  return true;
}

// A compare-and-set: two that find a new history at once end with one epoch for it.
void DatabaseHistory::StoreShared() {
  const std::string text = Record{epoch(), identity_}.Text();
  const std::optional<std::string> expected = held_.empty() ? std::nullopt : std::optional(held_);
  store_.shared()->SwapRegister(
      RecordName(), expected, text, 0, [self = shared_from_this(), text](const Result<std::string>& held) {
        if (!held) {
          *self->unrecorded_ = true;
          LogWarning("the epoch of {} is not stored: {}", self->database_, held.error().message);
          return;
        }
        MutexLock lock(self->mutex_);
        self->held_ = *held;
        if (*held != text && self->Compare(Record::Parse(*held))) self->StoreShared();
      });
}

}  // namespace kck
