// The floor that KCK's hits are measured against: an epoll loop in one thread that looks for the blank line at the end
// of a request and writes the same bytes for each. It parses nothing, looks up nothing, and handles no error but by
// closing the connection.
//
// epoll_loop PORT FILE: listens on 127.0.0.1:PORT (0: any; it prints which) and answers with the bytes of FILE.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_map>

namespace {

constexpr std::string_view kBlankLine = "\r\n\r\n";

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

int Listen(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, generic, size) != 0 || listen(fd, SOMAXCONN) != 0) Die("listen");
  if (getsockname(fd, generic, &size) != 0) Die("getsockname");
  std::printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

class Loop {
 public:
  Loop(int listener, std::string answer) : listener_(listener), answer_(std::move(answer)) { Watch(listener_); }

  void Run() {
    std::array<epoll_event, 256> events{};
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == listener_) {
          Accept();
        } else {
          Serve(fd);
        }
      }
    }
  }

 private:
  void Watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) Die("epoll_ctl");
  }

  void Accept() {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd < 0) return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    pending_[fd].clear();
    Watch(fd);
  }

  void Serve(int fd) {
    std::array<char, 16384> buffer;
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got <= 0) return Close(fd);
    std::string& request = pending_[fd];
    request.append(buffer.data(), static_cast<std::size_t>(got));
    for (auto end = request.find(kBlankLine); end != std::string::npos; end = request.find(kBlankLine)) {
      request.erase(0, end + kBlankLine.size());
      const ssize_t sent = send(fd, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      if (sent != static_cast<ssize_t>(answer_.size())) return Close(fd);
    }
  }

  void Close(int fd) {
    pending_.erase(fd);
    close(fd);
  }

  const int epoll_ = epoll_create1(0);
  const int listener_;
  const std::string answer_;
  std::unordered_map<int, std::string> pending_;  // of a connection: the part of a request that is there
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: epoll_loop PORT FILE\n");
    return 2;
  }
  std::ifstream file(argv[2], std::ios::binary);
  std::string answer{std::istreambuf_iterator<char>(file), {}};
  if (answer.empty()) {
    std::fprintf(stderr, "epoll_loop: %s cannot be read, or is empty\n", argv[2]);
    return 1;
  }
  Loop(Listen(static_cast<std::uint16_t>(std::atoi(argv[1]))), std::move(answer)).Run();
}
