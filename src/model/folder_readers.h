// The readers behind LoadFolder: settings, products, updaters and processes, each from one file.
#pragma once

#include <optional>
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

// Nothing where the file cannot be read.
std::optional<std::string> ReadFile(const std::string& path);

// Reads kck.yml. `name` is the file's name in faults.
Settings ReadSettings(const std::string& folder, const std::string& name, const std::string& text, Faults& faults);

// What one file defines.
template <typename Definition>
struct Definitions {
  std::vector<Definition> sound;
  std::set<std::string> faulty;  // names of those with a fault: they are left out, and no fault of those that name them
};

// Reads a product file: a .yml of one or more documents, or a .sql. `query_files` gains the paths that products name
// through query.file.
Definitions<ProductPtr> ReadYamlProducts(const Settings& settings, const std::string& path, const std::string& name,
                                         Faults& faults, std::vector<std::string>& query_files);
Definitions<ProductPtr> ReadSqlProduct(const Settings& settings, const std::string& path, const std::string& name,
                                       Faults& faults);

// Reads what a Python file defines; `name` is the file's in faults. Nothing where it has a fault.
ProductPtr ReadPythonProduct(const Settings& settings, const PythonDefinition& definition, const std::string& name,
                             Faults& faults);
UpdaterPtr ReadPythonUpdater(const Settings& settings, const PythonDefinition& definition, const std::string& name,
                             Faults& faults);
ProcessPtr ReadPythonProcess(const Settings& settings, const PythonDefinition& definition, const std::string& name,
                             Faults& faults);

// Reads an updater or process file of one or more documents.
Definitions<UpdaterPtr> ReadYamlUpdaters(const Settings& settings, const std::string& path, const std::string& name,
                                         Faults& faults);
Definitions<ProcessPtr> ReadYamlProcesses(const Settings& settings, const std::string& path, const std::string& name,
                                          Faults& faults);

}  // namespace kck
