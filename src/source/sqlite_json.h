// SQLite's rows as JSON text.
//
// By what SQLite holds: INTEGER and REAL are numbers, TEXT is a string, BLOB is base64, NULL is null. Two declared
// types say more: BOOLEAN or BOOL turns 0 and 1 into false and true, JSON or JSONB embeds text that is JSON. Dates,
// decimals and all other types are what SQLite made of them when they were written. Only a column of a table has a
// declared type; an expression has none. Infinities are strings; bytes of text that are not UTF-8 become U+FFFD.
#pragma once

#include <sqlite3.h>

#include <optional>
#include <string>
#include <vector>

#include "model/product.h"

namespace kck {

// Renders the rows of a statement that has been stepped, since a first step may prepare it anew with other columns.
// Keeps a reference to the statement.
class SqliteRowWriter {
 public:
  SqliteRowWriter(sqlite3_stmt& statement, RowShape shape);

  // The name that two columns have, which an object cannot hold; nothing where rows are lists.
  std::optional<std::string> RepeatedName() const;

  // Appends the row that the statement stands on.
  void Append(std::string& out) const;

 private:
  struct Column {
    std::string name;       // as SQLite has it
    std::string json_name;  // with its quotes
    bool is_bool = false;
    bool is_json = false;
  };

  bool IsDeclared(int column, std::initializer_list<std::string_view> types) const;
  void AppendValue(std::string& out, int index, const Column& column) const;
  void AppendText(std::string& out, int index, const Column& column) const;
  std::string_view TextOf(int index) const;

  sqlite3_stmt& statement_;
  const RowShape shape_;
  std::vector<Column> columns_;
};

}  // namespace kck
