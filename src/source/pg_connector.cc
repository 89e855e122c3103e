#include "source/pg_connector.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "source/pg_error.h"

namespace kck {
namespace {

using boost::asio::awaitable;
using Descriptor = boost::asio::posix::stream_descriptor;

constexpr auto kConnectTimeMax = std::chrono::seconds(5);
constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);

Failure ConnectionFailure(const PGconn* connection) {
  return Fail(ErrorCode::kSourceError, ConnectionMessage(connection));
}

Failure TimeFailure() { return Fail(ErrorCode::kSourceError, "it did not answer within 5 s"); }

// On the starter's thread.
awaitable<PgConnPtr> StartElsewhere(DatabaseSettings settings) { co_return StartPgConnection(settings); }

}  // namespace

PgConnector::PgConnector(boost::asio::io_context& io, boost::asio::thread_pool& starter,
                         const DatabaseSettings& settings)
    : socket_(io), limit_(io), starter_(starter), settings_(settings) {}

PgConnector::~PgConnector() {
  // libpq closes the socket.
  if (socket_.is_open()) static_cast<void>(socket_.release());
}

awaitable<Result<PgConnected>> PgConnector::Connect() {
  std::string url_fault = PgUrlFault(settings_.url);
  if (!url_fault.empty()) co_return Fail(ErrorCode::kSourceError, std::move(url_fault));
  timed_out_ = false;
  limit_.expires_after(kConnectTimeMax);
  limit_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    timed_out_ = true;
    boost::system::error_code ignored;
    static_cast<void>(socket_.cancel(ignored));
  });
  Result<PgConnected> connected = co_await Try();
  limit_.cancel();
  co_return connected;
}

awaitable<Result<PgConnected>> PgConnector::Try() {
  PgConnected connected;
  auto start = StartElsewhere(settings_);
  connected.connection = co_await boost::asio::co_spawn(starter_, std::move(start), boost::asio::use_awaitable);
  PGconn* connection = connected.connection.get();
  if (PQstatus(connection) == CONNECTION_BAD) co_return ConnectionFailure(connection);
  PQsetNoticeProcessor(connection, [](void*, const char*) {}, nullptr);
  const Result<void> shaken = co_await Handshake(connection);
  if (!shaken) co_return Failure(shaken.error());
  if (PQsetnonblocking(connection, 1) != 0) co_return ConnectionFailure(connection);
  const Result<PgSession> session = co_await SetUp(connection);
  if (!session) co_return Failure(session.error());
  connected.session = *session;
  if (PQenterPipelineMode(connection) != 1) co_return ConnectionFailure(connection);
  co_return connected;
}

awaitable<Result<void>> PgConnector::Handshake(PGconn* connection) {
  PostgresPollingStatusType next = PGRES_POLLING_WRITING;
  while (next != PGRES_POLLING_OK) {
    if (next == PGRES_POLLING_FAILED) co_return ConnectionFailure(connection);
    const auto what = next == PGRES_POLLING_READING ? Descriptor::wait_read : Descriptor::wait_write;
    const Result<void> waited = co_await AwaitSocket(connection, what);
    if (!waited) co_return Failure(waited.error());
    next = PQconnectPoll(connection);
  }
  co_return Result<void>();
}

awaitable<Result<PgSession>> PgConnector::SetUp(PGconn* connection) {
  std::string set_up = SessionSql(settings_, PgAccess::kRead);
  const Result<PgResultPtr> answer = co_await Ask(connection, std::move(set_up));
  if (!answer) co_return Failure(answer.error());
  Result<PgSession> session = ReadPgSession(**answer);
  if (!session || !session->may_read_identifier) co_return session;
  std::string ask_identifier = kIdentifierSql;
  const Result<PgResultPtr> identifier = co_await Ask(connection, std::move(ask_identifier));
  if (!identifier) co_return Failure(identifier.error());
  TakeIdentifier(**identifier, *session);
  co_return session;
}

awaitable<Result<PgResultPtr>> PgConnector::Ask(PGconn* connection, std::string sql) {
  if (PQsendQuery(connection, sql.c_str()) != 1) co_return ConnectionFailure(connection);
  PgResultPtr last;
  while (true) {
    const int unsent = PQflush(connection);
    if (unsent < 0) co_return ConnectionFailure(connection);
    if (unsent == 0 && PQisBusy(connection) == 0) {
      PgResultPtr result(PQgetResult(connection));
      if (!result) co_return last;
      if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR) co_return ConnectionFailure(connection);
      last = std::move(result);
      continue;
    }
    const auto what = unsent > 0 ? Descriptor::wait_write : Descriptor::wait_read;
    const Result<void> waited = co_await AwaitSocket(connection, what);
    if (!waited) co_return Failure(waited.error());
    if (PQconsumeInput(connection) != 1) co_return ConnectionFailure(connection);
  }
}

awaitable<Result<void>> PgConnector::AwaitSocket(PGconn* connection, Descriptor::wait_type what) {
  if (timed_out_) co_return TimeFailure();
  // Given to the reactor for one wait at a time: libpq may close the socket between two waits and open another.
  boost::system::error_code refused;
  static_cast<void>(socket_.assign(PQsocket(connection), refused));
  if (refused) co_return Fail(ErrorCode::kSourceError, refused.message());
  co_await socket_.async_wait(what, kAwait);
  static_cast<void>(socket_.release());
  if (timed_out_) co_return TimeFailure();
  co_return Result<void>();
}

}  // namespace kck
