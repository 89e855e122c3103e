// What came of a request to Cassandra: a status, and rows that lie in the frame that they came in. The driver's thread
// copies nothing; the frame lives as long as its result, so whoever reads the cells decides what is copied, and where.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

struct KckCqlResult;
struct KckCqlStatement;

namespace kck {

// The numbers are kck_cql.h's. A lightweight transaction that is not applied is kOk: see CqlResult::applied().
enum class CqlStatus {
  kOk,
  kTimeout,      // a write may have happened
  kUnavailable,  // no node is reached, or too few replicas are up
  kOverloaded,   // of a node, or of this client's bound on requests under way
  kBadRequest,   // the statement, a value or a setting is wrong: trying again does not help
  kAuth,         // the login or a right is refused
  kAborted,      // the client was closed, or failed inside
  kOther,
};
inline constexpr int kCqlStatuses = 8;

// "timeout", as metrics name it.
std::string_view CqlStatusName(CqlStatus status);

// The one place that turns a status into an error of KCK's. Not of kOk.
Error CqlError(CqlStatus status, std::string_view message);

using CqlStatementPtr = std::shared_ptr<const KckCqlStatement>;

// Moves; belongs to one thread at a time. Views are good as long as the result is.
class CqlResult {
 public:
  explicit CqlResult(KckCqlResult* owned);
  CqlResult(CqlStatus status, std::string message);

  CqlStatus status() const;
  bool ok() const { return status() == CqlStatus::kOk; }
  std::string_view message() const;  // of an error
  Error error() const { return CqlError(status(), message()); }

  std::uint32_t rows() const;
  std::uint32_t columns() const;

  // Each asks for a row and a column that are there, and, but for IsNull and Bytes, for a column of that type. Nothing:
  // the cell is null.
  bool IsNull(std::uint32_t row, std::uint32_t column) const;
  std::string_view Bytes(std::uint32_t row, std::uint32_t column) const;  // empty where null
  std::optional<std::int64_t> Bigint(std::uint32_t row, std::uint32_t column) const;
  std::optional<std::int32_t> Int(std::uint32_t row, std::uint32_t column) const;
  std::optional<bool> Boolean(std::uint32_t row, std::uint32_t column) const;

  // Of a lightweight transaction: whether its condition held. Where not, the row has what is there after [applied].
  bool applied() const { return rows() == 0 || Boolean(0, 0).value_or(false); }

  // Of a request with a page size: what the next one's CqlOptions take; empty after the last page.
  std::string_view paging_state() const;

  // Of a prepare.
  CqlStatementPtr TakeStatement();

 private:
  struct Free {
    void operator()(KckCqlResult* result) const;
  };

  std::unique_ptr<KckCqlResult, Free> raw_;  // null: the failure is of this side
  CqlStatus local_status_ = CqlStatus::kOk;
  std::string local_message_;
};

}  // namespace kck
