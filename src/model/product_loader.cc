#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "model/access_reader.h"
#include "model/cache_policy_reader.h"
#include "model/definition_reader.h"
#include "model/folder_readers.h"
#include "model/login_settings.h"
#include "model/refresh_reader.h"
#include "model/run_as.h"

namespace kck {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kSecond = seconds(1);

class ProductReader {
 public:
  ProductReader(const Settings& settings, const YamlFile& file, YamlMap& fields)
      : settings_(settings), file_(file), fields_(fields), definition_(settings, file, fields, "product") {}

  // Reads all but the SQL, or the function.
  void ReadFields(const std::string& default_name, bool in_python = false) {
    product_->name = definition_.ReadName(default_name);
    product_->description = fields_.TakeText("description").value_or("");
    product_->location = definition_.location();
    product_->database = in_python ? definition_.ReadDatabaseOfPython() : definition_.ReadDatabase();
    product_->params = definition_.ReadParams();
    ReadLife();
    ReadRefresh();
    ReadEmpty();
    // In 0.6.3 every key could be set.
    product_->settable = fields_.TakeBool("settable").value_or(settings_.http.compat_06);
    product_->access = ReadAccess(file_, fields_, product_->params, settings_.auth, "product");
    const auto& login = settings_.auth.login;
    // It knows the passwords' hashes.
    if (login && login->product == product_->name && !fields_.Has("access")) product_->access = {};
    product_->cache_policy = ReadCachePolicy(file_, fields_, *product_, settings_.auth.on);
    definition_.ReadAs();
    fields_.RefuseForNow("augment");
  }

  void ReadShape(YamlMap& query) {
    shape_ = TakeShape(query);
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

  void TakeHooks(const PythonDefinition& in_python) { product_->hooks = HooksOf(in_python); }

  // The product, or null where it has a fault. `sql` is nothing where it cannot be read, which is reported already.
  ProductPtr Finish(const std::optional<TemplateText>& sql) {
    fields_.Finish();
    if (!sql) return nullptr;
    product_->template_start = sql->start;
    if (std::optional<BoundSql> bound = definition_.Bind(*sql, shape_)) {
      product_->statement = std::move(bound->statement);
      definition_.ReportUnused("in the SQL");
    }
    if (definition_.faulty() || !definition_.database_is_sound()) return nullptr;
    product_->fingerprint = Fingerprint(sql->text);
    return product_;
  }

  // The same of a product in Python.
  ProductPtr Finish(const PythonDefinition& in_python) {
    product_->function = ReadFunction(in_python, fields_);
    product_->hooks = HooksOf(in_python);
    fields_.Finish();
    if (definition_.faulty() || !definition_.database_is_sound()) return nullptr;
    product_->fingerprint = Fingerprint(in_python.function.source_hash);
    return product_;
  }

  const DefinitionReader& definition() const { return definition_; }
  const std::string& name() const { return product_->name; }

 private:
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

  void ReadRefresh() {
    product_->refresh = ReadRefreshRules(file_, fields_.Take("refresh"), *product_);
    if (product_->stale_after) return;
    const auto implied = ImpliedSoftAge(product_->refresh);
    // Nobody wrote it, so that it is no fault where the value expires first.
    if (implied && (!product_->expires_after || *implied < *product_->expires_after)) product_->stale_after = implied;
  }

  void ReadOnMiss() {
    const auto choice = fields_.TakeChoice("on_miss", {"prime", "error"});
    const bool primes = choice ? *choice == 0 : settings_.prime_on_miss;
    product_->on_miss = primes ? OnMiss::kPrime : OnMiss::kError;
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

  // `source` is the SQL, or the hash of the Python that computes it.
  std::uint64_t Fingerprint(const std::string& source) const {
    // A part's length stands before it, so that no two definitions make one text.
    std::string text;
    auto add = [&text](std::string_view part) { text += fmt::format("{}:{}", part.size(), part); };
    add(product_->name);
    add(product_->database);
    const auto database = settings_.databases.find(product_->database);
    add(database == settings_.databases.end() ? "" : RedactUrl(database->second.url));
    add(source);
    add(shape_ == RowShape::kRows ? "rows" : "dicts");
    add(product_->process_result.jsonpath_first);
    add(product_->process_result.jq);
    for (const Param& param : product_->params) {
      add(param.name);
      add(ParamTypeName(param.type));
      add(param.nullable ? "nullable" : "");
    }
    if (product_->function) add("python");
    if (product_->statement && product_->hooks && product_->hooks->make_values()) {
      add(product_->hooks->function->source_hash);
    }
    if (product_->statement && product_->statement->run_as) add(RunAsText(*product_->statement->run_as));
    const std::uint64_t hash = XXH3_64bits(text.data(), text.size());
    return hash == 0 ? 1 : hash;  // 0 says "no product"
  }

  const Settings& settings_;
  YamlFile file_;
  YamlMap& fields_;
  std::shared_ptr<Product> product_ = std::make_shared<Product>();
  DefinitionReader definition_;
  RowShape shape_ = RowShape::kRows;
};

// The SQL of query.template or query.file; nothing where that is a fault.
std::optional<TemplateText> ReadQuery(const SqlReader& sql, YamlMap& query, const DefinitionReader& definition,
                                      std::vector<std::string>& query_files) {
  const YAML::Node inline_sql = query.Take("template");
  const auto query_file = query.TakeText("file");
  if (inline_sql.IsDefined() == query_file.has_value()) {
    definition.Report(query_file ? "query has both template and file" : "query has no SQL", "give template or file");
    return std::nullopt;
  }
  if (!query_file) return sql.Inline(inline_sql, "template");
  query_files.push_back(sql.PathOf(*query_file));
  return sql.Named(query.Take("file"), *query_file);
}

}  // namespace

std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path)) return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

Definitions<ProductPtr> ReadYamlProducts(const Settings& settings, const std::string& path, const std::string& name,
                                         Faults& faults, std::vector<std::string>& query_files) {
  Definitions<ProductPtr> products;
  auto read = [&](const YamlFile& file, const std::string& text, YamlMap& fields) {
    ProductReader reader(settings, file, fields);
    reader.ReadFields(std::filesystem::path(path).stem().string());
    const YAML::Node written = fields.Take("query");
    if (!written.IsDefined()) reader.definition().Report("the product has no query", "add query: {template: select …}");
    YamlMap query(file, written, "query");
    reader.ReadShape(query);
    std::optional<TemplateText> sql;
    if (written.IsDefined() && (written.IsMap() || written.IsNull()))
      sql = ReadQuery(SqlReader(file, text, path), query, reader.definition(), query_files);
    query.Finish();
    ProductPtr product = reader.Finish(sql);
    if (product) products.sound.push_back(product);
    return product != nullptr;
  };
  products.faulty = ForEachDefinition(settings, path, name, "product", faults, read);
  return products;
}

ProductPtr ReadPythonProduct(const Settings& settings, const PythonDefinition& definition, const std::string& name,
                             Faults& faults) {
  ProductPtr product;
  ReadPythonDefinition(settings, definition, name, faults, [&](const YamlFile& file, YamlMap& fields) {
    ProductReader reader(settings, file, fields);
    reader.ReadFields(definition.function.name, definition.runs);
    if (definition.runs) {
      product = reader.Finish(definition);
      return;
    }
    YamlMap query(file, fields.Take("query"), "query");
    reader.ReadShape(query);
    reader.TakeHooks(definition);
    const std::optional<std::string> sql = query.TakeText("template");
    query.Finish();
    const Location unknown{name, 0, 0};
    product = reader.Finish(TemplateText{sql.value_or(""), unknown, {name, definition.line, 0}});
  });
  return product;
}

Definitions<ProductPtr> ReadSqlProduct(const Settings& settings, const std::string& path, const std::string& name,
                                       Faults& faults) {
  const YamlFile file{name, &faults};
  const std::string default_name = std::filesystem::path(path).stem().string();
  const auto text = ReadFile(path);
  if (!text) {
    faults.push_back({{name, 0, 0}, "the file cannot be read", "check its permissions", false});
    return {{}, {default_name}};
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
  if (documents.empty() && !header.empty()) return {{}, {default_name}};
  if (!documents.empty() && documents[0].IsScalar()) {
    file.Report(documents[0], "the comment at the top holds no fields", cure);
    return {{}, {default_name}};
  }
  YamlMap fields(file, documents.empty() ? YAML::Node() : documents[0], "the comment at the top");
  ProductReader reader(settings, file, fields);
  reader.ReadFields(default_name);
  YamlMap query(file, fields.Take("query"), "query");
  reader.ReadShape(query);
  query.Finish();
  const Location start{name, sql_line, 1};
  const TemplateText sql{text->substr(sql_from), start, start};
  if (ProductPtr product = reader.Finish(sql)) return {{std::move(product)}, {}};
  return {{}, {reader.name()}};
}

}  // namespace kck
