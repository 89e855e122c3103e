// One connection: reads requests, runs their calls in order, sends the answers in the same order.
//
// All requests that have arrived are answered into one output, which is sent by one write. A request that has to wait
// for the engine stops the reading until its answer is there, and so does output that the client does not take: that is
// the back-pressure. Everything runs on the connection's network thread.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <vector>

#include "http/exchange.h"
#include "http/input.h"
#include "http/request_parser.h"
#include "http/router.h"

namespace kck {

class NetworkThread;

class Session final : public Exchange, public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<NetworkThread> owner, boost::asio::ip::tcp::socket socket);
  ~Session() override;

  void Start();

  // Closes what has been silent for too long.
  void CheckTime();

  // Closes the connection unless a request is under way on it.
  void CloseIfIdle();

  // At once. The owner forgets the session.
  void Close();

  std::function<void(Ending)> Later() override;

 private:
  using Code = boost::system::error_code;

  bool ClosesAfterAnswer() override;

  void Advance();
  bool MayTakeRequest();
  // False where no further request can be taken now.
  bool TakeRequest();
  void RefuseBytes(int status, std::string_view message);
  void Resume(const Ending& ending);
  void FinishRequest();

  void Read();
  void OnRead(const Code& error, std::size_t count);

  // True once all output is with the system; false where that takes longer, or the connection is gone.
  bool Send();
  bool SendSome();
  void OnWritable(const Code& error);

  void Linger();
  void ReadToEnd();

  std::shared_ptr<NetworkThread> owner_;  // its io_context outlives the socket
  boost::asio::ip::tcp::socket socket_;
  RequestParser parser_;
  Input input_;
  Output sending_;
  std::vector<std::string_view> pieces_;
  std::vector<boost::asio::const_buffer> buffers_;  // of sending_, from first_buffer_ on
  std::size_t first_buffer_ = 0;
  TimePoint since_;       // of the state that CheckTime judges
  TimePoint wait_began_;  // of the request that waits
  Call call_ = Call::kNone;
  bool waiting_ = false;    // a call left its answer for later
  bool writing_ = false;    // the client does not take the output
  bool partial_ = false;    // a request has begun to arrive
  bool lingering_ = false;  // all is sent; waits for the client to close
  bool closed_ = false;
};

}  // namespace kck
