#include "source/sources.h"

namespace kck {

Sources OpenSources(const std::map<std::string, DatabaseSettings>& databases) {
  Sources sources;
  for (const auto& [name, settings] : databases) {
    sources[name] = settings.dialect == SqlDialect::kPostgres ? OpenPgSource(settings) : OpenSqliteSource(settings);
  }
  return sources;
}

Writers OpenWriters(const std::map<std::string, DatabaseSettings>& databases, const std::set<std::string>& names) {
  Writers writers;
  for (const auto& [name, settings] : databases) {
    if (!names.contains(name)) continue;
    writers[name] = settings.dialect == SqlDialect::kPostgres ? OpenPgWriter(settings) : OpenSqliteWriter(settings);
  }
  return writers;
}

}  // namespace kck
