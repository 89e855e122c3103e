#include "source/pg_pipeline.h"

#include <fmt/format.h>

#include <algorithm>

#include "source/pg_error.h"
#include "source/pg_json.h"
#include "source/pg_run_as.h"

namespace kck {
namespace {

constexpr int kStaleStatementsMax = 2;

}  // namespace

PgPipeline::PgPipeline(PgConnPtr connection, DatabaseIdentity identity, std::string database)
    : connection_(std::move(connection)), identity_(identity), database_(std::move(database)) {}

std::uint32_t PgPipeline::HeadUs() const {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - head_since_).count());
}

bool PgPipeline::Exchange::behind() const {
  if (fill) return fill->behind();
  return !batch.empty() && batch.front()->behind();
}

void PgPipeline::Send(const PgFillPtr& fill) {
  if (fill->holds_zero_byte) {
    fill->Finish(Fail(ErrorCode::kBadKey, "a parameter holds a zero byte, which PostgreSQL has no text for"));
    return;
  }
  const bool named = NameAfter(fill->trace);
  Exchange exchange;
  exchange.fill = fill;
  const bool prepared = Prepare(PgPreparedId(*fill->statement(), fill->params), exchange,
                                [&](const std::string& name) { return SendPrepare(*fill, name); });
  const bool sent = prepared && SendExecute(*fill, exchange.prepared);
  Push(std::move(exchange), sent ? 1 : 0);
  if (named) Unname();
  AskForVolatile(*fill->statement(), fill->group().batches);
}

bool PgPipeline::Prepare(std::uint64_t id, Exchange& exchange,
                         const std::function<bool(const std::string& name)>& send) {
  auto name = prepared_.Find(id);
  exchange.preparing = !name.has_value();
  std::optional<std::string> evicted;
  exchange.prepared_id = id;
  exchange.prepared = name ? *std::move(name) : prepared_.Add(id, evicted);
  // With a Sync of its own, which would end what the statement runs as.
  if (evicted) Deallocate(*evicted);
  const PgFill& first = exchange.fill ? *exchange.fill : *exchange.batch.front();
  exchange.run_as_left = PgRunAsCount(*first.statement());
  if (!SendPgRunAs(connection_.get(), *first.statement(), first.params)) return false;
  return !exchange.preparing || send(exchange.prepared);
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
    } else if (head.run_as_left > 0 && !head.result && PQresultStatus(result.get()) == PGRES_TUPLES_OK) {
      --head.run_as_left;
    } else if (head.preparing && PQresultStatus(result.get()) == PGRES_COMMAND_OK) {
      head.preparing = false;
    } else if (!head.result) {
      head.result = std::move(result);
    }
  }
  return ended;
}

void PgPipeline::Complete(Exchange exchange) {
  if (exchange.run_as_left > 0) TellUnprepared(exchange);
  if (!exchange.batch.empty()) return CompleteBatch(std::move(exchange));
  if (exchange.asks) return TakeVolatile(exchange);
  if (!exchange.fill) return;
  if (exchange.preparing) prepared_.Remove(exchange.prepared_id, exchange.prepared);
  if (exchange.fill->finished()) return;
  if (!exchange.result || IsError(*exchange.result)) {
    CompleteFailed(std::move(exchange));
  } else if (exchange.awaiting_types) {
    types_.Learn(*exchange.result);
    Render(exchange.fill, *exchange.awaiting_types, exchange.cost_us);
  } else {
    CompleteRows(std::move(exchange));
  }
}

// Each that counted on its PREPARE may have other settings, and is sent again.
void PgPipeline::TellUnprepared(const Exchange& exchange) {
  if (!exchange.preparing) return;
  for (Exchange& other : exchanges_) other.unprepared |= other.prepared == exchange.prepared;
}

Error PgPipeline::ErrorOf(const Exchange& exchange) const {
  if (!exchange.result) return {ErrorCode::kSourceError, "database " + database_ + " sent no answer"};
  if (exchange.run_as_left == 0) return StatementError(database_, *exchange.result);
  const PgFill& first = exchange.fill ? *exchange.fill : *exchange.batch.front();
  return RunAsError(database_, *first.statement(), exchange.run_as_left, *exchange.result);
}

void PgPipeline::CompleteFailed(Exchange exchange) {
  PgFill& fill = *exchange.fill;
  const std::string_view state = exchange.result ? SqlState(*exchange.result) : "";
  Error error = ErrorOf(exchange);
  if (exchange.run_as_left > 0) return fill.Finish(Failure(std::move(error)));
  if (exchange.unprepared && IsStaleStatement(state)) return Send(exchange.fill);
  if (exchange.preparing) {
    CompleteUnprepared(exchange, state, std::move(error));
    return;
  }
  const bool may_retry = !exchange.prepare_error && !exchange.awaiting_types && IsStaleStatement(state);
  if (may_retry && ++fill.stale_statements_met <= kStaleStatementsMax) {
    prepared_.Remove(exchange.prepared_id, exchange.prepared);
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
  exchange.cost_us = HeadUs();
  exchange.fill->batches().Note(exchange.cost_us, 1);
  const std::vector<Oid> to_read = types_.ToRead(PgColumnTypes(*exchange.result, PgColumns::kAfterStamp));
  if (to_read.empty()) {
    Render(exchange.fill, *exchange.result, exchange.cost_us);
  } else {
    ReadTypes(std::move(exchange), to_read);
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
