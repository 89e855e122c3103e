#include "testing/pg_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "testing/pg_client.h"

namespace kck {
namespace {

constexpr auto kStartTimeMax = std::chrono::seconds(60);

// Where Debian and others put the programs of PostgreSQL, which are not on PATH.
std::string ProgramsFolder() {
  for (const int version : {17, 16, 15, 14}) {
    std::string folder = fmt::format("/usr/lib/postgresql/{}/bin", version);
    if (std::filesystem::exists(folder + "/postgres")) return folder;
  }
  throw std::runtime_error("no PostgreSQL server is installed; run tools/setup.sh");
}

// A port that nobody listens on now. Another program may take it before PostgreSQL does, and then starting fails.
int FreePort() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  // The socket functions take any kind of address through a pointer to its common start.
  auto* any_address = reinterpret_cast<sockaddr*>(&address);
  const bool bound = bind(listener, any_address, length) == 0 && getsockname(listener, any_address, &length) == 0;
  close(listener);
  if (!bound) throw std::runtime_error("no free port on 127.0.0.1");
  return ntohs(address.sin_port);
}

// The user to run PostgreSQL as; null: as this process.
const passwd* ServerUser() {
  if (geteuid() != 0) return nullptr;
  const passwd* user = getpwnam("postgres");
  if (user == nullptr) throw std::runtime_error("there is no user postgres, and PostgreSQL does not run as root");
  return user;
}

// In the child, between fork and exec: only what is safe there.
[[noreturn]] void Exec(const passwd* user, int output, char* const* arguments, pid_t parent) {
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  const bool changed =
      user == nullptr || (setgroups(0, nullptr) == 0 && setgid(user->pw_gid) == 0 && setuid(user->pw_uid) == 0);
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (changed && getppid() == parent) execv(arguments[0], arguments);
  _exit(127);
}

std::string FileText(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

PgServer::PgServer(Empty) : port_(FreePort()) {
  if (const passwd* user = ServerUser()) {
    if (chown(folder_.path().c_str(), user->pw_uid, user->pw_gid) != 0) throw std::runtime_error("chown failed");
  }
}

PgServer::PgServer(std::vector<std::string> settings) : PgServer(Empty()) {
  settings_ = std::move(settings);
  RunProgram({"initdb", "-D", DataFolder(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"});
  Start();
}

PgServer::~PgServer() {
  if (pid_ != 0) Stop("immediate");
}

std::unique_ptr<PgServer> PgServer::StandbyOf(const PgServer& primary) {
  std::unique_ptr<PgServer> standby(new PgServer(Empty()));
  standby->RunProgram(
      {"pg_basebackup", "-D", standby->DataFolder(), "-d", primary.Url(), "-R", "-c", "fast", "--no-sync"});
  standby->Start();
  return standby;
}

std::string PgServer::Url(const std::string& user) const {
  return fmt::format("postgresql://{}@127.0.0.1:{}/postgres", user, port_);
}

DatabaseSettings PgServer::Settings() const {
  DatabaseSettings settings;
  settings.name = "main";
  settings.url = Url();
  return settings;
}

pid_t PgServer::Launch(const std::vector<std::string>& command) const {
  std::vector<std::string> words = command;
  words[0] = ProgramsFolder() + "/" + words[0];
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const passwd* user = ServerUser();
  const std::string log = folder_.path() + "/log";
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) Exec(user, output, arguments.data(), parent);
  close(output);
  if (child < 0) throw std::runtime_error("fork failed");
  return child;
}

void PgServer::RunProgram(const std::vector<std::string>& command) const {
  int status = 0;
  if (waitpid(Launch(command), &status, 0) < 0 || status != 0) {
    throw std::runtime_error(command[0] + " failed: " + FileText(folder_.path() + "/log"));
  }
}

void PgServer::Start() {
  std::vector<std::string> command = {"postgres", "-D", DataFolder()};
  std::vector<std::string> settings = {fmt::format("port={}", port_), "listen_addresses=127.0.0.1",
                                       "unix_socket_directories=", "fsync=off"};
  settings.insert(settings.end(), settings_.begin(), settings_.end());
  for (std::string& setting : settings) {
    command.emplace_back("-c");
    command.push_back(std::move(setting));
  }
  pid_ = Launch(command);
  const auto give_up_at = std::chrono::steady_clock::now() + kStartTimeMax;
  while (PQping(Url().c_str()) != PQPING_OK) {
    const bool ended = waitpid(pid_, nullptr, WNOHANG) != 0;
    if (ended) pid_ = 0;
    if (ended || std::chrono::steady_clock::now() > give_up_at) {
      throw std::runtime_error("PostgreSQL did not start: " + FileText(folder_.path() + "/log"));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void PgServer::Stop(const std::string& mode) {
  kill(pid_, mode == "immediate" ? SIGQUIT : SIGINT);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

std::vector<std::string> PgServer::Run(const std::string& sql) { return PgClient(Url()).Run(sql); }

PgServer& SharedPgServer() {
  static PgServer server({"synchronous_standby_names=nobody", "synchronous_commit=local"});
  return server;
}

}  // namespace kck
