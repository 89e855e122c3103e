#include "source/sources.h"

namespace kck {

Databases OpenDatabases(const std::map<std::string, DatabaseSettings>& settings) {
  Databases databases;
  for (const auto& [name, database] : settings) {
    const bool postgres = database.dialect == SqlDialect::kPostgres;
    databases.sources[name] = postgres ? OpenPgSource(database) : OpenSqliteSource(database);
    databases.writers[name] = postgres ? OpenPgWriter(database) : OpenSqliteWriter(database);
  }
  return databases;
}

}  // namespace kck
