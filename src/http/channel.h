// A connection's socket, as it is or under TLS: the same calls for both, and for the first one no more than the
// system's.
//
// Nothing blocks. For one thread.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <span>

#include "http/descriptor.h"
#include "http/tls_stream.h"

namespace kck {

class Channel {
 public:
  // `context`: TLS is spoken with it; null: none is.
  Channel(Descriptor socket, SSL_CTX* context)
      : socket_(std::move(socket)), tls_(context ? std::make_unique<TlsStream>(*context, socket_.get()) : nullptr) {}

  const Descriptor& socket() const { return socket_; }

  // Null where none is spoken, or no more.
  TlsStream* tls() const { return tls_.get(); }

  // As recv().
  ssize_t Receive(std::span<char> room) {
    return tls_ ? tls_->Receive(room) : recv(socket_.get(), room.data(), room.size(), 0);
  }

  // Whether the next Receive() may bring something without news of the socket. `filled`: the last one had room for no
  // more. A short one has taken all that there was, and more of it will be news.
  bool MayHaveMore(bool filled) const { return tls_ ? tls_->has_more() : filled; }

  // As sendmsg(), of as many pieces as that takes.
  ssize_t Send(std::span<iovec> pieces) { return tls_ ? tls_->Send(pieces) : SendPlainly(pieces); }

  bool handshaking() const { return tls_ && tls_->handshaking(); }

  // Whether something has begun to arrive, a handshake too, of which Receive() has said nothing.
  bool HasPart() const { return tls_ && (tls_->handshaking() || tls_->has_part()); }

  // Goes on without TLS. What the socket brings from now on are bare bytes.
  void LeaveTls() { tls_.reset(); }

  // Tells the client that nothing follows; then TLS is left. False: the socket takes no more now; try again.
  bool Finish();

  // At once. `whole`: nothing is left to be sent, and the client may know.
  void Close(bool whole);

 private:
  ssize_t SendPlainly(std::span<iovec> pieces) const;

  Descriptor socket_;
  std::unique_ptr<TlsStream> tls_;
};

}  // namespace kck
