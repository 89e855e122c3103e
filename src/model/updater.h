// An updater: a named write, as its author defined it. Immutable once loaded.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/access.h"
#include "model/fault.h"
#include "model/param.h"
#include "model/product.h"

namespace kck {

enum class WriteAction { kInsert, kUpdate, kDelete };
inline constexpr std::array<WriteAction, 3> kWriteActions{WriteAction::kInsert, WriteAction::kUpdate,
                                                          WriteAction::kDelete};

std::string_view WriteActionName(WriteAction action);  // "insert", as in the file

// What an updater takes for one of its actions.
struct WriteTemplate {
  std::shared_ptr<const SqlStatement> statement;  // null: the updater's function writes
  std::vector<std::size_t> params;  // for each parameter of the statement, or the function: the index of the updater's
  Location start;                   // as Product::template_start
};

struct Updater {
  std::string name;
  std::string description;  // for the description of the API; may be empty
  Location location;        // of the definition, for messages
  std::string database;
  std::vector<Param> params;
  Access access;
  std::array<std::optional<WriteTemplate>, kWriteActions.size()> templates;  // by WriteAction; at least one
  PythonFunctionPtr function;  // what writes, told the action: the templates have no statements then
  HooksPtr hooks;              // null: none

  const std::optional<WriteTemplate>& Template(WriteAction action) const {
    return templates.at(static_cast<std::size_t>(action));
  }
};

// The indices of the parameters that are its primary key, in order.
std::vector<std::size_t> PrimaryKeyOf(const Updater& updater);

using UpdaterPtr = std::shared_ptr<const Updater>;

}  // namespace kck
