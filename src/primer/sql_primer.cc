#include "primer/sql_primer.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "primer/process_result.h"

namespace kck {
namespace {

Result<Primed> MakePrimed(const Product& product, Result<Rows> rows) {
  if (!rows) return Failure(std::move(rows.error()));
  Primed primed;
  primed.empty = rows->row_count == 0;
  primed.stamp = std::move(rows->stamp);
  primed.identity = rows->identity;
  primed.cost_us = rows->cost_us;
  if (primed.empty) {
    primed.value = std::move(rows->json);
    return primed;
  }
  Result<std::string> value = ApplyProcessResult(product.process_result, std::move(rows->json));
  if (!value) return Failure(std::move(value.error()));
  primed.value = *std::move(value);
  return primed;
}

}  // namespace

SqlPrimer::SqlPrimer(Sources sources) : sources_(std::move(sources)) {}

void SqlPrimer::Prime(const ResolvedKey& key, TimePoint deadline, Callback done) {
  const ProductPtr product = key.product;
  auto on_rows = [product, done = std::move(done)](Result<Rows> rows) { done(MakePrimed(*product, std::move(rows))); };
  sources_.at(product->database)->Fill(product->statement, key.params, deadline, std::move(on_rows));
}

}  // namespace kck
