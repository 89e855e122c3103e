// A TCP forwarder: a server that is reached at another address of the loopback network, from when on a test likes.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <thread>

namespace kck {

// Listens at `ip`, on the port of `target` ("host:port", by number), until it is destroyed; its connections end with
// it.
class Forwarder {
 public:
  Forwarder(const std::string& ip, const std::string& target);
  ~Forwarder();
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;

  std::string address() const;  // "ip:port"

 private:
  void Accept();

  boost::asio::io_context context_{1};
  boost::asio::ip::tcp::endpoint target_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::thread thread_;
};

}  // namespace kck
