#include "primer/check.h"

#include <fmt/format.h>
#include <pg_query.h>

#include <charconv>
#include <map>
#include <set>

#include "primer/process_result.h"
#include "source/pg_statement.h"

namespace kck {
namespace {

// A source's message may begin with "line L column C: ", of the author's template.
struct PlacedMessage {
  int line = 0;
  int column = 0;
  std::string text;
};

bool TakeWord(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

bool TakeInt(std::string_view& text, int& number) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return true;
}

PlacedMessage ReadPlace(const std::string& message) {
  PlacedMessage placed;
  std::string_view rest = message;
  if (TakeWord(rest, "line ") && TakeInt(rest, placed.line) && TakeWord(rest, " column ") &&
      TakeInt(rest, placed.column) && TakeWord(rest, ": ")) {
    placed.text = rest;
    return placed;
  }
  return {0, 0, message};
}

Fault SqlFaultOf(const Product& product, const std::string& message, std::string cure) {
  PlacedMessage placed = ReadPlace(message);
  Location at = product.location;
  if (placed.line > 0 && product.template_start.line > 0) {
    at = product.template_start;
    at.line += placed.line - 1;
    at.column += placed.column - 1;
  } else if (placed.line > 0) {
    placed.text = fmt::format("line {} column {} of the SQL: {}", placed.line, placed.column, placed.text);
  }
  return {at, std::move(placed.text), std::move(cure)};
}

// Column names that occur twice, which an object cannot hold.
void CheckColumns(const Product& product, const Description& description, Faults& faults) {
  if (product.statement->shape != RowShape::kDicts) return;
  std::set<std::string_view> seen;
  for (const std::string& column : description.columns) {
    if (seen.insert(column).second) continue;
    faults.push_back({product.location, fmt::format("the result has two columns named \"{}\"", column),
                      "name one of them otherwise with as, or use type: rows"});
  }
}

void CheckProcessResult(const Product& product, Faults& faults) {
  const std::string fault = ProcessResultFault(product.process_result);
  if (fault.empty()) return;
  std::string cure = product.process_result.jq.empty()
                         ? "a path is $ and then .name, ['name'], [0], [*] or ..name, as $[0].price; jq can do more"
                         : "try the program by hand: jq 'PROGRAM' rows.json";
  faults.push_back({product.location, fmt::format("process_result: {}", fault), std::move(cure)});
}

// The syntax alone, by PostgreSQL's parser, for a database that cannot be asked.
void CheckSyntax(const Product& product, Faults& faults) {
  const PgQueryParseResult parsed = pg_query_parse(PgNumberedTemplate(*product.statement).c_str());
  if (parsed.error != nullptr) {
    const TemplatePlace place = PgPlaceInTemplate(*product.statement, parsed.error->cursorpos);
    faults.push_back(
        SqlFaultOf(product, fmt::format("line {} column {}: {}", place.line, place.column, parsed.error->message), ""));
  }
  pg_query_free_parse_result(parsed);
}

Fault UnreachableFault(const DatabaseSettings& database, const Source& source, const std::string& message) {
  Fault fault{database.location, fmt::format("database {}: {}", database.name, message),
              source.dialect() == SqlDialect::kSqlite ? "is the path right, and may this user read the file?"
                                                      : "is it running, and are url, user and password right?"};
  fault.unreachable = true;
  return fault;
}

// What one database says of its products. The first failure to reach it is one fault, not one a product.
class DatabaseCheck {
 public:
  DatabaseCheck(const DatabaseSettings& database, Source& source) : database_(database), source_(source) {}

  void Check(const Product& product, Faults& faults) {
    CheckProcessResult(product, faults);
    if (unreachable_) return CheckSyntaxOf(product, faults);
    const Result<Description> description = source_.Describe(*product.statement);
    if (description) return CheckColumns(product, *description, faults);
    if (source_.Reachable()) {
      faults.push_back(SqlFaultOf(product, description.error().message, ""));
      return;
    }
    unreachable_ = true;
    faults.push_back(UnreachableFault(database_, source_, description.error().message));
    CheckSyntaxOf(product, faults);
  }

 private:
  void CheckSyntaxOf(const Product& product, Faults& faults) const {
    if (source_.dialect() == SqlDialect::kPostgres) CheckSyntax(product, faults);
  }

  const DatabaseSettings& database_;
  Source& source_;
  bool unreachable_ = false;
};

}  // namespace

Faults CheckProducts(const Folder& folder, const Sources& sources) {
  Faults faults;
  std::map<std::string, DatabaseCheck> checks;
  for (const ProductPtr& product : folder.products) {
    const auto database = folder.settings.databases.find(product->database);
    const auto source = sources.find(product->database);
    if (database == folder.settings.databases.end() || source == sources.end()) continue;  // the loader has said so
    auto [check, added] = checks.try_emplace(product->database, database->second, *source->second);
    check->second.Check(*product, faults);
  }
  for (const UpdaterPtr& updater : folder.updaters) {
    faults.push_back({updater->location, "updaters are not in this version", "take the file out"});
  }
  return faults;
}

}  // namespace kck
