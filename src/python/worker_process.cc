#include "python/worker_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

extern char** environ;

namespace kck {
namespace {

constexpr int kSocketInChild = 3;

// Where the package `kck` lies that fits this server: beside the program where it was installed, else its source. It
// comes last, so that one that is installed for the interpreter is taken before it.
std::string PackageFolder() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto installed = program.parent_path().parent_path() / "lib" / "kck" / "python";
  return std::filesystem::exists(installed, error) ? installed.string() : KCK_PYTHON_PACKAGE;
}

std::string Program() { return FindPackageStatement() + "; from kck.worker import main; main()"; }

Failure CannotStart(const PythonSettings& settings, int error) {
  return Fail(ErrorCode::kPrimerFailed,
              fmt::format("Python workers cannot be started with '{}': {}; say where it is by python: {{interpreter: "
                          "…}} in kck.yml",
                          settings.interpreter, std::strerror(error)));
}

// Closed as it goes, unless it was taken.
struct Descriptor {
  int number = -1;
  ~Descriptor() {
    if (number >= 0) close(number);
  }
  Descriptor() = default;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int Take() { return std::exchange(number, -1); }
};

struct Ends {
  Descriptor socket, child_socket, output, child_output;
};

bool Open(Ends& ends) {
  std::array<int, 2> pair{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) return false;
  ends.socket.number = pair[0];
  ends.child_socket.number = pair[1];
  if (pipe2(pair.data(), O_CLOEXEC) != 0) return false;
  ends.output.number = pair[0];
  ends.child_output.number = pair[1];
  return fcntl(ends.socket.number, F_SETFL, O_NONBLOCK) == 0 && fcntl(ends.output.number, F_SETFL, O_NONBLOCK) == 0;
}

// What the child begins with: nothing of the server's but its ends, and signals as a new process has them.
class SpawnPlan {
 public:
  SpawnPlan(const Ends& ends, const std::string& folder) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, ends.child_output.number, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, ends.child_output.number, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, ends.child_socket.number, kSocketInChild);
    posix_spawn_file_actions_addclosefrom_np(&actions_, kSocketInChild + 1);
    posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str());
    posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  int Spawn(pid_t& pid, const std::string& interpreter, const std::string& program) const {
    const std::string socket = std::to_string(kSocketInChild);
    std::array<char*, 5> arguments{const_cast<char*>(interpreter.c_str()), const_cast<char*>("-c"),
                                   const_cast<char*>(program.c_str()), const_cast<char*>(socket.c_str()), nullptr};
    return posix_spawnp(&pid, interpreter.c_str(), &actions_, &attributes_, arguments.data(), environ);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

std::string HowItEnded(int status) {
  if (WIFSIGNALED(status))
    return fmt::format("it ended by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  return fmt::format("it ended with status {}", WEXITSTATUS(status));
}

}  // namespace

std::string FindPackageStatement() {
  std::string folder;
  for (const char c : PackageFolder()) {
    if (c == '\\' || c == '\'') folder += '\\';
    folder += c;
  }
  return fmt::format("import sys; sys.path.append('{}')", folder);
}

Result<WorkerProcess> StartWorker(const PythonSettings& settings, const std::string& folder) {
  Ends ends;
  if (!Open(ends)) return CannotStart(settings, errno);
  WorkerProcess worker;
  const SpawnPlan plan(ends, folder);
  if (const int error = plan.Spawn(worker.pid, settings.interpreter, Program()); error != 0) {
    return CannotStart(settings, error);
  }
  worker.exited = static_cast<int>(syscall(SYS_pidfd_open, worker.pid, 0));
  worker.socket = ends.socket.Take();
  worker.output = ends.output.Take();
  return worker;
}

std::string EndWorker(WorkerProcess& worker) {
  if (worker.pid < 0) return "";
  // The group first: what it has forked goes with it.
  kill(-worker.pid, SIGKILL);
  kill(worker.pid, SIGKILL);
  int status = 0;
  while (waitpid(worker.pid, &status, 0) < 0 && errno == EINTR) {
  }
  worker.pid = -1;
  for (int* descriptor : {&worker.socket, &worker.output, &worker.exited}) {
    if (*descriptor >= 0) close(*descriptor);
    *descriptor = -1;
  }
  return HowItEnded(status);
}

bool HasEnded(pid_t pid) {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

std::size_t ResidentBytes(pid_t pid) {
  std::ifstream statm(fmt::format("/proc/{}/statm", pid));
  std::size_t all = 0;
  std::size_t resident = 0;
  if (!(statm >> all >> resident)) return 0;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace kck
