// A product: a named, parameterised piece of derived data, as its author defined it. Immutable once loaded.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/access.h"
#include "model/fault.h"
#include "model/hooks.h"
#include "model/param.h"
#include "model/python_function.h"
#include "model/refresh_rules.h"
#include "model/sql_template.h"

namespace kck {

enum class RowShape { kRows, kDicts };  // list of lists, list of objects
enum class OnStale { kServe, kWait };
enum class OnMiss { kPrime, kError };
enum class EmptyAs { kError, kValue };

// How the rows become the value: at most one of the two is set; neither: the rows are the value.
struct ProcessResult {
  std::string jsonpath_first;
  std::string jq;
};

struct RunAs;        // model/run_as.h
struct CachePolicy;  // model/cache_policy.h

// An SQL statement with its parameters numbered, as a source takes it.
struct SqlStatement {
  std::uint64_t id = 0;                // hash of the text and types; names the prepared statement
  SqlTemplate sql;                     // as written
  std::vector<std::size_t> arguments;  // for each sql.params: the index of the product's parameter
  std::vector<ParamType> types;        // of the product's parameters, all of them, in order
  RowShape shape = RowShape::kRows;
  std::shared_ptr<const RunAs> run_as;  // null: as the user of the database's url, with the settings of its connection
};

struct Product {
  std::string name;
  std::string description;  // for the description of the API; may be empty
  Location location;        // of the definition, for messages
  std::string database;
  std::vector<Param> params;
  // What computes it: exactly one of the two is set.
  std::shared_ptr<const SqlStatement> statement;
  PythonFunctionPtr function;
  HooksPtr hooks;  // null: none
  // Where the template's text begins in a file; its later lines begin at the same column. Line 0: it does not stand in
  // the file as written, so that a place in it cannot be told.
  Location template_start;
  ProcessResult process_result;
  std::optional<std::chrono::milliseconds> expires_after;
  std::optional<std::chrono::milliseconds> stale_after;
  OnStale on_stale = OnStale::kServe;
  std::chrono::milliseconds wait_max{1000};  // on_stale: wait
  OnMiss on_miss = OnMiss::kPrime;
  EmptyAs empty_as = EmptyAs::kError;
  std::chrono::milliseconds empty_expires_after{5000};
  bool settable = false;
  RefreshRules refresh;
  Access access;
  std::shared_ptr<const CachePolicy> cache_policy;  // null: caches between ask each time

  // Hash of all that decides what a fill computes: SQL, parameters, shape, process_result, as, database (name and
  // url without its password). Two definitions with one fingerprint make equal values.
  std::uint64_t fingerprint = 0;
};

using ProductPtr = std::shared_ptr<const Product>;

}  // namespace kck
