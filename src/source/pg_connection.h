// One place in the pool: keeps a connection up, connecting again with back-off when it is lost, and moves the bytes of
// its pipeline.
//
// On the thread of one io_context alone, the way its owner hears of it included.
#pragma once

#include <random>

#include "source/pg_connector.h"
#include "source/pg_pipeline.h"

namespace kck {

class PgConnectionOwner {
 public:
  virtual void ConnectionReady(const PgSession& session) = 0;
  // After each failed try to connect, and when a connection is lost; `unanswered` are the fills that were under way.
  virtual void ConnectionLost(const Error& why, std::vector<PgFillPtr> unanswered) = 0;
  // Some statements have ended, so that there may be room for others.
  virtual void StatementsEnded() = 0;
  // Fills to be sent again, before all others.
  virtual void FillsReturned(std::vector<PgFillPtr> fills) = 0;

 protected:
  ~PgConnectionOwner() = default;
};

class PgConnection {
 public:
  PgConnection(boost::asio::io_context& io, boost::asio::thread_pool& starter, const DatabaseSettings& settings,
               PgConnectionOwner& owner);
  ~PgConnection();
  PgConnection(const PgConnection&) = delete;
  PgConnection& operator=(const PgConnection&) = delete;

  // Begins to connect. Once.
  void Start();

  bool ready() const { return pipeline_.has_value(); }

  // True where a fill that is sent now is likely to get its turn soon. Requires ready().
  bool HasRoom() const;
  std::size_t in_flight() const { return pipeline_->in_flight(); }
  std::size_t behind_in_flight() const { return pipeline_->behind_in_flight(); }

  // The same for fills that are computed with others (pg_batch.h): those that come meanwhile make the next batch.
  bool HasRoomForBatch() const;

  // Requires ready().
  void Send(const PgFillPtr& fill);
  void SendBatch(std::vector<PgFillPtr> fills);

  std::vector<PgFillPtr> TakeUnanswered();

 private:
  boost::asio::awaitable<void> Run();
  boost::asio::awaitable<std::string> Serve();  // until the connection is lost; why
  boost::asio::awaitable<void> BackOff();
  void Flush();
  void WatchHead();
  void Break(std::string why);

  boost::asio::io_context& io_;
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer head_timer_;
  boost::asio::steady_timer back_off_timer_;
  PgConnector connector_;
  const DatabaseSettings& settings_;
  PgConnectionOwner& owner_;
  std::minstd_rand random_;

  std::optional<PgPipeline> pipeline_;
  bool awaiting_room_ = false;  // for bytes in the socket
  bool watching_head_ = false;
  std::optional<std::string> broken_;  // why the connection is to be given up
  int failures_ = 0;                   // since a statement last ended
};

}  // namespace kck
