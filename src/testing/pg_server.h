// A PostgreSQL of a test's own: a fresh cluster in a temporary folder, on a free port of 127.0.0.1.
#pragma once

#include <string>
#include <vector>

namespace kck {

// Starts in the constructor, which throws where PostgreSQL cannot be started; the destructor stops it and removes the
// folder. Runs as user postgres where the test runs as root, since PostgreSQL refuses to be root.
class PgServer {
 public:
  explicit PgServer(const std::vector<std::string>& settings = {});  // "synchronous_standby_names=x"
  ~PgServer();
  PgServer(const PgServer&) = delete;
  PgServer& operator=(const PgServer&) = delete;

  std::string Url() const;  // postgresql://postgres@127.0.0.1:PORT/postgres

  // "immediate" (as if it crashed) or "fast".
  void Stop(const std::string& mode);
  void Start();

  // Runs statements on a connection of its own; throws what PostgreSQL says where one fails. Returns the last
  // statement's rows, columns joined by "|".
  std::vector<std::string> Run(const std::string& sql);

 private:
  std::string folder_;
  int port_ = 0;
};

}  // namespace kck
