// Addresses to listen on, and the sockets that do.
//
// Any thread. An error's text says why, in the system's words; its code is always KCKBadRequest.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "base/result.h"
#include "http/descriptor.h"

namespace kck {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  std::uint16_t port() const;
  void set_port(std::uint16_t port);
};

// `host`: a name or an address; one of IPv6 with or without brackets.
Result<SocketAddress> ResolveAddress(const std::string& host, std::uint16_t port);

// A socket that accepts connections, without blocking, beside others of this program on the same port. Port 0: the
// system chooses.
Result<Descriptor> Listen(const SocketAddress& address);

// With SO_REUSEPORT alone, a second server of the same user would share the port, and the requests, without a word:
// this says whether any has it.
Result<void> RequireFree(const SocketAddress& address);

// A Unix socket at `path` that its owner alone may connect to (mode 0600). One that a server which is gone has left is
// replaced. Not beside other threads that make files: the mode comes by the process's umask.
Result<Descriptor> ListenLocal(const std::string& path);

// The address of a connection's other end, without the port; empty where it has none.
std::string PeerOf(const Descriptor& connection);

// The port that a listening socket has.
std::uint16_t PortOf(const Descriptor& listener);

}  // namespace kck
