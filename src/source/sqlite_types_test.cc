// Values of every storage class, written under every declared type, come back from SQLite as they should.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <simdjson.h>

#include <cmath>

#include "base/base64.h"
#include "base/json.h"
#include "source/sources.h"
#include "testing/sqlite_file.h"
#include "testing/statements.h"

namespace kck {
namespace {

// A column's declared type, a literal that is written to it, and the JSON that must come back.
struct Cell {
  std::string declared;
  std::string literal;
  std::string json;
};

std::string Hex(const std::string& bytes) {
  std::string hex = "x'";
  for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex + "'";
}

std::string JsonString(const std::string& text) {
  std::string json;
  AppendJsonString(json, text);
  return json;
}

Cell IntegerCell(const std::string& declared, std::int64_t number) {
  // SQLite reads the lowest integer as a negated real, so it is written in hexadecimal.
  const std::string literal = number == INT64_MIN ? "0x8000000000000000" : std::to_string(number);
  const std::string text = std::to_string(number);
  if (declared == "TEXT" || declared == "VARCHAR(20)") return {declared, literal, "\"" + text + "\""};
  if ((declared == "BOOLEAN" || declared == "bool") && (number == 0 || number == 1)) {
    return {declared, literal, number == 1 ? "true" : "false"};
  }
  return {declared, literal, text};
}

// Text as the bytes that it is, whatever they are.
Cell TextCell(const std::string& declared, const std::string& bytes) {
  return {declared, fmt::format("cast({} as text)", Hex(bytes)), JsonString(bytes)};
}

Cell BlobCell(const std::string& declared, const std::string& bytes) {
  std::string json = "\"";
  AppendBase64(json, bytes);
  return {declared, Hex(bytes), json + "\""};
}

// A multiple of 1/1024, whose decimal text SQLite reads without rounding; in the middle, so that it is no integer.
Cell RealCell(const std::string& declared, std::int32_t number) {
  const double real = number + 1.0 / 1024;
  std::string json;
  AppendJsonDouble(json, real);
  return {declared, fmt::format("{:.10f}", real), json};
}

Cell JsonCell(const std::string& declared, const std::string& bytes, bool valid) {
  const std::string text = valid ? "{ \"k\" : [" + JsonString(bytes) + ", 1.10] }" : "{" + JsonString(bytes);
  return {declared, fmt::format("cast({} as text)", Hex(text)), valid ? text : JsonString(text)};
}

template <typename... Names>
rc::Gen<std::string> Declared(Names... names) {
  return rc::gen::element<std::string>(names...);
}

rc::Gen<Cell> CellGen() {
  const auto bytes = rc::gen::arbitrary<std::string>();
  const auto small = rc::gen::map(rc::gen::inRange(0, 3), [](int number) { return std::int64_t{number}; });
  const auto integer = rc::gen::oneOf(rc::gen::arbitrary<std::int64_t>(), small);
  return rc::gen::oneOf(
      rc::gen::apply(IntegerCell,
                     Declared("INTEGER", "BIGINT", "BOOLEAN", "bool", "DECIMAL(10,2)", "DATE", "TEXT", "VARCHAR(20)",
                              "JSON", "BLOB", ""),
                     integer),
      rc::gen::apply(TextCell, Declared("TEXT", "VARCHAR(20)", "BLOB", ""), bytes),
      rc::gen::apply(BlobCell, Declared("INTEGER", "TEXT", "BLOB", "BOOLEAN", "JSON", "DATETIME", ""), bytes),
      rc::gen::apply(RealCell, Declared("REAL", "DOUBLE", "NUMERIC", "BOOLEAN", "BLOB", ""),
                     rc::gen::arbitrary<std::int32_t>()),
      rc::gen::apply(JsonCell, Declared("JSON", "json", "JSONB"), bytes, rc::gen::arbitrary<bool>()),
      rc::gen::map(Declared("INTEGER", "TEXT", "REAL", "BOOLEAN", "JSON", ""),
                   [](const std::string& declared) { return Cell{declared, "null", "null"}; }));
}

RC_GTEST_PROP(SqliteTypes, EveryValueComesBack, ()) {
  static SqliteFile file;
  static const auto source = OpenSqliteSource(file.Settings());
  const auto cells = *rc::gen::nonEmpty(rc::gen::container<std::vector<Cell>>(CellGen()));
  std::string columns;
  std::string values;
  std::string expected;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const char* comma = i > 0 ? "," : "";
    columns += fmt::format("{}c{} {}", comma, i, cells[i].declared);
    values += comma + cells[i].literal;
    expected += comma + cells[i].json;
  }
  file.Run(fmt::format("drop table if exists v; create table v ({}); insert into v values ({})", columns, values));
  const auto rows = RunFill(*source, MakeStatement("select * from v", {}, SqlDialect::kSqlite));
  RC_ASSERT(rows.has_value());
  RC_ASSERT(rows->json == "[[" + expected + "]]");
}

RC_GTEST_PROP(SqliteTypes, EveryFloatParameterComesBackEqual, (double number)) {
  RC_PRE(std::isfinite(number));
  static SqliteFile file;
  static const auto source = OpenSqliteSource(file.Settings());
  const auto statement = MakeStatement("select :f", {{"f", ParamType::kFloat, false, false}}, SqlDialect::kSqlite);
  const Result<std::string> text = CanonicalText(ParamType::kFloat, fmt::format("{}", number));
  const auto rows = RunFill(*source, statement, {*text});
  simdjson::dom::parser parser;
  const double read = parser.parse(rows->json).at(0).at(0).get_double();
  RC_ASSERT(read == number);
}

RC_GTEST_PROP(SqliteTypes, EveryStringParameterComesBackEqual, (const std::string& text)) {
  static SqliteFile file;
  static const auto source = OpenSqliteSource(file.Settings());
  const auto statement = MakeStatement("select :s", {{"s", ParamType::kString, false, false}}, SqlDialect::kSqlite);
  const auto rows = RunFill(*source, statement, {text});
  RC_ASSERT(rows->json == "[[" + JsonString(text) + "]]");
}

}  // namespace
}  // namespace kck
