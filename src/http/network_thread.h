// One network thread: its listening socket, its connections, its clock.
//
// Every thread listens on the same port (SO_REUSEPORT) and keeps the connections that the system gives it, so nothing
// of a connection is shared between threads.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <unordered_set>

#include "base/result.h"
#include "http/server_state.h"

namespace kck {

class Session;

class NetworkThread : public std::enable_shared_from_this<NetworkThread> {
 public:
  // `index` names the thread's part of server->metrics.
  NetworkThread(std::shared_ptr<ServerState> server, std::size_t index);
  ~NetworkThread();
  NetworkThread(const NetworkThread&) = delete;
  NetworkThread& operator=(const NetworkThread&) = delete;

  // Before Run. Port 0: the system chooses. Returns the port.
  Result<std::uint16_t> Listen(const boost::asio::ip::tcp::endpoint& endpoint);

  // Accepts and serves, on the calling thread, until drained.
  void Run();

  // Stops accepting, closes idle connections, and at the drain time-out all others. Any thread.
  void Drain();

  // For sessions, on this thread; executor() on any.
  ThreadState& state() { return state_; }
  boost::asio::io_context::executor_type executor() { return io_.get_executor(); }
  void Forget(const std::shared_ptr<Session>& session);

 private:
  using Code = boost::system::error_code;

  void Accept();
  void OnAccept(const Code& error, boost::asio::ip::tcp::socket socket);
  void Admit(boost::asio::ip::tcp::socket socket);
  void Refuse(boost::asio::ip::tcp::socket socket);
  void Sweep();
  void BeginDrain();
  void EndDrain();
  std::vector<std::shared_ptr<Session>> Sessions() const;
  bool drained() const { return state_.server.draining && sessions_.empty(); }

  std::shared_ptr<ServerState> server_;
  ThreadState state_;
  boost::asio::io_context io_{1};
  boost::asio::ip::tcp::acceptor acceptor_{io_};
  boost::asio::steady_timer accept_timer_{io_};
  boost::asio::steady_timer sweep_timer_{io_};
  boost::asio::steady_timer drain_timer_{io_};
  std::unordered_set<std::shared_ptr<Session>> sessions_;
};

}  // namespace kck
