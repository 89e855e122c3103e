#include "http/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>

namespace kck {

// The library's way to a stream's socket. Its own for sockets does not know of edges, and would ask once more a
// request.
struct TlsSocketMethods {
  static TlsStream& Of(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

  static int Read(BIO* bio, char* to, int size) {
    BIO_clear_retry_flags(bio);
    const int count = Of(bio).ReadSocket(to, size);
    if (count < 0 && errno == EAGAIN) BIO_set_retry_read(bio);
    return count;
  }

  static int Write(BIO* bio, const char* from, int size) {
    BIO_clear_retry_flags(bio);
    const int count = Of(bio).WriteSocket(from, size);
    if (count < 0 && errno == EAGAIN) BIO_set_retry_write(bio);
    return count;
  }

  static long Control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO_METHOD* Make() {
    BIO_METHOD* methods = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "kck socket");
    if (methods == nullptr) throw std::bad_alloc();
    BIO_meth_set_read(methods, Read);
    BIO_meth_set_write(methods, Write);
    BIO_meth_set_ctrl(methods, Control);
    return methods;
  }
};

namespace {

// What a record holds at most.
constexpr std::size_t kRecordBytes = std::size_t{16} << 10U;

BIO* NewSocketBio(TlsStream* stream) {
  static const BIO_METHOD* const kMethods = TlsSocketMethods::Make();
  BIO* bio = BIO_new(kMethods);
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, stream);
  BIO_set_init(bio, 1);
  return bio;
}

// The first bytes of the pieces, as many as a record holds.
std::size_t Gather(std::span<const iovec> pieces, std::span<char> record) {
  std::size_t filled = 0;
  for (const iovec& piece : pieces) {
    const std::size_t count = std::min(piece.iov_len, record.size() - filled);
    std::memcpy(record.data() + filled, piece.iov_base, count);
    filled += count;
    if (filled == record.size()) break;
  }
  return filled;
}

}  // namespace

void TlsStream::Free::operator()(SSL* stream) const { SSL_free(stream); }

TlsStream::TlsStream(SSL_CTX& context, int socket) : socket_(socket), stream_(SSL_new(&context)) {
  if (!stream_) throw std::bad_alloc();
  BIO* bio = NewSocketBio(this);
  SSL_set_bio(stream_.get(), bio, bio);
  SSL_set_accept_state(stream_.get());
}

TlsStream::~TlsStream() = default;

void TlsStream::Arrived(bool ending) {
  ending_ = ending_ || ending;
  drained_ = false;
}

int TlsStream::ReadSocket(char* to, int size) {
  ssize_t count = -1;
  if (drained_) {
    errno = EAGAIN;
  } else {
    count = recv(socket_, to, static_cast<std::size_t>(size), 0);
  }
  if (count < 0 && errno == EAGAIN) {
    drained_ = starved_ = true;
  } else if (count > 0) {
    has_part_ = true;
    if (first_byte_ < 0) first_byte_ = static_cast<unsigned char>(*to);
    drained_ = !ending_ && count < size;
  }
  return static_cast<int>(count);
}

int TlsStream::WriteSocket(const char* from, int size) const {
  return static_cast<int>(send(socket_, from, static_cast<std::size_t>(size), MSG_NOSIGNAL));
}

ssize_t TlsStream::Receive(std::span<char> room) {
  std::size_t taken = 0;
  if (broken_) return Failed(-1);
  ERR_clear_error();
  do {
    std::size_t count = 0;
    starved_ = false;
    const int result = SSL_read_ex(stream_.get(), room.data() + taken, room.size() - taken, &count);
    if (handshaking_) handshaking_ = SSL_is_init_finished(stream_.get()) == 0;
    if (result == 1 || !starved_) has_part_ = SSL_has_pending(stream_.get()) != 0;
    if (result != 1) {
      const ssize_t failed = Failed(result);
      // Bytes of no request may have been used up; and an end, or a fault, is for the next call where some came before.
      has_more_ = !starved_ && !SSL_want_write(stream_.get());
      return taken > 0 ? static_cast<ssize_t>(taken) : failed;
    }
    taken += count;
    has_more_ = !drained_ || has_part_;
  } while (has_more_ && taken < room.size());
  return static_cast<ssize_t>(taken);
}

ssize_t TlsStream::Failed(int result) {
  const int error = broken_ ? SSL_ERROR_SSL : SSL_get_error(stream_.get(), result);
  if (error == SSL_ERROR_ZERO_RETURN) return 0;
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    errno = EAGAIN;
    return -1;
  }
  broken_ = true;
  if (const char* reason = ERR_reason_error_string(ERR_peek_error())) fault_ = reason;
  errno = EPROTO;
  return -1;
}

ssize_t TlsStream::Send(std::span<const iovec> pieces) {
  if (broken_) return Failed(-1);
  ERR_clear_error();
  std::array<char, kRecordBytes> record;
  const void* from = pieces[0].iov_base;
  std::size_t size = pieces[0].iov_len;
  // Small pieces share a record.
  if (pieces.size() > 1 && size < record.size()) {
    size = Gather(pieces, record);
    from = record.data();
  }
  std::size_t count = 0;
  const int result = SSL_write_ex(stream_.get(), from, size, &count);
  return result == 1 ? static_cast<ssize_t>(count) : Failed(result);
}

bool TlsStream::Finish() {
  if (handshaking_ || broken_) return true;
  ERR_clear_error();
  const int result = SSL_shutdown(stream_.get());
  return result >= 0 || SSL_get_error(stream_.get(), result) != SSL_ERROR_WANT_WRITE;
}

}  // namespace kck
