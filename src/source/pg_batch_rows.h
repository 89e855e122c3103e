// Which rows of a batch's result are which key's.
#pragma once

#include <libpq-fe.h>

#include <cstddef>
#include <span>
#include <vector>

namespace kck {

class PgBatchRows {
 public:
  // `ordered`: the result has kPgBatchOrder.
  PgBatchRows(const PGresult& result, bool ordered, std::size_t keys);

  // The numbers of the rows of a key, from 0, in their order.
  std::span<const int> Of(std::size_t key) const;

 private:
  void Sort(const PGresult& result, std::size_t keys);

  std::vector<int> rows_;          // key by key
  std::vector<std::size_t> ends_;  // of each key in rows_
};

}  // namespace kck
