// TLS over a connected socket, as the server's side: recv() and sendmsg() in plain bytes.
//
// Nothing blocks. The handshake is part of the reads. Readiness is edge-triggered, so the stream is told when bytes
// have arrived, and asks the system for no more once a read has brought less than was asked for. For one thread.
#pragma once

#include <openssl/types.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <memory>
#include <span>

namespace kck {

class TlsStream {
 public:
  // `socket` must outlive it. Throws std::bad_alloc.
  TlsStream(SSL_CTX& context, int socket);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // The socket has become readable. `ending`: it will not say so again, since the client's end of it is there.
  void Arrived(bool ending);

  // As recv(): how many bytes, 0 at the end that the client declared, or -1 and errno. EAGAIN: nothing can be had
  // before the socket is ready again, unless has_more(). Any other: the stream is broken, by bytes that are not TLS, a
  // refused handshake, or an end that was not declared.
  ssize_t Receive(std::span<char> room);

  // Whether the next Receive() may bring something without news of the socket.
  bool has_more() const { return has_more_; }

  // One record of what the pieces hold. As sendmsg(); after EAGAIN the same bytes have to come again.
  ssize_t Send(std::span<const iovec> pieces);

  // Tells the client that nothing follows, where that can be told. False: the socket takes no more now; try again.
  bool Finish();

  bool handshaking() const { return handshaking_; }

  // Whether a record has begun to arrive that nothing was received of.
  bool has_part() const { return has_part_; }

  // Where the handshake failed: whether the client sent anything, and whether it was as HTTP begins.
  bool heard() const { return first_byte_ >= 0; }
  bool heard_plain_http() const { return first_byte_ >= 'A' && first_byte_ <= 'Z'; }

  // Why the stream is broken, in the library's words.
  const char* fault() const { return fault_; }

 private:
  friend struct TlsSocketMethods;

  struct Free {
    void operator()(SSL* stream) const;
  };

  // recv() and send() for the library.
  int ReadSocket(char* to, int size);
  int WriteSocket(const char* from, int size) const;

  ssize_t Failed(int result);

  const int socket_;
  std::unique_ptr<SSL, Free> stream_;
  const char* fault_ = "the connection ended before it, or did not go on";
  int first_byte_ = -1;  // that the client sent; -1: none yet
  bool handshaking_ = true;
  bool broken_ = false;
  bool ending_ = false;
  bool drained_ = true;   // the socket has nothing more, as far as is known
  bool starved_ = false;  // the library has asked for more than there was
  bool has_more_ = false;
  bool has_part_ = false;
};

}  // namespace kck
