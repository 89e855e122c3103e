// Reading requests off a connection's bytes, however they are cut: what comes out of it, and what is refused, does not
// depend on where the cuts are.
//
// Strict (line_syntax.h), and what is refused beyond the grammar, so that no proxy in front can see other borders
// between requests than KCK does: a second Content-Length, Content-Length beside Transfer-Encoding, transfer codings
// other than chunked, HTTP/1.1 without exactly one Host, a line that does not end with CRLF.
//
// For one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/byte_budget.h"
#include "http/request.h"

namespace kck {

inline constexpr std::size_t kHeaderBytesMax = std::size_t{64} << 10U;  // of the request line, headers and trailers
inline constexpr std::size_t kFieldsMax = 100;                          // headers and trailers
inline constexpr std::size_t kChunkLineBytesMax = std::size_t{4} << 10U;

// Why the connection's bytes are no request that KCK can read. It must be closed after the answer.
struct ProtocolFault {
  int status = 400;
  std::string message;
};

class RequestParser {
 public:
  enum class State { kNeedsMore, kComplete, kFault };
  struct Progress {
    std::size_t consumed;  // bytes of the input that need not be shown again
    State state;
  };

  // Fills `request`, which outlives this: whole after kComplete, until Reset(). The bodies' bytes are taken from
  // `budget`, which outlives this as well.
  RequestParser(Request& request, std::size_t body_bytes_max, ByteBudget& budget);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Reads on. `input` begins with the bytes that the call before left unconsumed. After kComplete and kFault, Reset()
  // comes first.
  Progress Put(std::string_view input);

  // Makes ready for the next request.
  void Reset();

  const ProtocolFault& fault() const { return fault_; }

  // True where a part of a request has been consumed.
  bool begun() const { return stage_ != Stage::kRequestLine; }

  // True once a request, where the client waits for "100 Continue" before it sends the body.
  bool TakeContinue();

 private:
  // What comes next.
  enum class Stage : std::uint8_t { kRequestLine, kFields, kBody, kChunkLine, kChunkData, kChunkEnd, kTrailers, kDone };

  struct Head {
    std::uint32_t fields = 0;
    std::uint32_t hosts = 0;
    std::uint32_t codings = 0;
    std::optional<std::uint64_t> length;
    bool keep_alive = false;
    bool close = false;
    bool expects_continue = false;
  };

  // Each takes from `rest_`, or reads what was taken; false where that has to wait for more bytes, or at a fault.
  bool Step();
  bool TakeLine(std::string_view& line, std::size_t bytes_max);
  bool TakeHeaderLine(std::string_view& line);
  bool TakeRequestLine();
  bool TakeField();
  bool TakeChunkLine();
  bool TakeChunkEnd();
  bool TakeBody(Stage next);

  bool ReadField(std::string_view name, std::string_view value);
  bool ReadLength(std::string_view value);
  bool ReadCoding(std::string_view value);
  bool ReadHost(std::string_view value);
  bool ReadAuthorization(std::string_view value);
  bool ReadConnection(std::string_view value);
  bool PassTrailer(std::string_view name);
  bool EndHead();
  bool Finish();
  bool BeginBody(std::uint64_t bytes, Stage stage);

  bool Refuse(int status, std::string message);  // false
  bool RefuseSyntax();
  bool RefuseLine();

  Request& request_;
  const std::size_t body_bytes_max_;
  ByteBudget& budget_;
  Stage stage_ = Stage::kRequestLine;
  bool faulty_ = false;
  Head head_;
  ProtocolFault fault_;
  std::string_view rest_;         // of the input, during Put
  std::size_t scanned_ = 0;       // bytes of rest_ known to hold no line feed
  std::size_t header_bytes_ = 0;  // consumed
  std::uint64_t body_left_ = 0;   // of the body, or of the chunk
  std::size_t budgeted_ = 0;      // taken from the budget
};

}  // namespace kck
