#include "testing/forwarder.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/write.hpp>
#include <memory>

namespace kck {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

tcp::endpoint EndpointOf(const std::string& text) {
  const auto colon = text.rfind(':');
  return {boost::asio::ip::make_address(text.substr(0, colon)),
          static_cast<boost::asio::ip::port_type>(std::stoi(text.substr(colon + 1)))};
}

struct Link {
  explicit Link(tcp::socket accepted) : near(std::move(accepted)), far(near.get_executor()) {}

  tcp::socket near;
  tcp::socket far;
  std::array<char, 16384> out{};  // from near to far
  std::array<char, 16384> back{};
};

// Until either side ends, which ends both.
void Pump(const std::shared_ptr<Link>& link, tcp::socket& from, tcp::socket& to, std::array<char, 16384>& buffer) {
  const auto end = [link] {
    error_code ignored;
    static_cast<void>(link->near.close(ignored));
    static_cast<void>(link->far.close(ignored));
  };
  from.async_read_some(boost::asio::buffer(buffer), [=, &from, &to, &buffer](error_code error, std::size_t size) {
    if (error) return end();
    boost::asio::async_write(to, boost::asio::buffer(buffer, size), [=, &from, &to, &buffer](error_code failed, auto) {
      if (failed) return end();
      Pump(link, from, to, buffer);
    });
  });
}

}  // namespace

Forwarder::Forwarder(const std::string& ip, const std::string& target)
    : target_(EndpointOf(target)), acceptor_(context_, {boost::asio::ip::make_address(ip), target_.port()}) {
  Accept();
  thread_ = std::thread([this] { context_.run(); });
}

Forwarder::~Forwarder() {
  context_.stop();
  thread_.join();
}

std::string Forwarder::address() const {
  return fmt::format("{}:{}", acceptor_.local_endpoint().address().to_string(), target_.port());
}

void Forwarder::Accept() {
  acceptor_.async_accept([this](error_code error, tcp::socket accepted) {
    if (error) return;
    auto link = std::make_shared<Link>(std::move(accepted));
    link->far.async_connect(target_, [link](error_code failed) {
      if (failed) return;
      Pump(link, link->near, link->far, link->out);
      Pump(link, link->far, link->near, link->back);
    });
    Accept();
  });
}

}  // namespace kck
