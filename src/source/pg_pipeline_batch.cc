// The part of PgPipeline that fills many keys by one statement.
#include <algorithm>

#include "source/pg_error.h"
#include "source/pg_json.h"
#include "source/pg_pipeline.h"
#include "source/pg_run_as.h"

namespace kck {
namespace {

// The share of one of `count`; all of them add up to `total`.
std::uint32_t ShareOf(std::uint32_t total, std::size_t index, std::size_t count) {
  const auto up_to = [&](std::size_t end) { return std::uint64_t{total} * end / count; };
  return static_cast<std::uint32_t>(up_to(index + 1) - up_to(index));
}

// A batch is prepared beside the statement for one key.
std::uint64_t BatchId(const PgFill& first) {
  return PgPreparedId(*first.statement(), first.params) ^ 0x9e3779b97f4a7c15U;
}

PgColumns BatchColumns(const PgBatchState& state) {
  return state.ordered ? PgColumns::kAfterOrder : PgColumns::kAfterHit;
}

// What PREPARE says of a text: syntax error or rule violation, feature not supported.
bool IsRefusal(std::string_view sql_state) { return sql_state.starts_with("42") || sql_state.starts_with("0A"); }

// And would say of it tomorrow. A table, column or type that is not there may come, a permission may be granted, and
// without them the statement for one key is refused as well.
bool IsOfTheForm(std::string_view sql_state) {
  return sql_state != "42P01" && sql_state != "42703" && sql_state != "42704" && sql_state != "42501";
}

}  // namespace

void PgPipeline::AskForVolatile(const SqlStatement& statement, const std::shared_ptr<PgBatchState>& state) {
  if (state->refused || state->calls != PgBatchState::Calls::kUnknown) return;
  const std::string names = PgCalledFunctionsText(statement);
  const char* values[] = {names.c_str()};
  state->calls = PgBatchState::Calls::kAsked;
  Exchange exchange;
  exchange.asks = state;
  Push(std::move(exchange),
       PQsendQueryParams(connection_.get(), kPgVolatileSql, 1, nullptr, values, nullptr, nullptr, 0));
}

// Where it failed, the next fill asks again.
void PgPipeline::TakeVolatile(const Exchange& exchange) {
  const PGresult* answer = exchange.result.get();
  const bool answered = answer != nullptr && !IsError(*answer);
  exchange.asks->calls = answered ? PgBatchState::Calls::kHarmless : PgBatchState::Calls::kUnknown;
  if (answered && PQgetisnull(answer, 0, 0) == 0) exchange.asks->Refuse();
}

void PgPipeline::SendBatch(std::vector<PgFillPtr> fills) {
  const SqlStatement& statement = *fills.front()->statement();
  const auto traced =
      std::ranges::find_if(fills, [](const PgFillPtr& fill) { return fill->trace && fill->trace->sampled; });
  const bool named = traced != fills.end() && NameAfter((*traced)->trace);
  Exchange exchange;
  exchange.batch = std::move(fills);
  const bool prepared = Prepare(BatchId(*exchange.batch.front()), exchange,
                                [&](const std::string& name) { return SendBatchPrepare(statement, name); });
  const bool sent = prepared && SendBatchExecute(exchange);
  Push(std::move(exchange), sent ? 1 : 0);
  if (named) Unname();
}

bool PgPipeline::SendBatchPrepare(const SqlStatement& statement, const std::string& name) {
  return PQsendPrepare(connection_.get(), name.c_str(), PgBatchTemplate(statement).c_str(), 0, nullptr) == 1;
}

bool PgPipeline::SendBatchExecute(const Exchange& exchange) {
  std::vector<const std::vector<ParamValue>*> params;
  for (const PgFillPtr& fill : exchange.batch) params.push_back(&fill->params);
  std::vector<std::string> arrays;
  for (std::size_t i = 0; i < params.front()->size(); ++i) arrays.push_back(PgBatchArray(params, i));
  std::vector<const char*> values;
  for (const std::string& array : arrays) values.push_back(array.c_str());
  return PQsendQueryPrepared(connection_.get(), exchange.prepared.c_str(), static_cast<int>(values.size()),
                             values.data(), nullptr, nullptr, 0) == 1;
}

void PgPipeline::CompleteBatch(Exchange exchange) {
  if (!exchange.result || IsError(*exchange.result)) return ReturnBatch(std::move(exchange));
  if (exchange.awaiting_types) {
    types_.Learn(*exchange.result);
    exchange.result = std::move(exchange.awaiting_types);
  } else {
    exchange.cost_us = HeadUs();
    PgBatchState& state = exchange.batch.front()->batches();
    state.Note(exchange.cost_us, exchange.batch.size());
    const std::vector<Oid> to_read = types_.ToRead(PgColumnTypes(*exchange.result, BatchColumns(state)));
    if (!to_read.empty()) return ReadTypes(std::move(exchange), to_read);
  }
  ended_batches_.push_back(std::move(exchange));
}

void PgPipeline::AnswerBatches() {
  for (const Exchange& exchange : std::exchange(ended_batches_, {})) RenderBatch(exchange);
}

// One bad key must not fail the others: in ever smaller batches it comes to stand alone, and gets its own error. What
// PREPARE refuses is not the keys' fault, and they are filled alone at once.
void PgPipeline::ReturnBatch(Exchange exchange) {
  // Of the role and settings, which all of the batch share.
  if (exchange.run_as_left > 0 && exchange.result) {
    const Error error = ErrorOf(exchange);
    if (exchange.preparing) prepared_.Remove(exchange.prepared_id, exchange.prepared);
    for (const PgFillPtr& fill : exchange.batch) fill->Finish(Failure(error));
    return;
  }
  const std::string_view state = exchange.result ? SqlState(*exchange.result) : "";
  const bool refused = exchange.preparing && IsRefusal(state);
  if (refused && IsOfTheForm(state)) exchange.batch.front()->batches().Refuse();
  if (exchange.preparing || IsStaleStatement(state)) {
    prepared_.Remove(exchange.prepared_id, exchange.prepared);
    if (!exchange.preparing && !exchange.unprepared) Deallocate(exchange.prepared);
  }
  const std::size_t keys = exchange.batch.size();
  const bool halve = !exchange.unprepared || !IsStaleStatement(state);
  const std::size_t keys_max = refused ? 1 : halve ? std::max<std::size_t>(keys / 2, 1) : keys;
  const std::uint32_t elapsed_us = HeadUs();
  exchange.batch.front()->batches().NoteFailed(elapsed_us, keys);
  for (std::size_t i = 0; i < keys; ++i) {
    PgFillPtr& fill = exchange.batch[i];
    fill->spent_us += ShareOf(elapsed_us, i, keys);
    fill->batch_keys_max = std::min(fill->batch_keys_max, keys_max);
    if (!fill->finished()) returned_.push_back(std::move(fill));
  }
}

void PgPipeline::RenderBatch(const Exchange& exchange) {
  const std::vector<PgFillPtr>& fills = exchange.batch;
  const RowShape shape = fills.front()->statement()->shape;
  const PgColumns columns = BatchColumns(fills.front()->batches());
  Result<std::vector<Rows>> rendered = PgRowsOfBatch(*exchange.result, types_, shape, columns, fills.size());
  for (std::size_t i = 0; i < fills.size(); ++i) {
    if (!rendered) {
      fills[i]->Finish(Failure(rendered.error()));
      continue;
    }
    Rows& rows = (*rendered)[i];
    rows.identity = identity_;
    rows.statement_keys = static_cast<std::uint32_t>(fills.size());
    rows.cost_us = ShareOf(exchange.cost_us, i, fills.size()) + fills[i]->spent_us;
    fills[i]->Finish(std::move(rows));
  }
}

}  // namespace kck
