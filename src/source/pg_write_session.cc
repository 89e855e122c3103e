#include "source/pg_write_session.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <charconv>

#include "base/pause_point.h"
#include "source/pg_error.h"
#include "source/pg_json.h"

namespace kck {
namespace {

constexpr const char* kCommit = "select pg_catalog.pg_current_xact_id_if_assigned(); commit";
constexpr std::string_view kNothingWritten = "; nothing was written";
constexpr std::string_view kOutcomeUnknown =
    " while the write was being committed: whether it took place is not known; look before you send it again";

bool Succeeded(const PGresult& result) { return !IsError(result); }

std::uint64_t ReadNumber(const char* text) {
  std::uint64_t number = 0;
  const std::string_view digits(text);
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

Failure WithSuffix(Error error, std::string_view suffix) {
  return Fail(error.code, fmt::format("{}{}", error.message, suffix));
}

}  // namespace

Result<std::unique_ptr<PgWriteSession>> PgWriteSession::Open(const DatabaseSettings& settings) {
  Result<PgConnected> connected = ConnectPg(settings, PgAccess::kWrite);
  if (!connected) return Failure(std::move(connected.error()));
  if (PQsetnonblocking(connected->connection.get(), 1) != 0) return Failure(UnreachableError(settings.name, ""));
  return std::unique_ptr<PgWriteSession>(new PgWriteSession(settings, *std::move(connected)));
}

PgWriteSession::PgWriteSession(const DatabaseSettings& settings, PgConnected connected)
    : settings_(settings), connection_(std::move(connected.connection)), identity_(connected.session.identity) {}

Result<Written> PgWriteSession::Write(const SqlStatement& statement, const std::vector<ParamValue>& params,
                                      TimePoint deadline) {
  may_repeat_ = false;
  const Result<std::string> name = Prepare(statement, deadline);
  Result<void> begun;
  if (name) begun = Begin(deadline);
  if (!name || !begun) {
    const Error& error = name ? begun.error() : name.error();
    may_repeat_ = broken_ && error.code == ErrorCode::kSourceError;
    return WithSuffix(error, kNothingWritten);
  }
  Result<Written> written = Execute(statement, *name, params, deadline);
  if (!written) {
    Rollback(deadline);
    return written;
  }
  KCK_PAUSE_POINT("pg_write.commit");
  if (Result<void> committed = Commit(*written, deadline); !committed) return Failure(std::move(committed.error()));
  return written;
}

// The name of the prepared statement.
Result<std::string> PgWriteSession::Prepare(const SqlStatement& statement, TimePoint deadline) {
  if (auto known = prepared_.Find(statement.id)) return *std::move(known);
  std::optional<std::string> evicted;
  std::string name = prepared_.Add(statement.id, evicted);
  PGconn* connection = connection_.get();
  if (evicted) {
    const Result<Results> freed = Await(PQsendQuery(connection, ("deallocate " + *evicted).c_str()), deadline);
    if (!freed) return Failure(freed.error());
  }
  const std::string sql = PgNumberedTemplate(statement);
  std::optional<Error> first_error;  // says more than the one after it
  for (const PgTyping typing : {PgTyping::kDeclared, PgTyping::kAsLiterals}) {
    const std::vector<Oid> types = PgParamTypes(statement, typing);
    const int sent = PQsendPrepare(connection, name.c_str(), sql.c_str(), static_cast<int>(types.size()), types.data());
    const Result<Results> results = Await(sent, deadline);
    if (!results) return Failure(results.error());
    const PGresult& result = *results->front();
    if (Succeeded(result)) return name;
    if (!first_error) first_error = WriteError(settings_.name, result);
    if (!MayTypeAsLiterals(SqlState(result))) break;
  }
  prepared_.Remove(statement.id, name);
  return Failure(*std::move(first_error));
}

Result<void> PgWriteSession::Begin(TimePoint deadline) {
  const Result<Results> results = Await(PQsendQuery(connection_.get(), "begin"), deadline);
  if (!results) return Failure(results.error());
  if (!Succeeded(*results->front())) return Failure(WriteError(settings_.name, *results->front()));
  return {};
}

Result<Written> PgWriteSession::Execute(const SqlStatement& statement, const std::string& name,
                                        const std::vector<ParamValue>& params, TimePoint deadline) {
  std::vector<const char*> values;
  for (const ParamValue& value : params) values.push_back(value ? value->c_str() : nullptr);
  const int sent = PQsendQueryPrepared(connection_.get(), name.c_str(), static_cast<int>(values.size()), values.data(),
                                       nullptr, nullptr, 0);
  const Result<Results> results = Await(sent, deadline);
  if (!results) return WithSuffix(results.error(), kNothingWritten);
  const PGresult& result = *results->front();
  if (!Succeeded(result)) {
    may_repeat_ = IsStaleStatement(SqlState(result));
    if (may_repeat_) prepared_.Remove(statement.id, name);
    return Failure(WriteError(settings_.name, result));
  }
  Written written;
  written.identity = identity_;
  written.rows = ReadNumber(PQcmdTuples(const_cast<PGresult*>(&result)));
  Result<std::string> returning = Returning(result, statement.shape, deadline);
  if (!returning) return WithSuffix(returning.error(), kNothingWritten);
  written.returning = *std::move(returning);
  for (int column = 0; column < PQnfields(&result); ++column) written.columns.emplace_back(PQfname(&result, column));
  return written;
}

Result<std::string> PgWriteSession::Returning(const PGresult& rows, RowShape shape, TimePoint deadline) {
  const std::vector<Oid> to_read = types_.ToRead(PgColumnTypes(rows, PgColumns::kAll));
  if (!to_read.empty()) {
    const std::string list = PgTypes::OidList(to_read);
    const char* values[] = {list.c_str()};
    const int sent = PQsendQueryParams(connection_.get(), PgTypes::ReadSql(), 1, nullptr, values, nullptr, nullptr, 0);
    const Result<Results> types = Await(sent, deadline);
    if (!types) return Failure(types.error());
    if (!Succeeded(*types->front())) return Failure(WriteError(settings_.name, *types->front()));
    types_.Learn(*types->front());
  }
  return PgReturning(rows, types_, shape);
}

// What stands between a refusal and an unknown outcome: the server's word that it is done with the transaction.
Result<void> PgWriteSession::Commit(Written& written, TimePoint deadline) {
  PGconn* connection = connection_.get();
  const Result<Results> results = Await(PQsendQuery(connection, kCommit), deadline);
  if (!results) return WithSuffix(results.error(), kOutcomeUnknown);
  const auto failed = std::ranges::find_if(*results, [](const PgResultPtr& one) { return !Succeeded(*one); });
  if (failed != results->end()) {
    // A server that is shut down ends the session with an error, also right after the commit.
    if (PQtransactionStatus(connection) == PQTRANS_IDLE) return Failure(WriteError(settings_.name, **failed));
    return WithSuffix(Break(ErrorCode::kSourceError, "the connection was lost").value(), kOutcomeUnknown);
  }
  const PGresult& transaction = *results->front();
  written.transaction = PQgetisnull(&transaction, 0, 0) == 0 ? ReadNumber(PQgetvalue(&transaction, 0, 0)) : 0;
  return {};
}

void PgWriteSession::Rollback(TimePoint deadline) {
  if (broken_) return;
  const Result<Results> results = Await(PQsendQuery(connection_.get(), "rollback"), deadline);
  if (results && !Succeeded(*results->front())) broken_ = true;
}

Result<PgWriteSession::Results> PgWriteSession::Await(int sent, TimePoint deadline) {
  constexpr std::string_view kLost = "the connection was lost";
  PGconn* connection = connection_.get();
  if (sent != 1) return Break(ErrorCode::kSourceError, kLost);
  Results results;
  while (true) {
    const int unsent = PQflush(connection);
    if (unsent < 0) return Break(ErrorCode::kSourceError, kLost);
    if (unsent == 0 && PQisBusy(connection) == 0) {
      PgResultPtr result(PQgetResult(connection));
      if (result) {
        results.push_back(std::move(result));
        continue;
      }
      // libpq reports a lost connection as a result as well.
      if (results.empty() || PQstatus(connection) != CONNECTION_OK) return Break(ErrorCode::kSourceError, kLost);
      return results;
    }
    if (!AwaitSocket(unsent > 0, deadline)) return Break(ErrorCode::kSourceTimeout, "the time allowed was over");
    if (PQconsumeInput(connection) != 1) return Break(ErrorCode::kSourceError, kLost);
  }
}

// False where the deadline passes first.
bool PgWriteSession::AwaitSocket(bool wants_room, TimePoint deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  if (left <= 0) return false;
  pollfd socket{PQsocket(connection_.get()), static_cast<short>(POLLIN | (wants_room ? POLLOUT : 0)), 0};
  constexpr std::int64_t kPollMsMax = 60000;
  return poll(&socket, 1, static_cast<int>(std::min<std::int64_t>(left, kPollMsMax))) != 0 || left > kPollMsMax;
}

Failure PgWriteSession::Break(ErrorCode code, std::string_view why) {
  broken_ = true;
  return Fail(code, fmt::format("database {}: {}", settings_.name, why));
}

}  // namespace kck
