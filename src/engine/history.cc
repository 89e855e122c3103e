#include "engine/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/log.h"

namespace kck {

DatabaseHistory::DatabaseHistory(std::string database, Store& store, std::uint32_t first_epoch)
    : database_(std::move(database)), store_(store), first_epoch_(first_epoch) {}

void DatabaseHistory::Restore(std::string_view record) {
  std::istringstream fields{std::string(record)};
  std::uint32_t epoch = 0;
  DatabaseIdentity identity;
  if (!(fields >> epoch >> identity.system_identifier >> identity.timeline)) return;
  MutexLock lock(mutex_);
  epoch_ = epoch;
  identity_ = identity;
}

DatabaseHistory::Verdict DatabaseHistory::Judge(const Primed& primed, std::uint32_t epoch_at_start,
                                                std::uint64_t number_floor) {
  const std::uint64_t number = primed.stamp->VersionNumber();
  MutexLock lock(mutex_);
  if (primed.identity != identity_) {
    if (IsPast(primed.identity)) return Verdict::kFromPast;
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
  if (identity == identity_) return epoch();
  if (IsPast(identity)) return 0;
  Raise(identity);
  return epoch();
}

bool DatabaseHistory::IsPast(const DatabaseIdentity& identity) const {
  return identity.system_identifier == identity_.system_identifier && identity.timeline < identity_.timeline;
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
  store_.PutRecord(std::string(kRecordPrefix) + database_,
                   fmt::format("{} {} {}", epoch(), identity_.system_identifier, identity_.timeline),
                   [database = database_, unrecorded = unrecorded_](const Result<void>& written) {
                     if (written) return;
                     *unrecorded = true;
                     LogWarning("the epoch of {} is not stored: {}", database, written.error().message);
                   });
}

}  // namespace kck
