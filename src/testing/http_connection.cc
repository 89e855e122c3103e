#include "testing/http_connection.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace kck {
namespace {

[[noreturn]] void Throw(const std::string& what) {
  throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(errno)));
}

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

std::string WireAnswer::header(std::string_view name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

HttpConnection::HttpConnection(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const int at_once = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    close(socket_);
    errno = error;
    Throw("connect");
  }
}

HttpConnection::~HttpConnection() { close(socket_); }

void HttpConnection::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) Throw("send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// False at the end of the stream.
bool HttpConnection::Fill() {
  std::array<char, 65536> bytes{};
  const ssize_t count = recv(socket_, bytes.data(), bytes.size(), 0);
  if (count < 0) Throw("recv");
  received_.append(bytes.data(), static_cast<std::size_t>(count));
  return count > 0;
}

std::string HttpConnection::TakeThrough(std::string_view end) {
  while (received_.find(end) == std::string::npos) {
    if (!Fill()) throw std::runtime_error("the connection ended before an answer: " + received_);
  }
  return Take(received_.find(end) + end.size());
}

std::string HttpConnection::Take(std::size_t count) {
  while (received_.size() < count) {
    if (!Fill()) throw std::runtime_error("the connection ended within an answer: " + received_);
  }
  std::string taken = received_.substr(0, count);
  received_.erase(0, count);
  return taken;
}

WireAnswer HttpConnection::Receive(bool to_head) {
  WireAnswer answer;
  const std::string status_line = TakeThrough("\r\n");
  if (!status_line.starts_with("HTTP/1.1 ")) throw std::runtime_error("no status line: " + status_line);
  answer.status = std::stoi(status_line.substr(9, 3));
  for (std::string line = TakeThrough("\r\n"); line != "\r\n"; line = TakeThrough("\r\n")) {
    const auto colon = line.find(": ");
    answer.headers[Lower(line.substr(0, colon))] = line.substr(colon + 2, line.size() - colon - 4);
  }
  const std::string length = answer.header("content-length");
  if (!to_head && !length.empty()) answer.body = Take(std::stoul(length));
  return answer;
}

WireAnswer HttpConnection::Call(std::string_view method, std::string_view target, std::string_view body,
                                std::string_view headers) {
  Send(RequestText(method, target, body, headers));
  return Receive(method == "HEAD");
}

std::string HttpConnection::ReceiveToEnd() {
  while (Fill()) {
  }
  return std::exchange(received_, {});
}

bool HttpConnection::AtEnd() { return received_.empty() && !Fill(); }

void HttpConnection::FinishSending() { shutdown(socket_, SHUT_WR); }

std::string RequestText(std::string_view method, std::string_view target, std::string_view body,
                        std::string_view headers) {
  std::string length;
  if (!body.empty()) length = fmt::format("Content-Length: {}\r\n", body.size());
  return fmt::format("{} {} HTTP/1.1\r\nHost: test\r\n{}{}\r\n{}", method, target, length, headers, body);
}

}  // namespace kck
