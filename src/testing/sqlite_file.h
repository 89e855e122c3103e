// An SQLite database of a test's own, in a temporary folder that goes with it.
#pragma once

#include <sqlite3.h>

#include <string>

#include "model/settings.h"
#include "testing/temp_folder.h"

namespace kck {

class SqliteFile {
 public:
  SqliteFile();

  // Runs statements on a connection of its own; throws what SQLite says where one fails.
  void Run(const std::string& sql);

  DatabaseSettings Settings() const;
  std::string path() const;

 private:
  TempFolder folder_;
};

// Holds a file's exclusive lock, as a program does that writes, until it is released or ends.
class SqliteLock {
 public:
  explicit SqliteLock(const SqliteFile& file);
  ~SqliteLock() { Release(); }
  SqliteLock(const SqliteLock&) = delete;
  SqliteLock& operator=(const SqliteLock&) = delete;

  void Release();

 private:
  sqlite3* database_ = nullptr;
};

}  // namespace kck
