// Finding the `:name` parameters of an SQL template.
//
// The scanner knows SQL's lexical grammar, so a colon inside a string, a quoted name, a dollar quote, a comment, a cast
// (`::`), an array slice (`a[1:n]`) or an operator (`:=`) is never taken for a parameter. It follows PostgreSQL's rules
// (nested comments, E'' strings, $tag$ quotes), of which SQLite's are a subset but for [name] and `name` quoting.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

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

struct SqlFault {
  std::size_t offset;  // in bytes from the start of the template
  std::string message;
};

// A fault is an unterminated quote or comment, a parameter in another spelling ($1, ?, @x), a zero byte, a text without
// a statement, or a second statement after a semicolon. One closing semicolon is dropped, with what comments follow it.
// In brackets, a colon right after a value is a slice's (`a[1:n]`, `a[:from : :to]`); after anything else, a keyword
// included, it begins a parameter (`array[:x, :y]`, `a[:n]`).
tl::expected<SqlTemplate, SqlFault> ParseSqlTemplate(std::string_view sql, SqlDialect dialect);

}  // namespace kck
