// A load that costs less than the servers it drives: one thread, requests built once, no readiness calls. It asks each
// connection in turn for its answers without waiting, so it keeps its core busy, and no server pays for waking it. With
// --share-cores it waits once a whole turn brought nothing, for servers that run on the same cores.
//
// Prints one line of JSON: requests answered, seconds, and the time from a request (of a pipeline: from its first) to
// the last byte of its answer. With --rate, a request is due at fixed times, whether or not the one before it is
// answered, and its time counts from then: a server that stalls cannot hide it. An answer that is not 200, or a
// connection that ends, ends the program with a failure.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::uint16_t port = 0;
  std::vector<std::string> paths;
  std::vector<std::string> headers;
  std::size_t connections = 64;
  std::size_t pipeline = 1;
  double seconds = 5;
  std::size_t first = 1;
  std::size_t numbers = 0;
  bool share_cores = false;
  bool tls = false;
  double rate = 0;
};

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "load_client: %s\n", what.c_str());
  std::exit(1);
}

int Connect(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) Die("cannot connect");
  return fd;
}

// Speaks TLS on the connection, with whoever is there. From then on it does not block.
SSL* Secure(int fd) {
  static SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL* stream = SSL_new(context);
  SSL_set_fd(stream, fd);
  if (SSL_connect(stream) != 1) Die("no TLS handshake");
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return stream;
}

// The length of the body that `head` announces.
std::size_t BodyBytes(std::string_view head) {
  if (!head.starts_with("HTTP/1.1 200")) Die("answered with " + std::string(head.substr(0, 200)));
  for (const std::string_view name : {"Content-Length: ", "content-length: "}) {
    const auto at = head.find(name);
    if (at == std::string_view::npos) continue;
    std::size_t bytes = 0;
    std::from_chars(head.data() + at + name.size(), head.data() + head.size(), bytes);
    return bytes;
  }
  Die("an answer without Content-Length");
}

class Connection {
 public:
  Connection(int fd, bool tls) : fd_(fd), stream_(tls ? Secure(fd) : nullptr) {}

  // Sends `burst`, which has `answers`.
  void Ask(std::string_view burst, std::size_t answers, Clock::time_point now) {
    asked_ = now;
    left_ = answers;
    if (Send(burst) != static_cast<ssize_t>(burst.size())) Die("cannot send");
  }

  // Takes what has arrived. True once all answers to the last Ask are there.
  bool Take() {
    if (left_ == 0) return false;
    std::array<char, 65536> bytes;
    const ssize_t count = Receive(bytes.data(), bytes.size());
    if (count < 0 && errno == EAGAIN) return false;
    if (count <= 0) Die("a connection ended");
    received_.append(bytes.data(), static_cast<std::size_t>(count));
    std::size_t begin = 0;
    for (std::size_t answer = WholeAnswer(begin); answer > 0; answer = WholeAnswer(begin)) {
      begin += answer;
      --left_;
    }
    received_.erase(0, begin);
    return left_ == 0;
  }

  Clock::time_point asked() const { return asked_; }
  int fd() const { return fd_; }
  bool idle() const { return left_ == 0; }

 private:
  ssize_t Send(std::string_view text) {
    if (stream_ != nullptr) return SSL_write(stream_, text.data(), static_cast<int>(text.size()));
    return send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
  }

  // As recv().
  ssize_t Receive(char* to, std::size_t size) {
    if (stream_ == nullptr) return recv(fd_, to, size, MSG_DONTWAIT);
    const int count = SSL_read(stream_, to, static_cast<int>(size));
    if (count <= 0 && SSL_get_error(stream_, count) == SSL_ERROR_WANT_READ) errno = EAGAIN;
    return count;
  }

  // The length of the answer at `begin`; 0 where it is not all there.
  std::size_t WholeAnswer(std::size_t begin) const {
    const std::string_view text = std::string_view(received_).substr(begin);
    const auto blank = text.find("\r\n\r\n");
    if (blank == std::string_view::npos) return 0;
    const std::size_t bytes = blank + 4 + BodyBytes(text.substr(0, blank));
    return bytes <= text.size() ? bytes : 0;
  }

  int fd_;
  SSL* stream_;  // null: TCP alone
  std::size_t left_ = 0;
  std::string received_;
  Clock::time_point asked_;
};

// What to send next. Built once for each connection, unless every request is for another path.
class Requests {
 public:
  explicit Requests(const Options& options) : options_(options), bursts_(options.connections) {
    for (std::size_t i = 0; i < bursts_.size(); ++i) bursts_[i] = Burst(i);
    number_ = 0;
  }

  // Of a connection; empty where there is nothing left to ask for.
  std::string_view Next(std::size_t connection) {
    if (options_.numbers == 0) return bursts_[connection];
    if (number_ + options_.pipeline > options_.numbers) return {};
    bursts_[connection] = Burst(connection);
    return bursts_[connection];
  }

 private:
  std::string Burst(std::size_t connection) {
    std::string burst;
    const auto& headers = options_.headers;
    const std::string header = headers.empty() ? "" : headers[connection % headers.size()] + "\r\n";
    for (std::size_t i = 0; i < options_.pipeline; ++i) {
      burst +=
          "GET " + Path() + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(options_.port) + "\r\n" + header + "\r\n";
    }
    return burst;
  }

  std::string Path() {
    std::string path = options_.paths[path_++ % options_.paths.size()];
    const auto place = path.find("{}");
    if (place != std::string::npos) path.replace(place, 2, std::to_string(options_.first + number_++));
    return path;
  }

  const Options& options_;
  std::size_t path_ = 0;
  std::size_t number_ = 0;
  std::vector<std::string> bursts_;
};

void Report(std::vector<double>& times_us, std::size_t requests, double seconds) {
  const auto at = [&](double share) {
    const auto place = times_us.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(times_us.size() - 1));
    std::nth_element(times_us.begin(), place, times_us.end());
    return *place;
  };
  std::printf(R"({"requests": %zu, "seconds": %.3f, "p50_us": %.1f, "p99_us": %.1f, "max_us": %.1f})", requests,
              seconds, at(0.5), at(0.99), at(1));
  std::puts("");
}

Clock::duration Seconds(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

void Run(const Options& options) {
  Requests requests(options);
  std::vector<Connection> connections;
  std::vector<pollfd> sockets;
  for (std::size_t i = 0; i < options.connections; ++i) {
    connections.emplace_back(Connect(options.port), options.tls);
    sockets.push_back({connections.back().fd(), POLLIN, 0});
  }
  const auto count = static_cast<double>(options.connections);
  const Clock::duration pause = options.rate > 0 ? Seconds(count / options.rate) : Clock::duration::zero();
  const Clock::time_point began = Clock::now();
  const Clock::time_point end = began + Seconds(options.seconds);
  std::vector<Clock::time_point> due;
  for (std::size_t i = 0; i < options.connections; ++i) due.push_back(began + pause * i / options.connections);
  std::vector<double> times_us;
  std::size_t unanswered = 0;
  bool exhausted = false;
  Clock::time_point now = began;
  while (now < end && !(exhausted && unanswered == 0)) {
    const std::size_t answered = times_us.size();
    for (std::size_t i = 0; i < connections.size(); ++i) {
      if (connections[i].Take()) {
        now = Clock::now();
        times_us.push_back(std::chrono::duration<double, std::micro>(now - connections[i].asked()).count());
        --unanswered;
        due[i] = options.rate > 0 ? due[i] + pause : now;
      }
      if (!connections[i].idle() || due[i] > now) continue;
      const std::string_view burst = requests.Next(i);
      exhausted = burst.empty();
      if (exhausted) continue;
      connections[i].Ask(burst, options.pipeline, due[i]);
      ++unanswered;
    }
    if (options.share_cores && times_us.size() == answered) poll(sockets.data(), sockets.size(), 100);
    now = Clock::now();
  }
  if (times_us.empty()) Die("no answer at all");
  Report(times_us, times_us.size() * options.pipeline, std::chrono::duration<double>(now - began).count());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("GET requests over many connections, as fast as they are answered.", "load_client");
  Options options;
  app.add_option("PORT", options.port, "On 127.0.0.1")->required();
  app.add_option("PATH", options.paths, "Asked for in turn; {} becomes a number")->required();
  app.add_option("--connections", options.connections)->check(CLI::Range(1, 20000))->capture_default_str();
  app.add_option("--pipeline", options.pipeline, "Requests in one write")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--numbers", options.numbers, "How many numbers may stand for {} in PATH, a new one in each request");
  app.add_option("--header", options.headers,
                 "A line of each request's head; of several, the connections take one each");
  app.add_option("--first", options.first, "The first of them")->capture_default_str();
  app.add_flag("--share-cores", options.share_cores, "Wait where no answer is there, instead of asking again");
  app.add_flag("--tls", options.tls, "Over TLS; no certificate is verified");
  app.add_option("--rate", options.rate, "Requests a second, over all connections; 0: as fast as they are answered")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--seconds", options.seconds)->check(CLI::Range(0.1, 3600.0))->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  Run(options);
  return 0;
}
