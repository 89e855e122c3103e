// What a put asks of Cassandra's tables: each call reads or writes one key's rows, and knows no rule of what may
// replace what. The test of the rules stands in for it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/cassandra_rows.h"
#include "store/cql_client.h"

namespace kck {

// Why a request failed: the status says whether to try again, the error is for who asked.
struct CassandraFailure {
  CqlStatus status;
  Error error;

  // Of a rule: Cassandra has no part in it, and trying again does not help.
  static CassandraFailure Refusal(Error error) { return {CqlStatus::kBadRequest, std::move(error)}; }

  // For one who has to know whether it happened.
  CassandraFailure Unclear() const {
    return {status,
            {error.code, error.message + "; it may have been written all the same: read it before you try again"}};
  }

  // It may be good the next time.
  bool passing() const {
    return status == CqlStatus::kTimeout || status == CqlStatus::kUnavailable || status == CqlStatus::kOverloaded;
  }
};

template <typename T>
using Outcome = tl::expected<T, CassandraFailure>;

template <typename T>
using OutcomeCallback = std::function<void(Outcome<T>)>;

// Any thread. Callbacks come once, on other threads than the caller's; what is passed by reference is read by the call.
class EntryTables {
 public:
  virtual ~EntryTables() = default;

  // All definitions' rows, newest first within each, without those that are damaged or past their life.
  virtual void ReadEntries(const std::string& key, OutcomeCallback<KeyRows> done) = 0;

  virtual EntryCell CellFor(const Entry& entry) const = 0;

  // The parts of the entry's value. They are there before the row that names them. Where it has none, the callback
  // comes inside the call.
  virtual void WriteParts(const std::string& key, EntryPtr entry, const EntryCell& cell,
                          OutcomeCallback<void> done) = 0;

  // Nobody waits for that. What is left behind by a failure costs room, until its life ends.
  virtual void ForgetParts(const std::string& key, std::uint64_t fingerprint, const EntryCell& cell) = 0;

  struct Forgetting {
    std::optional<std::int64_t> older_until_us{};     // rows below the entry's own that bear a time up to this
    std::vector<std::uint64_t> definitions{};         // whole
    std::optional<MarkedTransaction> marks_before{};  // of its database, those before it
    bool tells_marks = false;                         // that they were (KeyMarks::forgotten)
  };

  // The entry's row and what is forgotten with it, as one step.
  virtual void WriteEntry(const std::string& key, const Entry& entry, const EntryCell& cell,
                          const Forgetting& forgetting, OutcomeCallback<void> done) = 0;

  // Any number that is not above it is as none.
  virtual void WriteMark(const std::string& key, std::uint64_t number, std::int32_t ttl,
                         OutcomeCallback<void> done) = 0;
  virtual void WriteMark(const std::string& key, const MarkedTransaction& transaction, std::int64_t time_us,
                         std::int32_t ttl, OutcomeCallback<void> done) = 0;

  // Nothing for a consistency: the settings', which shows what was acknowledged. kSerial also finishes or undoes what
  // is under way, so that it is either in the answer or never will be.
  virtual void ReadSettable(const std::string& key, std::optional<CqlConsistency> consistency,
                            OutcomeCallback<std::optional<EntryRow>> done) = 0;

  // Writes where the cell still is `expected` (nothing: where there is none). False: it is not.
  virtual void WriteSettable(const std::string& key, const Entry& entry, const EntryCell& cell,
                             const std::optional<std::string>& expected, OutcomeCallback<bool> done) = 0;
};

}  // namespace kck
