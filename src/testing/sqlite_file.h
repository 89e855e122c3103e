// An SQLite database of a test's own, in a temporary folder that goes with it.
#pragma once

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

}  // namespace kck
