#include "model/definition_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

#include <algorithm>
#include <filesystem>

#include "model/folder_readers.h"
#include "model/run_as.h"
#include "model/run_as_reader.h"

namespace kck {
namespace {

bool IsName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

// The field `name` as it stands, of a definition that may have faults.
std::optional<std::string> NameIn(const YAML::Node& document) {
  if (!document.IsMap() || !document["name"].IsDefined() || !document["name"].IsScalar()) return std::nullopt;
  return document["name"].Scalar();
}

std::uint64_t StatementId(const std::string& sql, const SqlStatement& statement) {
  std::string text = fmt::format("{}\n", sql);
  for (const ParamType type : statement.types) text += fmt::format("{} ", ParamTypeName(type));
  for (const std::size_t argument : statement.arguments) text += fmt::format("{} ", argument);
  if (statement.run_as) text += RunAsText(*statement.run_as);
  return XXH3_64bits(text.data(), text.size());
}

}  // namespace

DefinitionReader::DefinitionReader(const Settings& settings, const YamlFile& file, YamlMap& fields, std::string kind)
    : settings_(settings),
      file_(file),
      fields_(fields),
      kind_(std::move(kind)),
      location_(file.At(fields.node())),
      faults_before_(file.faults->size()) {}

std::string DefinitionReader::ReadName(const std::string& default_name) {
  std::string name = fields_.TakeText("name").value_or(default_name);
  if (!IsName(name)) {
    Report(fmt::format("{} cannot be named \"{}\"", WithArticle(kind_), name), "use letters, digits, _ - and .");
  }
  return name;
}

std::string DefinitionReader::ReadDatabase() {
  std::vector<std::string> names;
  for (const auto& [name, database] : settings_.databases) names.push_back(name);
  // A fault of kck.yml is reported there, not in each definition again.
  for (const std::string& name : settings_.faulty_databases) names.push_back(name);
  const std::string known =
      names.empty() ? "add one to databases: in kck.yml" : fmt::format("kck.yml has: {}", fmt::join(names, ", "));
  if (const auto name = fields_.TakeText("database")) {
    database_ = *name;
    if (std::ranges::find(names, *name) == names.end()) {
      file_.Report(fields_.Take("database"), fmt::format("there is no database \"{}\"", *name), known);
    }
  } else if (names.size() == 1) {
    database_ = names[0];
  } else if (!fields_.Has("database")) {
    Report(fmt::format("the {} names no database", kind_), known);
  }
  return database_;
}

std::string DefinitionReader::ReadDatabaseOfPython() {
  if (fields_.Has("database")) return ReadDatabase();
  database_ = kPythonDatabase;
  return database_;
}

const std::vector<Param>& DefinitionReader::ReadParams() {
  const YAML::Node list = fields_.Take("parameters");
  if (!list.IsDefined() || list.IsNull()) return params_;
  if (!list.IsSequence()) {
    file_.Report(list, "\"parameters\" has to be a list", "as [{name: id, type: int}]");
    return params_;
  }
  for (const auto& item : list) {
    YamlMap fields(file_, item, "a parameter");
    ReadParam(fields, item);
    fields.Finish();
  }
  return params_;
}

void DefinitionReader::ReadParam(YamlMap& fields, const YAML::Node& item) {
  Param param;
  const bool named = fields.Has("name");
  param.name = fields.TakeText("name").value_or("");
  if (!named) file_.Report(item, "a parameter has no name", "as {name: id, type: int}");
  const YAML::Node kind = fields.Take("type");
  // "str" is another word of 0.6.3's for string.
  if (kind.IsDefined() && !(kind.IsScalar() && kind.Scalar() == "str")) {
    const auto type = fields.TakeChoice("type", {"int", "float", "string", "date", "timestamp", "uuid", "bool"});
    if (type) param.type = static_cast<ParamType>(*type);
  }
  param.nullable = fields.TakeBool("nullable").value_or(false);
  param.primary_key = fields.TakeBool("primary_key").value_or(false);
  param.description = fields.TakeText("description").value_or("");
  ReadExample(fields, param);
  const bool twice = std::ranges::any_of(params_, [&](const Param& one) { return one.name == param.name; });
  if (named && twice) {
    file_.Report(item, fmt::format("parameter \"{}\" is declared twice", param.name), "keep one of them");
    return;
  }
  params_.push_back(std::move(param));
  param_nodes_.push_back(item);
}

void DefinitionReader::ReadExample(YamlMap& fields, Param& param) {
  const auto example = fields.TakeText("example");
  if (!example) return;
  Result<std::string> canonical = CanonicalText(param.type, *example);
  if (!canonical) {
    return file_.Report(fields.Take("example"), fmt::format("the example of \"{}\" does not fit its type", param.name),
                        canonical.error().message);
  }
  param.example = *std::move(canonical);
}

SqlDialect DefinitionReader::dialect() const {
  const auto database = settings_.databases.find(database_);
  return database == settings_.databases.end() ? SqlDialect::kPostgres : database->second.dialect;
}

void DefinitionReader::ReadAs() {
  run_as_ = ReadRunAs(file_, fields_, params_, dialect());
  if (!run_as_) return;
  for (const RunAsSetting& setting : run_as_->settings) {
    if (setting.param) run_as_params_.push_back(*setting.param);
  }
  used_.insert(run_as_params_.begin(), run_as_params_.end());
}

std::optional<BoundSql> DefinitionReader::Bind(const TemplateText& sql, RowShape shape) {
  auto parsed = ParseSqlTemplate(sql.text, dialect());
  if (!parsed) {
    file_.faults->push_back({sql.At(parsed.error().offset), parsed.error().message, "", false});
    return std::nullopt;
  }
  std::vector<std::size_t> uses;  // for each place: the index of the declared parameter
  for (const TemplateParam& param : parsed->params) {
    const auto found = std::ranges::find(params_, param.name, &Param::name);
    if (found == params_.end()) {
      file_.faults->push_back({sql.At(param.offset), fmt::format("the SQL uses :{}, which is not declared", param.name),
                               UndeclaredCure(param.name), false});
      continue;
    }
    uses.push_back(static_cast<std::size_t>(found - params_.begin()));
  }
  used_.insert(uses.begin(), uses.end());
  BoundSql bound{std::make_shared<SqlStatement>(), uses};
  bound.params.insert(bound.params.end(), run_as_params_.begin(), run_as_params_.end());
  // A product's statement takes all parameters of its key, also one that the SQL does not use.
  for (std::size_t i = 0; kind_ == "product" && i < params_.size(); ++i) bound.params.push_back(i);
  std::ranges::sort(bound.params);
  bound.params.erase(std::ranges::unique(bound.params).begin(), bound.params.end());
  for (const std::size_t use : uses) {
    const auto place = std::ranges::lower_bound(bound.params, use);
    bound.statement->arguments.push_back(static_cast<std::size_t>(place - bound.params.begin()));
  }
  for (const std::size_t param : bound.params) bound.statement->types.push_back(params_[param].type);
  bound.statement->sql = *std::move(parsed);
  bound.statement->shape = shape;
  bound.statement->run_as = run_as_;
  bound.statement->id = StatementId(sql.text, *bound.statement);
  return bound;
}

std::string DefinitionReader::UndeclaredCure(const std::string& param) const {
  if (kind_ == "process") return "a process has no parameters: write the value, or have the SQL compute it";
  return fmt::format("add {{name: {}, type: …}} to parameters", param);
}

void DefinitionReader::ReportUnused(std::string_view where) const {
  for (std::size_t i = 0; i < params_.size(); ++i) {
    if (used_.contains(i)) continue;
    file_.ReportNeedless(param_nodes_[i], fmt::format("parameter \"{}\" is declared and not used", params_[i].name),
                         fmt::format("use it {}, or take it out", where));
  }
}

void DefinitionReader::Report(std::string message, std::string cure) const {
  file_.faults->push_back({location_, std::move(message), std::move(cure), false});
}

std::string WithArticle(std::string_view kind) {
  return fmt::format("{} {}", kind.starts_with('u') ? "an" : "a", kind);
}

std::string PluralOf(std::string_view kind) { return fmt::format("{}{}", kind, kind.ends_with('s') ? "es" : "s"); }

std::set<std::string> ForEachDefinition(
    const Settings& settings, const std::string& path, const std::string& name, const std::string& kind, Faults& faults,
    const std::function<bool(const YamlFile&, const std::string&, YamlMap&)>& read) {
  const YamlFile file{name, &faults, 0, settings.http.compat_06};
  const std::string default_name = std::filesystem::path(path).stem().string();
  const auto text = ReadFile(path);
  if (!text) {
    faults.push_back({{name, 0, 0}, "the file cannot be read", "check its permissions", false});
    return {default_name};
  }
  const std::size_t faults_before = faults.size();
  const std::vector<YAML::Node> documents = ParseYaml(file, *text);
  const bool empty = std::ranges::all_of(documents, [](const YAML::Node& document) { return document.IsNull(); });
  if (empty && faults.size() == faults_before) {
    faults.push_back(
        {{name, 0, 0}, fmt::format("the file holds no {}", kind), "write one, or take the file out", false});
  }
  std::set<std::string> faulty;
  if (empty) faulty.insert(default_name);
  for (const YAML::Node& document : documents) {
    if (document.IsNull()) continue;
    YamlMap fields(file, document, "the " + kind);
    if (documents.size() > 1 && document.IsMap() && !fields.Has("name")) {
      file.Report(document, fmt::format("one of several {} in a file has no name", PluralOf(kind)), "add name: …");
    }
    const bool sound = document.IsMap() && read(file, *text, fields);
    if (!sound) faulty.insert(NameIn(document).value_or(default_name));
  }
  return faulty;
}

PythonFunctionPtr ReadFunction(const PythonDefinition& definition, YamlMap& fields) {
  auto function = std::make_shared<PythonFunction>(definition.function);
  function->timeout = fields.TakeDuration("timeout_ms", std::chrono::milliseconds(1));
  return function;
}

HooksPtr HooksOf(const PythonDefinition& definition) {
  if (definition.hooks.empty()) return nullptr;
  return std::make_shared<const Hooks>(definition.hooks, std::make_shared<PythonFunction>(definition.function));
}

void ReadPythonDefinition(const Settings& settings, const PythonDefinition& definition, const std::string& name,
                          Faults& faults, const std::function<void(const YamlFile&, YamlMap&)>& read) {
  const YamlFile file{name, &faults, definition.line, settings.http.compat_06};
  const std::vector<YAML::Node> documents = ParseYaml(file, definition.fields);
  if (documents.empty()) return;
  YamlMap fields(file, documents[0], "the " + definition.kind);
  read(file, fields);
}

RowShape TakeShape(YamlMap& query) {
  return query.TakeChoice("type", {"rows", "dicts"}).value_or(0) == 0 ? RowShape::kRows : RowShape::kDicts;
}

std::optional<TemplateText> SqlReader::Inline(const YAML::Node& node, const std::string& name) const {
  if (node.IsScalar()) return TemplateOf(file_, file_text_, node);
  file_.Report(node, fmt::format("\"{}\" has to be SQL text", name),
               fmt::format("as {}: select name from item where id = :id", name));
  return std::nullopt;
}

std::optional<TemplateText> SqlReader::Named(const YAML::Node& node, const std::string& relative) const {
  auto sql = ReadFile(PathOf(relative));
  if (!sql) {
    file_.Report(node, fmt::format("cannot read \"{}\"", relative), "the path is relative to this file");
    return std::nullopt;
  }
  const auto shown = std::filesystem::path(file_.name).parent_path() / relative;
  const Location start{shown.lexically_normal().string(), 1, 1};
  return TemplateText{*std::move(sql), start, start};
}

std::string SqlReader::PathOf(const std::string& relative) const {
  return (std::filesystem::path(path_).parent_path() / relative).lexically_normal().string();
}

}  // namespace kck
