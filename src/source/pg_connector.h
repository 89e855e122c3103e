// Connects to PostgreSQL without blocking: handshake, session set-up, pipeline mode. One try at a time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "model/settings.h"
#include "source/pg_handle.h"
#include "source/pg_session.h"

namespace kck {

class PgConnector {
 public:
  // `starter` has a thread that may block while it looks up a host name. All else happens on the thread of `io`.
  PgConnector(boost::asio::io_context& io, boost::asio::thread_pool& starter, const DatabaseSettings& settings);
  ~PgConnector();
  PgConnector(const PgConnector&) = delete;
  PgConnector& operator=(const PgConnector&) = delete;

  // The error's message says why, for the log: it may name hosts and users.
  boost::asio::awaitable<Result<PgConnected>> Connect();

 private:
  boost::asio::awaitable<Result<PgConnected>> Try();
  boost::asio::awaitable<Result<void>> Handshake(PGconn* connection);
  boost::asio::awaitable<Result<PgSession>> SetUp(PGconn* connection);
  boost::asio::awaitable<Result<PgResultPtr>> Ask(PGconn* connection, std::string sql);
  // An error where the time for this try has run out.
  boost::asio::awaitable<Result<void>> AwaitSocket(PGconn* connection,
                                                   boost::asio::posix::stream_descriptor::wait_type what);

  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer limit_;
  bool timed_out_ = false;
  boost::asio::thread_pool& starter_;
  const DatabaseSettings& settings_;
};

}  // namespace kck
