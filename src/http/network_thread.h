// One network thread: its listening socket, its connections, its clock.
//
// Every thread listens on the same port (SO_REUSEPORT) and keeps the connections that the system gives it, so nothing
// of a connection is shared between threads.
#pragma once

#include <memory>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "http/event_loop.h"
#include "http/listener.h"
#include "http/server_state.h"

namespace kck {

class Session;

class NetworkThread : public std::enable_shared_from_this<NetworkThread> {
 public:
  // `index` names the thread's part of server->metrics. Throws where the process may open no more descriptors.
  NetworkThread(std::shared_ptr<ServerState> server, std::size_t index);
  ~NetworkThread();
  NetworkThread(const NetworkThread&) = delete;
  NetworkThread& operator=(const NetworkThread&) = delete;

  // Before Run. Port 0: the system chooses. Returns the port.
  Result<std::uint16_t> Listen(const SocketAddress& address);

  // Before Run: accepts from that socket too, and trusts who comes by it.
  Result<void> ListenTrusted(Descriptor listener);

  // Accepts and serves, on the calling thread, until drained.
  void Run();

  // Stops accepting, closes idle connections, and at the drain time-out all others. Any thread.
  void Drain();

  // For sessions, on this thread; loop().Post on any.
  ThreadState& state() { return state_; }
  EventLoop& loop() { return loop_; }
  void Forget(const std::shared_ptr<Session>& session);

 private:
  // A listening socket, and the waiting for its connections.
  class Acceptor final : public EventLoop::Handler {
   public:
    Acceptor(NetworkThread& thread, bool is_trusted) : trusted(is_trusted), thread_(thread) {}
    void OnReady(std::uint32_t) override {
      if (!paused) thread_.Accept(*this);
    }

    const bool trusted;
    Descriptor listener;
    bool paused = false;

   private:
    NetworkThread& thread_;
  };

  void Accept(Acceptor& from);
  void PauseAccept(Acceptor& from);
  void Admit(Descriptor socket, bool trusted);
  void Refuse(const Descriptor& socket) const;
  void Sweep();
  void BeginDrain();
  void CloseAll();
  std::vector<std::shared_ptr<Session>> Sessions() const;

  std::shared_ptr<ServerState> server_;
  ThreadState state_;
  EventLoop loop_;
  Acceptor acceptor_{*this, false};
  Acceptor trusted_acceptor_{*this, true};
  std::unordered_set<std::shared_ptr<Session>> sessions_;
  std::vector<std::shared_ptr<Session>> closed_;  // in this turn, which may still name them
};

}  // namespace kck
