// What the Python files of a user's folder define, as a worker process says it that has imported them.
//
// A definition's fields are those of a YAML file, so that one reader checks both; its place is the line in the Python
// file at which it begins.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "model/fault.h"
#include "model/python_function.h"
#include "model/settings.h"

namespace kck {

// Absolute paths, and what the files hold.
using PythonSources = std::vector<std::pair<std::string, std::string>>;

// The files to import: absolute paths, sorted. They, and the user's others, are read as `sources` has them, whatever
// has become of them since; those that it does not have, from disk.
struct PythonFiles {
  std::vector<std::string> products;
  std::vector<std::string> updaters;
  std::vector<std::string> processes;
  PythonSources sources;

  bool empty() const { return products.empty() && updaters.empty() && processes.empty(); }
  bool operator==(const PythonFiles&) const = default;
};

struct PythonDefinition {
  std::string kind;  // "product", "updater" or "process"
  std::string file;  // absolute
  int line = 0;
  bool runs = true;  // false: it only wraps SQL, and has no function
  PythonFunction function;
  std::string fields;              // a JSON object
  std::vector<std::string> hooks;  // those that the server calls
  bool hooks_only = false;         // they are of what another file defines
};

struct PythonDefinitions {
  std::vector<PythonDefinition> definitions;
  Faults faults;                   // their files are absolute paths
  std::vector<std::string> files;  // of the user's that were imported, absolute
  PythonSources sources;           // those files as they were imported
};

// Imports the files in a process of its own. Blocks. What cannot be imported is a fault.
using DescribePython = std::function<PythonDefinitions(const Settings& settings, const PythonFiles& files)>;

}  // namespace kck
