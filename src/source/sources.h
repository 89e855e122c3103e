// Opening the databases of kck.yml.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "model/settings.h"
#include "source/source.h"

namespace kck {

using Sources = std::map<std::string, std::shared_ptr<Source>>;

// PostgreSQL through libpq in pipeline mode (pg_source.cc). Returns at once; connects behind, and again when lost.
std::shared_ptr<Source> OpenPgSource(const DatabaseSettings& settings);

// SQLite on reader threads of its own (sqlite_source.cc). A file that cannot be opened is reported by Reachable, Fill
// and Describe.
std::shared_ptr<Source> OpenSqliteSource(const DatabaseSettings& settings);

Sources OpenSources(const std::map<std::string, DatabaseSettings>& databases);

}  // namespace kck
