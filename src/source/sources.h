// Opening the databases of kck.yml.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "model/settings.h"
#include "source/source.h"
#include "source/writer.h"

namespace kck {

using Sources = std::map<std::string, std::shared_ptr<Source>>;

// PostgreSQL through libpq in pipeline mode (pg_source.cc). Returns at once; connects behind, and again when lost.
std::shared_ptr<Source> OpenPgSource(const DatabaseSettings& settings);

// SQLite on reader threads of its own (sqlite_source.cc). A file that cannot be opened is reported by Reachable, Fill
// and Describe.
std::shared_ptr<Source> OpenSqliteSource(const DatabaseSettings& settings);

using Writers = std::map<std::string, std::shared_ptr<Writer>>;

// Connections that are not READ ONLY (pg_writer.cc), opened by the first writes.
std::shared_ptr<Writer> OpenPgWriter(const DatabaseSettings& settings);

// One connection on a thread of its own (sqlite_writer.cc), opened by the first write.
std::shared_ptr<Writer> OpenSqliteWriter(const DatabaseSettings& settings);

// Both sides of every database of kck.yml, by its name.
struct Databases {
  Sources sources;
  Writers writers;
};

Databases OpenDatabases(const std::map<std::string, DatabaseSettings>& settings);

}  // namespace kck
