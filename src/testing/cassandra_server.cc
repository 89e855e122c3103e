#include "testing/cassandra_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace kck {
namespace {

std::string FileText(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) throw std::runtime_error(path + " cannot be written");
}

std::string Line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// Runs a program to its end, with its output and its errors in files. True if it exits with 0.
bool RunToEnd(std::vector<std::string> words, const std::string& output, const std::string& errors) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(), kFlags, 0644);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors.c_str(), kFlags, 0644);
  pid_t pid = 0;
  const int failure = posix_spawn(&pid, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) throw std::runtime_error(words[0] + " cannot be started");
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) throw std::runtime_error("waitpid failed");
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

CassandraServer::CassandraServer(const CassandraOptions& options) {
  std::vector<std::string> arguments = {"--nodes", std::to_string(options.nodes), "--with-pid",
                                        std::to_string(getpid())};
  // The nodes give up on each other as late as the tests' clients do: the machine may be busy with other things.
  if (options.nodes > 1) {
    for (const char* wait : {"read", "write"}) {
      arguments.insert(arguments.end(), {"--set", fmt::format("{}_request_timeout=20s", wait)});
    }
  }
  if (options.authentication) arguments.emplace_back("--authentication");
  if (!options.certificate.empty() || !options.key.empty()) {
    const std::string certificate = folder_.path() + "/certificate.pem";
    const std::string key = folder_.path() + "/key.pem";
    WriteFile(certificate, options.certificate);
    WriteFile(key, options.key);
    arguments.insert(arguments.end(), {"--certificate", certificate, "--key", key});
  }
  contact_points_ = Line(Run("start", std::move(arguments)));
}

CassandraServer::~CassandraServer() {
  try {
    Run("kill");
  } catch (const std::exception& error) {
    fmt::print(stderr, "a Cassandra cluster could not be ended: {}\n", error.what());
  }
}

void CassandraServer::Kill(int node) { Run("kill", {std::to_string(node)}); }

// With nobody left who has a copy, what was acknowledged has to be in the commit log: it goes there once a second
// (tools/cassandra_cluster/files.py), and a node that falls behind takes no more writes.
void CassandraServer::KillAll() {
  std::this_thread::sleep_for(std::chrono::seconds(2));
  Run("kill");
}

void CassandraServer::Stop(int node) { Run("stop", {std::to_string(node)}); }

void CassandraServer::Start(int node) { Run("start-node", {std::to_string(node)}); }

void CassandraServer::StartAll() { Run("start-node"); }

void CassandraServer::Pause(int node) { Run("pause", {std::to_string(node)}); }

void CassandraServer::Resume(int node) { Run("resume", {std::to_string(node)}); }

int CassandraServer::Add() {
  const int node = std::stoi(Run("add"));
  ReadContactPoints();
  return node;
}

void CassandraServer::Decommission(int node) {
  Run("decommission", {std::to_string(node)});
  ReadContactPoints();
}

void CassandraServer::ReadContactPoints() { contact_points_ = Line(Run("contact-points")); }

std::string CassandraServer::Run(const std::string& command, std::vector<std::string> arguments) const {
  std::vector<std::string> words = {KCK_CASSANDRA_TOOL, command, "--folder", folder_.path() + "/cluster"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const std::string output = folder_.path() + "/output";
  const std::string errors = folder_.path() + "/errors";
  if (!RunToEnd(std::move(words), output, errors)) {
    throw std::runtime_error(fmt::format("tools/cassandra {} failed: {}", command, FileText(errors)));
  }
  return FileText(output);
}

int SharedCassandraNodes() {
  const char* const nodes = std::getenv("KCK_CASSANDRA_NODES");
  return nodes == nullptr ? 1 : std::stoi(nodes);
}

CassandraServer& SharedCassandraServer() {
  static CassandraServer server({.nodes = SharedCassandraNodes(), .certificate = "", .key = ""});
  return server;
}

}  // namespace kck
