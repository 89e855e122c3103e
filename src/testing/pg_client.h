// A session with PostgreSQL for tests, which stays open: for transactions that are held open. Blocks.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <vector>

namespace kck {

class PgClient {
 public:
  explicit PgClient(const std::string& url);  // throws what PostgreSQL says

  // Runs statements; throws what PostgreSQL says where one fails. Returns the last statement's rows, columns joined by
  // "|".
  std::vector<std::string> Run(const std::string& sql);

  // Sends statements without waiting for them.
  void Send(const std::string& sql);

 private:
  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

}  // namespace kck
