// A PostgreSQL of a test's own: a fresh cluster in a temporary folder, on a free port of 127.0.0.1.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "model/settings.h"
#include "testing/temp_folder.h"

namespace kck {

// Starts in the constructor, which throws where PostgreSQL cannot be started; the destructor stops it and removes the
// folder. Runs as user postgres where the test runs as root, since PostgreSQL refuses to be root. It also stops when
// the thread that started it ends, so that a test that is killed leaves none behind: start it on the main thread.
class PgServer {
 public:
  explicit PgServer(std::vector<std::string> settings = {});  // "synchronous_standby_names=x"
  ~PgServer();
  PgServer(const PgServer&) = delete;
  PgServer& operator=(const PgServer&) = delete;

  // A streaming standby of `primary`.
  static std::unique_ptr<PgServer> StandbyOf(const PgServer& primary);

  // As kck.yml would have it, named main.
  DatabaseSettings Settings() const;

  // postgresql://USER@127.0.0.1:PORT/postgres
  std::string Url(const std::string& user = "postgres") const;

  // "immediate" (as if it crashed) or "fast". Returns once it has stopped.
  void Stop(const std::string& mode);
  // Returns once it accepts connections.
  void Start();

  // Runs statements on a connection of its own; throws what PostgreSQL says where one fails. Returns the last
  // statement's rows, columns joined by "|".
  std::vector<std::string> Run(const std::string& sql);

 private:
  struct Empty {};
  explicit PgServer(Empty);

  std::string DataFolder() const { return folder_.path() + "/data"; }
  pid_t Launch(const std::vector<std::string>& command) const;
  void RunProgram(const std::vector<std::string>& command) const;

  TempFolder folder_;
  std::vector<std::string> settings_;
  int port_ = 0;
  pid_t pid_ = 0;
};

// One that the tests of a program share; it starts when first asked for. Its settings are PostgreSQL's own, but that a
// session which sets synchronous_commit = on waits for a standby that never comes.
PgServer& SharedPgServer();

}  // namespace kck
