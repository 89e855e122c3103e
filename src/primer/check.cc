#include "primer/check.h"

#include <fmt/format.h>
#include <pg_query.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "model/run_as.h"
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

// A statement with its places in the author's files.
struct Checked {
  const SqlStatement& statement;
  Location definition;  // of the product, updater or process
  Location start;       // as Product::template_start
};

Fault SqlFaultOf(const Checked& checked, const std::string& message, std::string cure) {
  PlacedMessage placed = ReadPlace(message);
  Location at = checked.definition;
  if (placed.line > 0 && checked.start.line > 0) {
    at = checked.start;
    at.line += placed.line - 1;
    at.column += placed.column - 1;
  } else if (placed.line > 0) {
    placed.text = fmt::format("line {} column {} of the SQL: {}", placed.line, placed.column, placed.text);
  }
  Fault fault{at, std::move(placed.text), std::move(cure)};
  fault.from_database = true;
  return fault;
}

bool CheckRunAs(const Checked& checked, const Description& description, Faults& faults) {
  if (description.run_as_refused.empty()) return true;
  Fault fault{checked.statement.run_as->location, description.run_as_refused,
              "the role needs the right, and the user of the url has to be a member of it: grant ROLE to USER"};
  fault.from_database = true;
  faults.push_back(std::move(fault));
  return false;
}

// Column names that occur twice, which an object cannot hold.
void CheckColumns(const Checked& checked, const Description& description, Faults& faults) {
  if (checked.statement.shape != RowShape::kDicts) return;
  std::set<std::string_view> seen;
  for (const std::string& column : description.columns) {
    if (seen.insert(column).second) continue;
    faults.push_back({checked.definition, fmt::format("the result has two columns named \"{}\"", column),
                      "name one of them otherwise with as, or use type: rows"});
  }
}

// No fault: the product works.
void NoteFilledSingly(const Checked& checked, const Description& description, Faults& faults) {
  if (description.filled_singly.empty()) return;
  Fault note{checked.definition, fmt::format("filled one key at a time: {}", description.filled_singly),
             "it works so; many keys at once take longer than by one statement"};
  note.warning = true;
  note.from_database = true;
  faults.push_back(std::move(note));
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
void CheckSyntax(const Checked& checked, Faults& faults) {
  const PgQueryParseResult parsed = pg_query_parse(PgNumberedTemplate(checked.statement).c_str());
  if (parsed.error != nullptr) {
    const TemplatePlace place = PgPlaceInTemplate(checked.statement, parsed.error->cursorpos);
    faults.push_back(
        SqlFaultOf(checked, fmt::format("line {} column {}: {}", place.line, place.column, parsed.error->message), ""));
  }
  pg_query_free_parse_result(parsed);
}

// Whether a writer's statement is of a kind that PostgreSQL runs inside a transaction that is not its own.
struct StatementKinds {
  std::vector<std::string_view> nodes;  // of PostgreSQL's parser
  std::string_view fault;
  std::string_view cure;
};

const StatementKinds& UpdaterKinds() {
  static const StatementKinds kKinds{
      {"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "SelectStmt"},
      "the statement is none that writes rows",
      "an updater's statement is an insert, update, delete, merge, or a select that calls a function"};
  return kKinds;
}

const StatementKinds& ProcessKinds() {
  static const StatementKinds kKinds{
      {"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "SelectStmt", "CallStmt", "RefreshMatViewStmt",
       "TruncateStmt"},
      "the statement is none that a process may run",
      "insert, update, delete, merge, truncate, call, refresh materialized view, or a select that calls a function"};
  return kKinds;
}

// Text that does not parse passes: that is another fault.
bool IsOfKind(const SqlStatement& statement, const StatementKinds& kinds) {
  const PgQueryParseResult parsed = pg_query_parse(PgNumberedTemplate(statement).c_str());
  const std::string_view tree = parsed.error == nullptr ? parsed.parse_tree : "";
  constexpr std::string_view kNode = R"("stmt":{")";
  const std::size_t at = tree.find(kNode);
  const std::string_view node = at == std::string_view::npos ? std::string_view() : tree.substr(at + kNode.size());
  const bool fits =
      node.empty() || std::ranges::any_of(kinds.nodes, [&](std::string_view name) { return node.starts_with(name); });
  pg_query_free_parse_result(parsed);
  return fits;
}

void CheckKind(const Checked& checked, const StatementKinds& kinds, Faults& faults) {
  if (IsOfKind(checked.statement, kinds)) return;
  faults.push_back(
      {checked.start.line > 0 ? checked.start : checked.definition, std::string(kinds.fault), std::string(kinds.cure)});
}

Fault UnreachableFault(const DatabaseSettings& database, const Describer& source, const std::string& message) {
  Fault fault{database.location, fmt::format("database {}: {}", database.name, message),
              source.dialect() == SqlDialect::kSqlite ? "is the path right, and may this user read the file?"
                                                      : "is it running, and are url, user and password right?"};
  fault.unreachable = true;
  return fault;
}

// What one database says of its statements. The first failure to reach it is one fault, not one a statement.
class DatabaseCheck {
 public:
  explicit DatabaseCheck(const DatabaseSettings& database) : database_(database) {}

  void Check(const Checked& checked, Describer& describer, Faults& faults) {
    if (unreachable_) return CheckSyntaxOf(checked, describer, faults);
    const Result<Description> description = describer.Describe(checked.statement);
    if (description) {
      if (!CheckRunAs(checked, *description, faults)) return;
      CheckColumns(checked, *description, faults);
      return NoteFilledSingly(checked, *description, faults);
    }
    if (describer.Reachable()) {
      faults.push_back(SqlFaultOf(checked, description.error().message, ""));
      return;
    }
    unreachable_ = true;
    faults.push_back(UnreachableFault(database_, describer, description.error().message));
    CheckSyntaxOf(checked, describer, faults);
  }

 private:
  static void CheckSyntaxOf(const Checked& checked, const Describer& describer, Faults& faults) {
    if (describer.dialect() == SqlDialect::kPostgres) CheckSyntax(checked, faults);
  }

  const DatabaseSettings& database_;
  bool unreachable_ = false;
};

// The checks of all databases of a folder, made as they are needed.
class FolderCheck {
 public:
  FolderCheck(const Folder& folder, const Databases& databases) : folder_(folder), databases_(databases) {}

  Faults Check() {
    for (const ProductPtr& product : folder_.products) CheckProduct(*product);
    for (const UpdaterPtr& updater : folder_.updaters) {
      for (const WriteAction action : kWriteActions) {
        if (const auto& found = updater->Template(action); found && found->statement) {
          CheckWrite(updater->database, {*found->statement, updater->location, found->start}, UpdaterKinds());
        }
      }
    }
    for (const ProcessPtr& process : folder_.processes) {
      if (!process->statement) continue;
      CheckWrite(process->database, {*process->statement, process->location, process->template_start}, ProcessKinds());
    }
    return std::move(faults_);
  }

 private:
  // Null where the loader has told of the database already.
  DatabaseCheck* CheckOf(const std::string& name) {
    const auto database = folder_.settings.databases.find(name);
    if (database == folder_.settings.databases.end()) return nullptr;
    return &checks_.try_emplace(name, database->second).first->second;
  }

  void CheckProduct(const Product& product) {
    if (!product.statement) return;
    const auto source = databases_.sources.find(product.database);
    DatabaseCheck* check = CheckOf(product.database);
    if (check == nullptr || source == databases_.sources.end()) return;
    CheckProcessResult(product, faults_);
    check->Check({*product.statement, product.location, product.template_start}, *source->second, faults_);
  }

  void CheckWrite(const std::string& database, const Checked& checked, const StatementKinds& kinds) {
    const auto writer = databases_.writers.find(database);
    DatabaseCheck* check = CheckOf(database);
    if (check == nullptr || writer == databases_.writers.end()) return;
    const std::size_t faults_before = faults_.size();
    if (writer->second->dialect() == SqlDialect::kPostgres) CheckKind(checked, kinds, faults_);
    if (faults_.size() == faults_before) check->Check(checked, *writer->second, faults_);
  }

  const Folder& folder_;
  const Databases& databases_;
  std::map<std::string, DatabaseCheck> checks_;
  Faults faults_;
};

}  // namespace

Faults CheckOnDatabases(const Folder& folder, const Databases& databases) {
  return FolderCheck(folder, databases).Check();
}

}  // namespace kck
