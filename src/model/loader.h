// Reading a user's folder: kck.yml, products/*.yml, products/*.sql, updaters/*.yml, processes/*.yml, and *.py of all
// three.
//
// Every fault of the folder is reported in one run, with file, line and column. Nothing here talks to a database;
// primer/check.h does that part.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "model/fault.h"
#include "model/process.h"
#include "model/product.h"
#include "model/python_definitions.h"
#include "model/settings.h"
#include "model/updater.h"

namespace kck {

struct Folder {
  Settings settings;
  std::vector<ProductPtr> products;  // the ones without faults
  std::vector<UpdaterPtr> updaters;  // likewise
  std::vector<ProcessPtr> processes;
  std::set<std::string> faulty_products;  // names of those that are left out
  std::set<std::string> faulty_updaters;
  PythonFiles python_files;
  std::vector<std::string> python_modules;  // of the user's that those import
  Faults faults;
  std::uint64_t state = 0;  // FolderState before the definitions were read
};

// `folder` holds kck.yml. Never throws: what cannot be read is a fault. `describe` is asked where there are Python
// files; without it, each of them is a fault.
Folder LoadFolder(const std::string& folder, const DescribePython& describe = nullptr);

}  // namespace kck
