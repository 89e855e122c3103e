// Finding the `:name` parameters of an SQL template.
//
// The scanner knows SQL's lexical grammar, so a colon inside a string, a quoted name, a dollar quote, a comment, a cast
// (`::`), an array slice (`a[1:n]`) or an operator (`:=`) is never taken for a parameter. It follows PostgreSQL's rules
// (nested comments, E'' strings, $tag$ quotes), of which SQLite's are a subset but for [name] and `name` quoting.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kck {

enum class SqlDialect { kPostgres, kSqlite };

struct TemplateParam {
  std::string name;
  std::size_t offset;  // of the colon, in bytes from the start of the template
};

// An SQL text cut at its parameters: text[0] params[0] text[1] params[1] … text[n].
struct SqlTemplate {
  std::vector<std::string> text;
  std::vector<TemplateParam> params;
};

// An error names the place of an unterminated quote or comment, or of a second statement after a semicolon. One closing
// semicolon is dropped.
Result<SqlTemplate> ParseSqlTemplate(std::string_view sql, SqlDialect dialect);

}  // namespace kck
