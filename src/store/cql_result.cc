#include "store/cql_result.h"

#include <cassert>
#include <utility>

#include "store/cql/kck_cql.h"

namespace kck {
namespace {

const KckCqlCell& CellOf(const KckCqlResult* raw, std::uint32_t row, std::uint32_t column) {
  assert(raw != nullptr && row < raw->rows && column < raw->columns);
  return raw->cells[std::size_t{row} * raw->columns + column];
}

std::string_view BytesOf(const KckCqlCell& cell) {
  if (cell.size <= 0) return {};
  return {reinterpret_cast<const char*>(cell.data), static_cast<std::size_t>(cell.size)};
}

// Of a big-endian number, the bits; the sign is the caller's. An empty cell that is not null counts as null: Cassandra
// lets numbers be empty.
std::optional<std::uint64_t> BitsOf(const KckCqlCell& cell) {
  const std::string_view bytes = BytesOf(cell);
  if (bytes.empty()) return std::nullopt;
  std::uint64_t bits = 0;
  for (const char byte : bytes) bits = bits << 8U | static_cast<unsigned char>(byte);
  return bits;
}

}  // namespace

std::string_view CqlStatusName(CqlStatus status) {
  switch (status) {
    case CqlStatus::kOk:
      return "ok";
    case CqlStatus::kTimeout:
      return "timeout";
    case CqlStatus::kUnavailable:
      return "unavailable";
    case CqlStatus::kOverloaded:
      return "overloaded";
    case CqlStatus::kBadRequest:
      return "bad_request";
    case CqlStatus::kAuth:
      return "auth";
    case CqlStatus::kAborted:
      return "aborted";
    case CqlStatus::kOther:
      break;
  }
  return "other";
}

Error CqlError(CqlStatus status, std::string_view message) {
  const auto code = status == CqlStatus::kOverloaded ? ErrorCode::kOverloaded : ErrorCode::kStoreError;
  return {code, fmt::format("Cassandra: {} ({})", message, CqlStatusName(status))};
}

void CqlResult::Free::operator()(KckCqlResult* result) const { kck_cql_result_free(result); }

CqlResult::CqlResult(KckCqlResult* owned) : raw_(owned) {}

CqlResult::CqlResult(CqlStatus status, std::string message)
    : local_status_(status), local_message_(std::move(message)) {}

CqlStatus CqlResult::status() const { return raw_ ? static_cast<CqlStatus>(raw_->status) : local_status_; }

std::string_view CqlResult::message() const {
  return raw_ ? std::string_view(raw_->message, raw_->message_size) : std::string_view(local_message_);
}

std::uint32_t CqlResult::rows() const { return raw_ ? raw_->rows : 0; }

std::uint32_t CqlResult::columns() const { return raw_ ? raw_->columns : 0; }

bool CqlResult::IsNull(std::uint32_t row, std::uint32_t column) const {
  return CellOf(raw_.get(), row, column).size < 0;
}

std::string_view CqlResult::Bytes(std::uint32_t row, std::uint32_t column) const {
  return BytesOf(CellOf(raw_.get(), row, column));
}

std::optional<std::int64_t> CqlResult::Bigint(std::uint32_t row, std::uint32_t column) const {
  const auto bits = BitsOf(CellOf(raw_.get(), row, column));
  return bits ? std::optional(static_cast<std::int64_t>(*bits)) : std::nullopt;
}

std::optional<std::int32_t> CqlResult::Int(std::uint32_t row, std::uint32_t column) const {
  const auto bits = BitsOf(CellOf(raw_.get(), row, column));
  return bits ? std::optional(static_cast<std::int32_t>(*bits)) : std::nullopt;
}

std::optional<bool> CqlResult::Boolean(std::uint32_t row, std::uint32_t column) const {
  const auto bits = BitsOf(CellOf(raw_.get(), row, column));
  return bits ? std::optional(*bits != 0) : std::nullopt;
}

std::string_view CqlResult::paging_state() const {
  if (!raw_ || raw_->paging_state == nullptr) return {};
  return {reinterpret_cast<const char*>(raw_->paging_state), raw_->paging_state_size};
}

CqlStatementPtr CqlResult::TakeStatement() {
  if (!raw_ || raw_->statement == nullptr) return nullptr;
  return {std::exchange(raw_->statement, nullptr), kck_cql_statement_free};
}

}  // namespace kck
