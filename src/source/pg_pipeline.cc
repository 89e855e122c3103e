#include "source/pg_pipeline.h"

#include <fmt/format.h>

#include <algorithm>

#include "source/pg_error.h"
#include "source/pg_json.h"

namespace kck {
namespace {

constexpr int kStaleStatementsMax = 2;

bool IsError(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK;
}

std::uint32_t MicrosecondsSince(TimePoint start) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count());
}

// The share of one of `count`; all of them add up to `total`.
std::uint32_t ShareOf(std::uint32_t total, std::size_t index, std::size_t count) {
  const auto up_to = [&](std::size_t end) { return std::uint64_t{total} * end / count; };
  return static_cast<std::uint32_t>(up_to(index + 1) - up_to(index));
}

// A batch is prepared beside the statement for one key.
std::uint64_t BatchId(const SqlStatement& statement) { return statement.id ^ 0x9e3779b97f4a7c15U; }

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

PgPipeline::PgPipeline(PgConnPtr connection, DatabaseIdentity identity, std::string database)
    : connection_(std::move(connection)), identity_(identity), database_(std::move(database)) {}

bool PgPipeline::Exchange::behind() const {
  if (fill) return fill->behind();
  return !batch.empty() && batch.front()->behind();
}

void PgPipeline::Send(const PgFillPtr& fill) {
  if (fill->holds_zero_byte) {
    fill->Finish(Fail(ErrorCode::kBadKey, "a parameter holds a zero byte, which PostgreSQL has no text for"));
    return;
  }
  Exchange exchange;
  exchange.fill = fill;
  const bool prepared =
      Prepare(fill->statement()->id, exchange, [&](const std::string& name) { return SendPrepare(*fill, name); });
  const bool sent = prepared && SendExecute(*fill, exchange.prepared);
  Push(std::move(exchange), sent ? 1 : 0);
  AskForVolatile(*fill->statement(), fill->group().batches);
}

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

void PgPipeline::SendBatch(std::vector<PgFillPtr> fills) {
  const SqlStatement& statement = *fills.front()->statement();
  Exchange exchange;
  exchange.batch = std::move(fills);
  const bool prepared =
      Prepare(BatchId(statement), exchange, [&](const std::string& name) { return SendBatchPrepare(statement, name); });
  const bool sent = prepared && SendBatchExecute(exchange);
  Push(std::move(exchange), sent ? 1 : 0);
}

bool PgPipeline::Prepare(std::uint64_t id, Exchange& exchange,
                         const std::function<bool(const std::string& name)>& send) {
  if (auto name = prepared_.Find(id)) {
    exchange.prepared = *std::move(name);
    return true;
  }
  std::optional<std::string> evicted;
  exchange.prepared = prepared_.Add(id, evicted);
  if (evicted) Deallocate(*evicted);
  exchange.preparing = true;
  return send(exchange.prepared);
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

bool PgPipeline::SendPrepare(const PgFill& fill, const std::string& name) {
  const std::vector<Oid> types = PgParamTypes(*fill.statement(), fill.typing);
  const std::string sql = PgStampedTemplate(*fill.statement());
  return PQsendPrepare(connection_.get(), name.c_str(), sql.c_str(), static_cast<int>(types.size()), types.data()) == 1;
}

bool PgPipeline::SendExecute(const PgFill& fill, const std::string& name) {
  std::vector<const char*> values;
  for (const ParamValue& value : fill.params) values.push_back(value ? value->c_str() : nullptr);
  return PQsendQueryPrepared(connection_.get(), name.c_str(), static_cast<int>(values.size()), values.data(), nullptr,
                             nullptr, 0) == 1;
}

void PgPipeline::Deallocate(const std::string& name) {
  const std::string sql = "deallocate " + name;
  Push({}, PQsendQueryParams(connection_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0));
}

void PgPipeline::Push(Exchange exchange, int sent) {
  if (exchanges_.empty()) head_since_ = Clock::now();
  behind_in_flight_ += exchange.behind() ? 1 : 0;
  exchanges_.push_back(std::move(exchange));
  broken_ = broken_ || sent != 1 || PQpipelineSync(connection_.get()) != 1;
}

PgPipeline::Exchange PgPipeline::Pop() {
  Exchange exchange = std::move(exchanges_.front());
  exchanges_.pop_front();
  behind_in_flight_ -= exchange.behind() ? 1 : 0;
  return exchange;
}

std::size_t PgPipeline::Receive() {
  std::size_t ended = 0;
  int nothing_count = 0;
  // A null ends the results of each statement; several in a row say that libpq expects no more.
  while (!exchanges_.empty() && nothing_count < 2 && PQisBusy(connection_.get()) == 0) {
    PgResultPtr result(PQgetResult(connection_.get()));
    nothing_count = result ? 0 : nothing_count + 1;
    if (!result) continue;
    Exchange& head = exchanges_.front();
    if (PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) {
      ++ended;
      Complete(Pop());
      head_since_ = Clock::now();
    } else if (head.preparing && PQresultStatus(result.get()) == PGRES_COMMAND_OK) {
      head.preparing = false;
    } else if (!head.result) {
      head.result = std::move(result);
    }
  }
  return ended;
}

void PgPipeline::Complete(Exchange exchange) {
  if (!exchange.batch.empty()) return CompleteBatch(std::move(exchange));
  if (exchange.asks) return TakeVolatile(exchange);
  if (!exchange.fill) return;
  if (exchange.preparing) prepared_.Remove(exchange.fill->statement()->id, exchange.prepared);
  if (exchange.fill->finished()) return;
  if (!exchange.result || IsError(exchange.result.get())) {
    CompleteFailed(std::move(exchange));
  } else if (exchange.awaiting_types) {
    types_.Learn(*exchange.result);
    Render(exchange.fill, *exchange.awaiting_types, exchange.cost_us);
  } else {
    CompleteRows(std::move(exchange));
  }
}

void PgPipeline::CompleteFailed(Exchange exchange) {
  PgFill& fill = *exchange.fill;
  const std::string_view state = exchange.result ? SqlState(*exchange.result) : "";
  Error error = exchange.result ? StatementError(database_, *exchange.result)
                                : Error{ErrorCode::kSourceError, "database " + database_ + " sent no answer"};
  if (exchange.preparing) {
    CompleteUnprepared(exchange, state, std::move(error));
    return;
  }
  const bool may_retry = !exchange.prepare_error && !exchange.awaiting_types && IsStaleStatement(state);
  if (may_retry && ++fill.stale_statements_met <= kStaleStatementsMax) {
    prepared_.Remove(fill.statement()->id, exchange.prepared);
    Deallocate(exchange.prepared);
    Send(exchange.fill);
    return;
  }
  fill.Finish(Failure(exchange.prepare_error ? *std::move(exchange.prepare_error) : std::move(error)));
}

void PgPipeline::CompleteUnprepared(const Exchange& exchange, std::string_view state, Error error) {
  PgFill& fill = *exchange.fill;
  if (fill.typing == PgTyping::kDeclared && MayTypeAsLiterals(state)) {
    fill.typing = PgTyping::kAsLiterals;
    fill.declared_typing_error = std::move(error);
    Send(exchange.fill);
    return;
  }
  // The failure under the declared types says more than the one after it.
  if (fill.declared_typing_error) error = *std::move(fill.declared_typing_error);
  // Those that counted on this PREPARE fail for its reason, not because there is no such statement.
  for (Exchange& other : exchanges_) {
    if (other.prepared == exchange.prepared) other.prepare_error = error;
  }
  fill.Finish(Failure(std::move(error)));
}

void PgPipeline::CompleteRows(Exchange exchange) {
  exchange.cost_us = MicrosecondsSince(head_since_);
  exchange.fill->batches().Note(exchange.cost_us, 1);
  const std::vector<Oid> to_read = types_.ToRead(PgColumnTypes(*exchange.result, PgColumns::kAfterStamp));
  if (to_read.empty()) {
    Render(exchange.fill, *exchange.result, exchange.cost_us);
  } else {
    ReadTypes(std::move(exchange), to_read);
  }
}

void PgPipeline::TakeVolatile(const Exchange& exchange) {
  const PGresult* answer = exchange.result.get();
  const bool harmless = answer != nullptr && !IsError(answer) && PQgetisnull(answer, 0, 0) != 0;
  exchange.asks->calls = PgBatchState::Calls::kHarmless;
  if (!harmless) exchange.asks->Refuse();
}

void PgPipeline::CompleteBatch(Exchange exchange) {
  if (!exchange.result || IsError(exchange.result.get())) return ReturnBatch(std::move(exchange));
  if (exchange.awaiting_types) {
    types_.Learn(*exchange.result);
    exchange.result = std::move(exchange.awaiting_types);
  } else {
    exchange.cost_us = MicrosecondsSince(head_since_);
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
  const SqlStatement& statement = *exchange.batch.front()->statement();
  const std::string_view state = exchange.result ? SqlState(*exchange.result) : "";
  const bool refused = exchange.preparing && IsRefusal(state);
  if (refused && IsOfTheForm(state)) exchange.batch.front()->batches().Refuse();
  if (exchange.preparing || IsStaleStatement(state)) {
    prepared_.Remove(BatchId(statement), exchange.prepared);
    if (!exchange.preparing) Deallocate(exchange.prepared);
  }
  const std::size_t keys = exchange.batch.size();
  const std::size_t keys_max = refused ? 1 : std::max<std::size_t>(keys / 2, 1);
  const std::uint32_t elapsed_us = MicrosecondsSince(head_since_);
  exchange.batch.front()->batches().NoteFailed(elapsed_us, keys);
  for (std::size_t i = 0; i < keys; ++i) {
    PgFillPtr& fill = exchange.batch[i];
    fill->spent_us += ShareOf(elapsed_us, i, keys);
    fill->batch_keys_max = std::min(fill->batch_keys_max, keys_max);
    if (!fill->finished()) returned_.push_back(std::move(fill));
  }
}

void PgPipeline::ReadTypes(Exchange exchange, const std::vector<Oid>& types) {
  exchange.awaiting_types = std::move(exchange.result);
  const std::string list = PgTypes::OidList(types);
  const char* values[] = {list.c_str()};
  const int sent = PQsendQueryParams(connection_.get(), PgTypes::ReadSql(), 1, nullptr, values, nullptr, nullptr, 0);
  Push(std::move(exchange), sent);
}

void PgPipeline::Render(const PgFillPtr& fill, const PGresult& rows, std::uint32_t cost_us) {
  Result<Rows> rendered = PgRows(rows, types_, fill->statement()->shape);
  if (rendered) {
    rendered->identity = identity_;
    rendered->cost_us = cost_us + fill->spent_us;
  }
  fill->Finish(std::move(rendered));
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
    rows.cost_us = ShareOf(exchange.cost_us, i, fills.size()) + fills[i]->spent_us;
    fills[i]->Finish(std::move(rows));
  }
}

std::vector<PgFillPtr> PgPipeline::TakeUnanswered() {
  std::vector<PgFillPtr> unanswered = TakeReturned();
  for (Exchange& exchange : exchanges_) {
    if (exchange.fill && !exchange.fill->finished()) unanswered.push_back(std::move(exchange.fill));
    if (exchange.asks) exchange.asks->calls = PgBatchState::Calls::kUnknown;
    for (PgFillPtr& fill : exchange.batch) {
      if (!fill->finished()) unanswered.push_back(std::move(fill));
    }
  }
  exchanges_.clear();
  behind_in_flight_ = 0;
  return unanswered;
}

}  // namespace kck
