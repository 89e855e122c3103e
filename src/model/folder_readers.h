// The readers behind LoadFolder: settings, products and updaters, each from one file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/fault.h"
#include "model/product.h"
#include "model/settings.h"
#include "model/updater.h"

namespace kck {

// Nothing where the file cannot be read.
std::optional<std::string> ReadFile(const std::string& path);

// Reads kck.yml. `name` is the file's name in faults.
Settings ReadSettings(const std::string& folder, const std::string& name, const std::string& text, Faults& faults);

// Reads a product file: a .yml of one or more documents, or a .sql. A product with a fault is left out.
// `query_files` gains the paths that products name through query.file.
std::vector<ProductPtr> ReadYamlProducts(const Settings& settings, const std::string& path, const std::string& name,
                                         Faults& faults, std::vector<std::string>& query_files);
std::vector<ProductPtr> ReadSqlProduct(const Settings& settings, const std::string& path, const std::string& name,
                                       Faults& faults);

// Reads an updater file of one or more documents. An updater with a fault is left out.
std::vector<UpdaterPtr> ReadYamlUpdaters(const Settings& settings, const std::string& path, const std::string& name,
                                         Faults& faults);

}  // namespace kck
