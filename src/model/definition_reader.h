// What the files of products, updaters and processes have in common: name, database, parameters, SQL.
//
// Faults go to the file's list; what is read goes on with what could be read.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/product.h"
#include "model/python_definitions.h"
#include "model/settings.h"
#include "model/template_text.h"
#include "model/yaml_reader.h"

namespace kck {

// An SQL statement with the parameters that it uses.
struct BoundSql {
  std::shared_ptr<SqlStatement> statement;
  std::vector<std::size_t> params;  // for each parameter of the statement: the index of the declared one
};

class DefinitionReader {
 public:
  // `kind` is "product", "updater" or "process". All outlive this.
  DefinitionReader(const Settings& settings, const YamlFile& file, YamlMap& fields, std::string kind);

  // The field `name`, or the default.
  std::string ReadName(const std::string& default_name);
  std::string ReadDatabase();
  // Of a definition in Python, which may do without: that of the work of Python.
  std::string ReadDatabaseOfPython();
  const std::vector<Param>& ReadParams();

  // The field `as`: what is bound from now on runs so, and has all parameters that it names. After ReadDatabase and
  // ReadParams.
  void ReadAs();

  // Finds the parameters that ReadParams declared in `sql`. Nothing where the SQL cannot be scanned, which is reported;
  // an undeclared parameter is reported and left out.
  std::optional<BoundSql> Bind(const TemplateText& sql, RowShape shape);

  // Reports declared parameters that no Bind has found. `where` is as "in the SQL".
  void ReportUnused(std::string_view where) const;

  // At the definition as a whole.
  void Report(std::string message, std::string cure = "") const;

  const Location& location() const { return location_; }
  SqlDialect dialect() const;
  bool database_is_sound() const { return database_ == kPythonDatabase || settings_.databases.contains(database_); }
  // A fault has been reported since this was made.
  bool faulty() const {
    return std::any_of(file_.faults->begin() + static_cast<std::ptrdiff_t>(faults_before_), file_.faults->end(),
                       [](const Fault& fault) { return !fault.warning; });
  }

 private:
  void ReadParam(YamlMap& fields, const YAML::Node& item);
  void ReadExample(YamlMap& fields, Param& param);
  std::string UndeclaredCure(const std::string& param) const;

  const Settings& settings_;
  YamlFile file_;
  YamlMap& fields_;
  const std::string kind_;
  const Location location_;
  const std::size_t faults_before_;
  std::string database_;
  std::vector<Param> params_;
  std::vector<YAML::Node> param_nodes_;
  std::set<std::size_t> used_;
  std::shared_ptr<const RunAs> run_as_;
  std::vector<std::size_t> run_as_params_;  // the parameters that it names
};

// The function of a definition in Python, with the time-out that it says.
PythonFunctionPtr ReadFunction(const PythonDefinition& definition, YamlMap& fields);

// Those of the definition; null: none.
HooksPtr HooksOf(const PythonDefinition& definition);

// Calls `read` with the fields of `definition`, whose file is called `name` in faults.
void ReadPythonDefinition(const Settings& settings, const PythonDefinition& definition, const std::string& name,
                          Faults& faults, const std::function<void(const YamlFile&, YamlMap&)>& read);

// "a product", "an updater"; "products", "processes".
std::string WithArticle(std::string_view kind);
std::string PluralOf(std::string_view kind);

// Calls `read` for each definition of the YAML file at `path`, whose name in faults is `name`, with the file's text; it
// says whether the definition is sound. A file without one is a fault. Returns the names of those that are not sound.
std::set<std::string> ForEachDefinition(const Settings& settings, const std::string& path, const std::string& name,
                                        const std::string& kind, Faults& faults,
                                        const std::function<bool(const YamlFile&, const std::string&, YamlMap&)>& read);

// The field `type`: rows, unless it says dicts.
RowShape TakeShape(YamlMap& query);

// Reads the SQL that the YAML file at `path` holds or names.
class SqlReader {
 public:
  // `file_text` is what stands at `path`; it outlives this.
  SqlReader(const YamlFile& file, const std::string& file_text, std::string path)
      : file_(file), file_text_(file_text), path_(std::move(path)) {}

  // SQL that stands in the file, in a field called `name`.
  std::optional<TemplateText> Inline(const YAML::Node& node, const std::string& name) const;

  // SQL in a file of its own, whose path is relative to this one.
  std::optional<TemplateText> Named(const YAML::Node& node, const std::string& relative) const;

  // The full path of such a file.
  std::string PathOf(const std::string& relative) const;

 private:
  YamlFile file_;
  const std::string& file_text_;
  const std::string path_;
};

}  // namespace kck
