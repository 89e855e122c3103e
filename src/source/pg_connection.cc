#include "source/pg_connection.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace kck {
namespace {

using boost::asio::awaitable;
using Descriptor = boost::asio::posix::stream_descriptor;

// How many fills share a connection. More would not make a round trip cheaper by much, and each waits for all before
// it.
constexpr std::size_t kInFlightMax = 8;
// One that is computed, and one that waits at the database for its turn.
constexpr std::size_t kBatchesInFlightMax = 2;
// A statement that runs for longer than this holds up those behind it, so no more are sent there.
constexpr auto kSlowHead = std::chrono::milliseconds(20);
// PostgreSQL itself ends a statement at statement_timeout. If nothing has come this long after, the peer is gone.
constexpr auto kAnswerGrace = std::chrono::seconds(5);
constexpr auto kBackOffMin = std::chrono::milliseconds(50);
constexpr auto kBackOffMax = std::chrono::milliseconds(2000);
// libpq's own words may quote the statement that ran.
constexpr const char* kLost = "the connection was lost";
constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);

}  // namespace

PgConnection::PgConnection(boost::asio::io_context& io, boost::asio::thread_pool& starter,
                           const DatabaseSettings& settings, PgConnectionOwner& owner)
    : io_(io),
      socket_(io),
      head_timer_(io),
      back_off_timer_(io),
      connector_(io, starter, settings),
      settings_(settings),
      owner_(owner),
      random_(std::random_device{}()) {}

PgConnection::~PgConnection() {
  // libpq closes the socket.
  if (socket_.is_open()) static_cast<void>(socket_.release());
}

void PgConnection::Start() { boost::asio::co_spawn(io_, Run(), boost::asio::detached); }

bool PgConnection::HasRoom() const {
  if (broken_) return false;
  if (pipeline_->in_flight() == 0) return true;
  return pipeline_->in_flight() < kInFlightMax && Clock::now() - pipeline_->head_since() < kSlowHead;
}

bool PgConnection::HasRoomForBatch() const { return HasRoom() && pipeline_->in_flight() < kBatchesInFlightMax; }

void PgConnection::Send(const PgFillPtr& fill) {
  pipeline_->Send(fill);
  Flush();
  WatchHead();
}

void PgConnection::SendBatch(std::vector<PgFillPtr> fills) {
  pipeline_->SendBatch(std::move(fills));
  Flush();
  WatchHead();
}

std::vector<PgFillPtr> PgConnection::TakeUnanswered() {
  return pipeline_ ? pipeline_->TakeUnanswered() : std::vector<PgFillPtr>();
}

awaitable<void> PgConnection::Run() {
  while (true) {
    Result<PgConnected> connected = co_await connector_.Connect();
    Error lost = connected ? Error{ErrorCode::kSourceError, ""} : connected.error();
    std::vector<PgFillPtr> unanswered;
    if (connected) {
      broken_.reset();
      pipeline_.emplace(std::move(connected->connection), connected->session.identity, settings_.name);
      owner_.ConnectionReady(connected->session);
      lost.message = co_await Serve();
      unanswered = pipeline_->TakeUnanswered();
      pipeline_.reset();
    }
    ++failures_;
    owner_.ConnectionLost(lost, std::move(unanswered));
    co_await BackOff();
  }
}

awaitable<std::string> PgConnection::Serve() {
  PGconn* connection = pipeline_->connection();
  boost::system::error_code refused;
  static_cast<void>(socket_.assign(PQsocket(connection), refused));
  if (refused) co_return refused.message();
  Flush();
  while (!broken_) {
    const auto [error] = co_await socket_.async_wait(Descriptor::wait_read, kAwait);
    if (broken_) break;
    const bool read = !error && PQconsumeInput(connection) == 1;
    const std::size_t ended = pipeline_->Receive();
    if (ended > 0) {
      failures_ = 0;
      if (auto returned = pipeline_->TakeReturned(); !returned.empty()) owner_.FillsReturned(std::move(returned));
      owner_.StatementsEnded();
      pipeline_->AnswerBatches();
    }
    if (!read) Break(kLost);
    Flush();
  }
  head_timer_.cancel();
  static_cast<void>(socket_.release());
  co_return *broken_;
}

// The first try after a loss is soon, since a restart may be over in a moment; later ones are spread, so that many
// nodes do not come back at once.
awaitable<void> PgConnection::BackOff() {
  const auto ceiling = std::min<Duration>(kBackOffMax, kBackOffMin * (1 << std::min(failures_ - 1, 6)));
  const double share = std::uniform_real_distribution<>(0.5, 1.0)(random_);
  back_off_timer_.expires_after(std::chrono::duration_cast<Duration>(ceiling * share));
  co_await back_off_timer_.async_wait(kAwait);
}

void PgConnection::Flush() {
  if (awaiting_room_ || broken_ || !socket_.is_open()) return;
  const int unsent = pipeline_->broken() ? -1 : PQflush(pipeline_->connection());
  if (unsent < 0) Break(kLost);
  if (unsent <= 0) return;
  awaiting_room_ = true;
  socket_.async_wait(Descriptor::wait_write, [this](const boost::system::error_code& error) {
    awaiting_room_ = false;
    if (!error && pipeline_) Flush();
  });
}

void PgConnection::WatchHead() {
  if (watching_head_ || !pipeline_ || pipeline_->in_flight() == 0) return;
  watching_head_ = true;
  head_timer_.expires_at(pipeline_->head_since() + settings_.statement_timeout + kAnswerGrace);
  head_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    watching_head_ = false;
    if (cancelled || !pipeline_ || pipeline_->in_flight() == 0) return;
    if (Clock::now() >= pipeline_->head_since() + settings_.statement_timeout + kAnswerGrace) {
      Break("it did not answer, and did not end the statement at statement_timeout");
    } else {
      WatchHead();
    }
  });
}

void PgConnection::Break(std::string why) {
  if (broken_) return;
  broken_ = std::move(why);
  boost::system::error_code ignored;
  static_cast<void>(socket_.cancel(ignored));
}

}  // namespace kck
