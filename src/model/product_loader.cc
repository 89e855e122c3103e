#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "model/folder_readers.h"
#include "model/template_text.h"
#include "model/yaml_reader.h"

namespace kck {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kSecond = seconds(1);

bool IsName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

class ProductReader {
 public:
  ProductReader(const Settings& settings, const YamlFile& file, YamlMap& fields)
      : settings_(settings), file_(file), fields_(fields) {}

  // Reads all but the SQL.
  void ReadFields(const std::string& default_name) {
    faults_before_ = file_.faults->size();
    product_->name = fields_.TakeText("name").value_or(default_name);
    product_->location = file_.At(fields_.node());
    if (!IsName(product_->name)) {
      Report(fmt::format("a product cannot be named \"{}\"", product_->name), "use letters, digits, _ - and .");
    }
    ReadDatabase();
    ReadParams();
    ReadLife();
    ReadEmpty();
    if (const auto settable = fields_.TakeBool("settable")) product_->settable = *settable;
    const YAML::Node access = fields_.Take("access");
    if (access.IsDefined() && !(access.IsScalar() && access.Scalar() == "public")) {
      file_.Report(access, "\"access\" other than public is not in this version",
                   "take it out only if everyone may read this product");
    }
    for (const char* later : {"refresh", "augment", "as"}) fields_.RefuseForNow(later);
  }

  void ReadShape(YamlMap& query) {
    if (const auto shape = query.TakeChoice("type", {"rows", "dicts"})) {
      shape_ = *shape == 0 ? RowShape::kRows : RowShape::kDicts;
    }
    const YAML::Node node = query.Take("process_result");
    if (!node.IsDefined()) return;
    YamlMap process(file_, node, "process_result");
    product_->process_result.jsonpath_first = process.TakeText("jsonpath_first").value_or("");
    product_->process_result.jq = process.TakeText("jq").value_or("");
    process.Finish();
    if (!product_->process_result.jsonpath_first.empty() && !product_->process_result.jq.empty()) {
      file_.Report(node, "process_result has both jsonpath_first and jq", "keep one of them");
    }
  }

  // The product, or null where it has a fault. `sql` is nothing where it cannot be read, which is reported already.
  ProductPtr Finish(const std::optional<TemplateText>& sql) {
    fields_.Finish();
    if (!sql) return nullptr;
    product_->template_start = sql->start;
    BindParams(*sql);
    if (file_.faults->size() != faults_before_ || !settings_.databases.contains(product_->database)) return nullptr;
    product_->fingerprint = Fingerprint(sql->text);
    return product_;
  }

  void Report(std::string message, std::string cure = "") const {
    file_.faults->push_back({product_->location, std::move(message), std::move(cure), false});
  }

 private:
  void ReadDatabase() {
    std::vector<std::string> names;
    for (const auto& [name, database] : settings_.databases) names.push_back(name);
    // A fault of kck.yml is reported there, not in each product again.
    for (const std::string& name : settings_.faulty_databases) names.push_back(name);
    const std::string known =
        names.empty() ? "add one to databases: in kck.yml" : fmt::format("kck.yml has: {}", fmt::join(names, ", "));
    if (const auto name = fields_.TakeText("database")) {
      product_->database = *name;
      if (std::ranges::find(names, *name) == names.end()) {
        file_.Report(fields_.Take("database"), fmt::format("there is no database \"{}\"", *name), known);
      }
    } else if (names.size() == 1) {
      product_->database = names[0];
    } else if (!fields_.Has("database")) {
      Report("the product names no database", known);
    }
  }

  void ReadParams() {
    const YAML::Node list = fields_.Take("parameters");
    if (!list.IsDefined() || list.IsNull()) return;
    if (!list.IsSequence()) {
      file_.Report(list, "\"parameters\" has to be a list", "as [{name: id, type: int}]");
      return;
    }
    for (const auto& item : list) {
      YamlMap fields(file_, item, "a parameter");
      ReadParam(fields, item);
      fields.Finish();
    }
  }

  void ReadParam(YamlMap& fields, const YAML::Node& item) {
    Param param;
    const bool named = fields.Has("name");
    param.name = fields.TakeText("name").value_or("");
    if (!named) file_.Report(item, "a parameter has no name", "as {name: id, type: int}");
    if (fields.Has("type")) {
      const auto type = fields.TakeChoice("type", {"int", "float", "string", "date", "timestamp", "uuid", "bool"});
      if (type) param.type = static_cast<ParamType>(*type);
    }
    param.nullable = fields.TakeBool("nullable").value_or(false);
    param.primary_key = fields.TakeBool("primary_key").value_or(false);
    const bool twice = std::ranges::any_of(product_->params, [&](const Param& one) { return one.name == param.name; });
    if (named && twice) {
      file_.Report(item, fmt::format("parameter \"{}\" is declared twice", param.name), "keep one of them");
      return;
    }
    product_->params.push_back(std::move(param));
    param_nodes_.push_back(item);
  }

  void ReadLife() {
    product_->expires_after = fields_.TakeDuration("expire_seconds", kSecond);
    product_->stale_after = fields_.TakeDuration("stale_seconds", kSecond);
    if (product_->expires_after && product_->stale_after && *product_->stale_after >= *product_->expires_after) {
      file_.Report(fields_.Take("stale_seconds"), "stale_seconds is not below expire_seconds",
                   "a value that has expired is never served, so it could not be served stale");
    }
    if (const auto choice = fields_.TakeChoice("on_stale", {"serve", "wait"})) {
      product_->on_stale = *choice == 0 ? OnStale::kServe : OnStale::kWait;
    }
    if (const auto wait = fields_.TakeDuration("wait_ms", milliseconds(1))) {
      product_->wait_max = *wait;
      if (product_->on_stale != OnStale::kWait) {
        file_.Report(fields_.Take("wait_ms"), "wait_ms has no meaning without on_stale: wait",
                     "add on_stale: wait, or take wait_ms out");
      }
    }
    ReadOnMiss();
  }

  void ReadOnMiss() {
    const auto choice = fields_.TakeChoice("on_miss", {"prime", "error"});
    if (choice) product_->on_miss = *choice == 0 ? OnMiss::kPrime : OnMiss::kError;
    if (const auto prime = fields_.TakeBool("prime_on_cache_miss")) {
      if (choice) file_.Report(fields_.Take("prime_on_cache_miss"), "on_miss says this already", "keep on_miss");
      product_->on_miss = *prime ? OnMiss::kPrime : OnMiss::kError;
    }
  }

  void ReadEmpty() {
    const YAML::Node node = fields_.Take("empty");
    if (!node.IsDefined()) return;
    YamlMap empty(file_, node, "empty");
    if (const auto as = empty.TakeChoice("as", {"error", "value"})) {
      product_->empty_as = *as == 0 ? EmptyAs::kError : EmptyAs::kValue;
    }
    if (const auto life = empty.TakeDuration("cache_seconds", kSecond)) product_->empty_expires_after = *life;
    empty.Finish();
  }

  void BindParams(const TemplateText& sql) {
    const auto database = settings_.databases.find(product_->database);
    const SqlDialect dialect = database == settings_.databases.end() ? SqlDialect::kPostgres : database->second.dialect;
    auto parsed = ParseSqlTemplate(sql.text, dialect);
    if (!parsed) {
      file_.faults->push_back({sql.At(parsed.error().offset), parsed.error().message, "", false});
      return;
    }
    auto statement = std::make_shared<SqlStatement>();
    std::set<std::size_t> used;
    for (const TemplateParam& param : parsed->params) {
      const auto found = std::ranges::find(product_->params, param.name, &Param::name);
      if (found == product_->params.end()) {
        file_.faults->push_back({sql.At(param.offset),
                                 fmt::format("the SQL uses :{}, which is not declared", param.name),
                                 fmt::format("add {{name: {}, type: …}} to parameters", param.name), false});
        continue;
      }
      const auto index = static_cast<std::size_t>(found - product_->params.begin());
      used.insert(index);
      statement->arguments.push_back(index);
    }
    for (std::size_t i = 0; i < product_->params.size(); ++i) {
      if (used.contains(i)) continue;
      file_.Report(param_nodes_[i], fmt::format("parameter \"{}\" is declared and not used", product_->params[i].name),
                   "use it in the SQL, or take it out of the key");
    }
    statement->sql = *std::move(parsed);
    for (const Param& param : product_->params) statement->types.push_back(param.type);
    statement->shape = shape_;
    statement->id = StatementId(sql.text, *statement);
    product_->statement = std::move(statement);
  }

  static std::uint64_t StatementId(const std::string& sql, const SqlStatement& statement) {
    std::string text = fmt::format("{}\n", sql);
    for (const ParamType type : statement.types) text += fmt::format("{} ", ParamTypeName(type));
    for (const std::size_t argument : statement.arguments) text += fmt::format("{} ", argument);
    return XXH3_64bits(text.data(), text.size());
  }

  std::uint64_t Fingerprint(const std::string& sql) const {
    // A part's length stands before it, so that no two definitions make one text.
    std::string text;
    auto add = [&text](std::string_view part) { text += fmt::format("{}:{}", part.size(), part); };
    add(product_->name);
    add(product_->database);
    add(RedactUrl(settings_.databases.at(product_->database).url));
    add(sql);
    add(shape_ == RowShape::kRows ? "rows" : "dicts");
    add(product_->process_result.jsonpath_first);
    add(product_->process_result.jq);
    for (const Param& param : product_->params) {
      add(param.name);
      add(ParamTypeName(param.type));
      add(param.nullable ? "nullable" : "");
    }
    const std::uint64_t hash = XXH3_64bits(text.data(), text.size());
    return hash == 0 ? 1 : hash;  // 0 says "no product"
  }

  const Settings& settings_;
  YamlFile file_;
  YamlMap& fields_;
  std::shared_ptr<Product> product_ = std::make_shared<Product>();
  std::vector<YAML::Node> param_nodes_;
  RowShape shape_ = RowShape::kRows;
  std::size_t faults_before_ = 0;
};

// The SQL of query.template or query.file; nothing where that is a fault.
std::optional<TemplateText> ReadQuery(const YamlFile& file, const std::string& file_text, const std::string& path,
                                      YamlMap& query, const ProductReader& reader,
                                      std::vector<std::string>& query_files) {
  const YAML::Node inline_sql = query.Take("template");
  const auto query_file = query.TakeText("file");
  if (inline_sql.IsDefined() == query_file.has_value()) {
    reader.Report(query_file ? "query has both template and file" : "query has no SQL", "give template or file");
    return std::nullopt;
  }
  if (query_file) {
    const auto full = std::filesystem::path(path).parent_path() / *query_file;
    query_files.push_back(full.lexically_normal().string());
    auto sql = ReadFile(full.string());
    if (!sql) {
      file.Report(query.Take("file"), fmt::format("cannot read \"{}\"", *query_file),
                  "the path is relative to this file");
      return std::nullopt;
    }
    const auto shown = std::filesystem::path(file.name).parent_path() / *query_file;
    const Location start{shown.lexically_normal().string(), 1, 1};
    return TemplateText{*std::move(sql), start, start};
  }
  if (!inline_sql.IsScalar()) {
    file.Report(inline_sql, "\"template\" has to be SQL text", "as template: select name from item where id = :id");
    return std::nullopt;
  }
  return TemplateOf(file, file_text, inline_sql);
}

}  // namespace

std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path)) return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

std::vector<ProductPtr> ReadYamlProducts(const Settings& settings, const std::string& path, const std::string& name,
                                         Faults& faults, std::vector<std::string>& query_files) {
  const YamlFile file{name, &faults};
  const auto text = ReadFile(path);
  if (!text) {
    faults.push_back({{name, 0, 0}, "the file cannot be read", "check its permissions", false});
    return {};
  }
  std::vector<ProductPtr> products;
  const std::size_t faults_before = faults.size();
  const std::vector<YAML::Node> documents = ParseYaml(file, *text);
  const bool empty = std::ranges::all_of(documents, [](const YAML::Node& document) { return document.IsNull(); });
  if (empty && faults.size() == faults_before) {
    faults.push_back({{name, 0, 0}, "the file holds no product", "write one, or take the file out", false});
  }
  for (const YAML::Node& document : documents) {
    if (document.IsNull()) continue;
    YamlMap fields(file, document, "the product");
    if (!document.IsMap()) continue;
    ProductReader reader(settings, file, fields);
    if (documents.size() > 1 && !fields.Has("name")) {
      file.Report(document, "one of several products in a file has no name", "add name: …");
    }
    reader.ReadFields(std::filesystem::path(path).stem().string());
    const YAML::Node written = fields.Take("query");
    if (!written.IsDefined()) reader.Report("the product has no query", "add query: {template: select …}");
    YamlMap query(file, written, "query");
    reader.ReadShape(query);
    std::optional<TemplateText> sql;
    if (written.IsDefined() && (written.IsMap() || written.IsNull()))
      sql = ReadQuery(file, *text, path, query, reader, query_files);
    query.Finish();
    if (ProductPtr product = reader.Finish(sql)) products.push_back(std::move(product));
  }
  return products;
}

std::vector<ProductPtr> ReadSqlProduct(const Settings& settings, const std::string& path, const std::string& name,
                                       Faults& faults) {
  const YamlFile file{name, &faults};
  const auto text = ReadFile(path);
  if (!text) {
    faults.push_back({{name, 0, 0}, "the file cannot be read", "check its permissions", false});
    return {};
  }
  // The comment lines at the top, with "--" blanked out, are the fields: so lines and columns stay what they are.
  std::string header;
  std::size_t sql_from = 0;
  int sql_line = 1;
  while (text->compare(sql_from, 2, "--") == 0) {
    const std::size_t end = std::min(text->find('\n', sql_from), text->size() - 1) + 1;
    header += "  " + text->substr(sql_from + 2, end - sql_from - 2);
    sql_from = end;
    ++sql_line;
  }
  const std::string cure = "the comment at the top holds fields, as -- parameters: […]; begin a remark with -- #";
  const std::vector<YAML::Node> documents = ParseYaml(file, header, cure);
  if (documents.empty() && !header.empty()) return {};
  if (!documents.empty() && documents[0].IsScalar()) {
    file.Report(documents[0], "the comment at the top holds no fields", cure);
    return {};
  }
  YamlMap fields(file, documents.empty() ? YAML::Node() : documents[0], "the comment at the top");
  ProductReader reader(settings, file, fields);
  reader.ReadFields(std::filesystem::path(path).stem().string());
  YamlMap query(file, fields.Take("query"), "query");
  reader.ReadShape(query);
  query.Finish();
  const Location start{name, sql_line, 1};
  const TemplateText sql{text->substr(sql_from), start, start};
  if (ProductPtr product = reader.Finish(sql)) return {std::move(product)};
  return {};
}

}  // namespace kck
