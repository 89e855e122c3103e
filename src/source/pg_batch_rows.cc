#include "source/pg_batch_rows.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <numeric>

#include "source/pg_batch.h"

namespace kck {
namespace {

constexpr std::size_t kNoKey = SIZE_MAX;

std::int64_t NumberAt(const PGresult& result, int row, int column) {
  std::int64_t number = 0;
  const char* text = PQgetvalue(&result, row, column);
  std::from_chars(text, text + PQgetlength(&result, row, column), number);
  return number;
}

// kNoKey: the row stands for a key that has none.
std::size_t KeyOf(const PGresult& result, int row, std::size_t keys) {
  if (PQgetisnull(&result, row, kPgBatchHit) != 0) return kNoKey;
  const auto key = static_cast<std::size_t>(NumberAt(result, row, kPgBatchKey) - 1);
  return key < keys ? key : kNoKey;
}

}  // namespace

PgBatchRows::PgBatchRows(const PGresult& result, bool ordered, std::size_t keys) : ends_(keys) {
  std::vector<std::size_t> key_of;
  key_of.reserve(static_cast<std::size_t>(PQntuples(&result)));
  for (int row = 0; row < PQntuples(&result); ++row) {
    key_of.push_back(KeyOf(result, row, keys));
    if (key_of.back() != kNoKey) ++ends_[key_of.back()];
  }
  // Where each key begins; that becomes its end as its rows are put there.
  std::exclusive_scan(ends_.begin(), ends_.end(), ends_.begin(), std::size_t{0});
  rows_.resize(key_of.size());
  for (std::size_t row = 0; row < key_of.size(); ++row) {
    if (key_of[row] != kNoKey) rows_[ends_[key_of[row]]++] = static_cast<int>(row);
  }
  if (ordered) Sort(result, keys);
}

void PgBatchRows::Sort(const PGresult& result, std::size_t keys) {
  std::size_t begin = 0;
  for (std::size_t key = 0; key < keys; begin = ends_[key++]) {
    const std::span<int> of_key = std::span(rows_).subspan(begin, ends_[key] - begin);
    std::ranges::sort(of_key, {}, [&](int row) { return NumberAt(result, row, kPgBatchOrder); });
  }
}

std::span<const int> PgBatchRows::Of(std::size_t key) const {
  const std::size_t begin = key == 0 ? 0 : ends_[key - 1];
  return std::span(rows_).subspan(begin, ends_[key] - begin);
}

}  // namespace kck
