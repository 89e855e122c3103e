// One connection: reads requests, runs their calls in order, sends the answers in the same order.
//
// All requests that have arrived are answered into one output, which is sent by one write. A request that has to wait
// for the engine stops the reading until its answer is there, and so does output that the client does not take: that is
// the back-pressure. Everything runs on the connection's network thread.
#pragma once

#include <sys/uio.h>

#include <memory>
#include <span>
#include <vector>

#include "http/channel.h"
#include "http/event_loop.h"
#include "http/exchange.h"
#include "http/input.h"
#include "http/request_parser.h"
#include "http/router.h"

namespace kck {

class NetworkThread;

class Session final : public Exchange, public std::enable_shared_from_this<Session>, private EventLoop::Handler {
 public:
  // The channel's socket does not block. `trusted`: it is one of the administrators' socket.
  Session(std::shared_ptr<NetworkThread> owner, Channel channel, bool trusted);
  ~Session() override;

  void Start();

  // Closes what has been silent for too long.
  void CheckTime();

  // Closes the connection unless a request is under way on it.
  void CloseIfIdle();

  // At once. The owner forgets the session.
  void Close();

  const std::string& Holder() override;
  std::function<void(Ending)> Later() override;

 private:
  bool ClosesAfterAnswer() override;
  std::string_view Peer() override;

  void OnReady(std::uint32_t events) override;
  void Advance();
  void TakeTurn();
  bool MayTakeRequest();
  // False where no further request can be taken now.
  bool TakeRequest();
  void RefuseBytes(int status, std::string_view message);
  void Resume(const Ending& ending);
  void FinishRequest();
  bool IsTimed();
  void EndTiming();

  void AwaitRequest();
  // One read. False where nothing was there, or the connection is gone.
  bool Read();
  // What comes instead of bytes; returns as Read() does.
  bool NothingYet();
  bool EndReading(bool in_order);
  bool EndHandshake();
  void CountFailedHandshake();
  // Has the turn go on after those of the other connections.
  void Yield();

  // True once all output is with the system; false where that takes longer, or the connection is gone.
  bool Send();
  bool SendSome();
  bool SendFailed();
  void EndSending();
  void Sent(std::size_t count);

  void Linger();
  void ReadToEnd();

  std::shared_ptr<NetworkThread> owner_;  // its loop outlives the socket
  Channel channel_;
  RequestParser parser_;
  Input input_;
  Output sending_;
  std::vector<iovec> pieces_;    // of sending_
  std::size_t first_piece_ = 0;  // not wholly sent
  std::size_t unsent_ = 0;       // bytes taken from the budget of the unsent
  std::size_t progress_ = 0;     // bytes sent since since_
  TimePoint since_;              // of the state that CheckTime judges
  TimePoint wait_began_;         // of the request that waits
  std::string holder_;           // of leases, once it is one
  std::string peer_;             // once somebody has asked for it
  Call call_ = Call::kNone;
  TimePoint request_began_;       // of the request that is timed
  std::size_t answer_begin_ = 0;  // where its answer begins in the output
  // Of the request that is answered now.
  bool timed_ = false;
  bool sampled_ = false;  // for the metrics
  bool waited_ = false;
  bool readable_ = false;   // a read may bring something
  bool ending_ = false;     // the client has sent its last byte, or the connection is broken: reads go on to the end
  bool yielding_ = false;   // another turn is on its way
  bool waiting_ = false;    // a call left its answer for later
  bool writing_ = false;    // the client does not take the output
  bool partial_ = false;    // a request has begun to arrive
  bool lingering_ = false;  // all is sent; waits for the client to close
  bool closed_ = false;
};

}  // namespace kck
