#include "http/listener.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace kck {
namespace {

Failure SystemFailure() { return Fail(ErrorCode::kBadRequest, std::generic_category().message(errno)); }

std::string WithoutBrackets(const std::string& host) {
  return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

bool SwitchOn(const Descriptor& socket, int option) {
  const int on = 1;
  return setsockopt(socket.get(), SOL_SOCKET, option, &on, sizeof on) == 0;
}

// Opens a socket and binds it. False: errno says why not.
bool Bind(Descriptor& bound, const SocketAddress& address, bool shared) {
  bound = Descriptor(socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  return bound.open() && SwitchOn(bound, SO_REUSEADDR) && (!shared || SwitchOn(bound, SO_REUSEPORT)) &&
         bind(bound.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0;
}

}  // namespace

std::uint16_t SocketAddress::port() const {
  if (storage.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

void SocketAddress::set_port(std::uint16_t port) {
  if (storage.ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in*>(&storage)->sin_port = htons(port);
  }
}

Result<SocketAddress> ResolveAddress(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(WithoutBrackets(host).c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return Fail(ErrorCode::kBadRequest, gai_strerror(error));
  SocketAddress address;
  address.size = found->ai_addrlen;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  return address;
}

Result<Descriptor> Listen(const SocketAddress& address) {
  Descriptor listener;
  if (!Bind(listener, address, true) || listen(listener.get(), SOMAXCONN) != 0) return SystemFailure();
  return listener;
}

Result<void> RequireFree(const SocketAddress& address) {
  Descriptor probe;
  if (address.port() != 0 && !Bind(probe, address, false)) return SystemFailure();
  return {};
}

Result<Descriptor> ListenLocal(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Fail(ErrorCode::kBadRequest, fmt::format("the path has over {} bytes", sizeof address.sun_path - 1));
  }
  path.copy(address.sun_path, path.size());
  const auto* place = reinterpret_cast<const sockaddr*>(&address);
  const Descriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(probe.get(), place, sizeof address) == 0) {
    return Fail(ErrorCode::kBadRequest, "another server listens there");
  }
  if (errno == ECONNREFUSED) unlink(path.c_str());
  Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const mode_t before = umask(S_IRWXG | S_IRWXO | S_IXUSR);
  const bool bound = bind(listener.get(), place, sizeof address) == 0;
  umask(before);
  if (!bound || listen(listener.get(), SOMAXCONN) != 0) return SystemFailure();
  return listener;
}

std::string PeerOf(const Descriptor& connection) {
  SocketAddress address;
  address.size = sizeof address.storage;
  auto* place = reinterpret_cast<sockaddr*>(&address.storage);
  if (getpeername(connection.get(), place, &address.size) != 0 || place->sa_family == AF_UNIX) return {};
  std::array<char, NI_MAXHOST> host{};
  const int error = getnameinfo(place, address.size, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST);
  return error == 0 ? std::string(host.data()) : std::string();
}

std::uint16_t PortOf(const Descriptor& listener) {
  SocketAddress address;
  address.size = sizeof address.storage;
  getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.size);
  return address.port();
}

}  // namespace kck
