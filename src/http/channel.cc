#include "http/channel.h"

#include <algorithm>

namespace kck {
namespace {

constexpr std::size_t kPiecesAWrite = 1024;  // IOV_MAX

}  // namespace

ssize_t Channel::SendPlainly(std::span<iovec> pieces) const {
  if (pieces.size() == 1) return send(socket_.get(), pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = std::min(pieces.size(), kPiecesAWrite);
  return sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
}

bool Channel::Finish() {
  if (tls_ && !tls_->Finish()) return false;
  tls_.reset();
  shutdown(socket_.get(), SHUT_WR);
  return true;
}

void Channel::Close(bool whole) {
  if (tls_ && whole) tls_->Finish();
  tls_.reset();
  socket_.Close();
}

}  // namespace kck
