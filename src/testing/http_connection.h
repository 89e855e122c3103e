// A client's end of one connection, as bare as a test wants it: bytes out, answers in.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace kck {

struct WireAnswer {
  int status = 0;
  std::map<std::string, std::string, std::less<>> headers;  // names in lower case
  std::string body;

  // Empty where there is no such header.
  std::string header(std::string_view name) const;
};

// Blocks; throws std::runtime_error where nothing comes for ten seconds, or the connection ends too soon.
class HttpConnection {
 public:
  explicit HttpConnection(std::uint16_t port);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  void Send(std::string_view bytes);

  // One answer. `to_head`: it has no body, whatever its Content-Length says.
  WireAnswer Receive(bool to_head = false);

  // "GET /…" and such, with a Host header and the body's length, then its answer. `headers` end with a line break each.
  WireAnswer Call(std::string_view method, std::string_view target, std::string_view body = {},
                  std::string_view headers = {});

  // All that there is until the server closes.
  std::string ReceiveToEnd();

  // True where the server has closed, and nothing is left to receive.
  bool AtEnd();

  // Says that nothing more will be sent.
  void FinishSending();

 private:
  bool Fill();
  std::string TakeThrough(std::string_view end);
  std::string Take(std::size_t count);

  int socket_ = -1;
  std::string received_;
};

std::string RequestText(std::string_view method, std::string_view target, std::string_view body = {},
                        std::string_view headers = {});

}  // namespace kck
