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
  primed.rows = rows->row_count;
  primed.statement_keys = rows->statement_keys;
  if (primed.empty) {
    primed.value = std::move(rows->json);
    return primed;
  }
  Result<std::string> value = ApplyProcessResult(product.process_result, std::move(rows->json));
  if (!value) return Failure(std::move(value.error()));
  primed.value = *std::move(value);
  return primed;
}

std::shared_ptr<const SqlStatement> MomentStatement() {
  auto statement = std::make_shared<SqlStatement>();
  statement->sql = ParseSqlTemplate("select 1", SqlDialect::kPostgres).value();
  statement->id = 2;  // a hash of no other statement, as good as certainly
  return statement;
}

Source::FillCallback Finisher(const ProductPtr& product, Primer::Callback done) {
  return [product, done = std::move(done)](Result<Rows> rows) { done(MakePrimed(*product, std::move(rows))); };
}

}  // namespace

void Primer::ReadMoment(const std::string&, TimePoint, Callback done) {
  done(Fail(ErrorCode::kSourceError, "this primer does not tell moments"));
}

SqlPrimer::SqlPrimer(Sources sources) : sources_(std::move(sources)), moment_(MomentStatement()) {}

void SqlPrimer::Prime(Request request, TimePoint deadline) {
  const ProductPtr product = request.key.product;
  Source& source = *sources_.at(product->database);
  if (request.trace) {
    return source.FillTraced(
        product->statement,
        {std::move(request.key.params), Finisher(product, std::move(request.done)), std::move(request.trace)},
        deadline);
  }
  source.Fill(product->statement, std::move(request.key.params), deadline, Finisher(product, std::move(request.done)));
}

void SqlPrimer::ReadMoment(const std::string& database, TimePoint deadline, Callback done) {
  const auto source = sources_.find(database);
  if (source == sources_.end()) return done(Fail(ErrorCode::kSourceError, "there is no database of that name"));
  source->second->Fill(moment_, {}, deadline, [done = std::move(done)](Result<Rows> rows) {
    if (!rows) return done(Failure(std::move(rows.error())));
    Primed moment;
    moment.stamp = std::move(rows->stamp);
    moment.identity = rows->identity;
    done(std::move(moment));
  });
}

void SqlPrimer::PrimeBehind(std::vector<Request> requests, TimePoint deadline) {
  const ProductPtr product = requests.front().key.product;
  std::vector<Source::FillRequest> fills;
  fills.reserve(requests.size());
  for (Request& request : requests) {
    fills.push_back({std::move(request.key.params), Finisher(product, std::move(request.done)), nullptr});
  }
  sources_.at(product->database)->FillBehind(product->statement, std::move(fills), deadline);
}

}  // namespace kck
