#include "source/writer.h"

#include <fmt/format.h>

namespace kck {

QueueRefusals WriteRefusals(const std::string& database) {
  return {{ErrorCode::kOverloaded,
           fmt::format("{} writes wait for database {}; try again shortly", kStatementsWaitingMax, database)},
          {ErrorCode::kSourceTimeout,
           fmt::format("database {} was busy with other writes for too long; nothing was written", database)}};
}

}  // namespace kck
