#include "source/sources.h"

namespace kck {

Sources OpenSources(const std::map<std::string, DatabaseSettings>& databases) {
  Sources sources;
  for (const auto& [name, settings] : databases) {
    sources[name] = settings.dialect == SqlDialect::kPostgres ? OpenPgSource(settings) : OpenSqliteSource(settings);
  }
  return sources;
}

}  // namespace kck
