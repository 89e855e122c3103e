// Values of every kind of type as JSON, against PostgreSQL's own to_json as oracle.
#include "source/pg_json.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <functional>

#include "base/json.h"
#include "source/pg_session.h"
#include "source/sources.h"
#include "testing/pg_client.h"
#include "testing/pg_server.h"
#include "testing/statements.h"

namespace kck {
namespace {

// An SQL expression of some type, and one that makes the JSON that it should become.
struct Sample {
  std::string value;
  std::string json;
};

// A type, in SQL, and how to make values of it.
struct Type {
  std::string name;
  std::function<Sample()> make;
};

const char* const kTypesSql = R"(
create extension if not exists hstore;
drop schema if exists kinds cascade;
create schema kinds;
create type kinds.mood as enum ('sad', 'a, b', '"quoted"', 'NULL', '{}');
create domain kinds.small as int check (value < 1000);
create domain kinds.smalls as kinds.small[];
create type kinds.pair as (a text, b int[]);
create type kinds."deep one" as (p kinds.pair, q kinds.pair[], "r ""x""" timestamptz, s bytea, t kinds.smalls);
create domain kinds.paired as kinds.pair;
)";

class PgJson : public testing::Test {
 protected:
  static void SetUpTestSuite() { SharedPgServer().Run(kTypesSql); }

  static std::string Ask(const std::string& sql) {
    const auto rows = RunFill(Database(), MakeStatement(sql));
    return rows ? rows->json : std::string(ErrorName(rows.error().code)) + " " + rows.error().message;
  }

  static Source& Database() {
    static const auto source = OpenPgSource(SharedPgServer().Settings());
    return *source;
  }
};

std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return quoted + "'";
}

std::string Pick(const std::vector<std::string>& choices) { return *rc::gen::elementOf(choices); }

std::int64_t Number(std::int64_t min, std::int64_t max) { return *rc::gen::inRange<std::int64_t>(min, max); }

// Text that is made of what the text forms of arrays and composites are made of.
std::string AnyText() {
  static const std::vector<std::string> pieces = {"a",  "B",    " ",    ",",       "\"", "\\", "{", "}",
                                                  "(",  ")",    "NULL", "null",    "'",  ";",  "é", "\t",
                                                  "\n", "\x01", "𝄞",    "[1:2]={", "[",  "]",  ":"};
  std::string text;
  for (auto length = Number(0, 7); length > 0; --length) text += Pick(pieces);
  return text;
}

std::string AnyDouble() {
  if (Number(0, 8) == 0) return Pick({"NaN", "Infinity", "-Infinity", "-0", "1e300", "5e-324", "0.1"});
  return fmt::format("{}", std::bit_cast<double>(*rc::gen::arbitrary<std::uint64_t>()));
}

std::string AnyNumeric() {
  std::string digits = Pick({"", "-"});
  for (auto length = Number(1, 40); length > 0; --length) digits += std::to_string(Number(0, 10));
  if (Number(0, 2) == 0) digits += "." + std::to_string(Number(0, 1000000000));
  return Number(0, 10) == 0 ? Pick({"NaN", "Infinity", "-Infinity", "0.00"}) : digits;
}

std::string AnyDate() {
  if (Number(0, 10) == 0) return Pick({"infinity", "-infinity", "0044-03-15 BC", "12013-06-07"});
  return fmt::format("{:04}-{:02}-{:02}", Number(1, 4000), Number(1, 13), Number(1, 29));
}

std::string AnyTime() {
  const std::string fraction = Number(0, 2) == 0 ? fmt::format(".{:06}", Number(0, 1000000)) : "";
  return fmt::format("{:02}:{:02}:{:02}{}", Number(0, 24), Number(0, 60), Number(0, 60), fraction);
}

std::string AnyTimestamp() {
  if (Number(0, 10) == 0) return Pick({"infinity", "-infinity", "0044-03-15 05:06:07.5 BC", "12013-06-07 01:02:03"});
  return fmt::format("{:04}-{:02}-{:02} {}", Number(1, 4000), Number(1, 13), Number(1, 29), AnyTime());
}

std::string AnyInterval() {
  return fmt::format("{} months {} days {} microseconds", Number(-100, 100), Number(-100, 100),
                     Number(-100000000000, 100000000000));
}

std::string AnyJson() {
  std::string text;
  AppendJsonString(text, AnyText());
  return Pick(
      {"null", "true", " [1,  2.50,{\"a\":\n[]}]", "{\"b\": 1, \"a\": 1e400}", text, "{" + text + ":" + text + "}"});
}

std::string AnyHex() {
  std::string hex = "\\x";
  for (auto length = Number(0, 100); length > 0; --length) hex += fmt::format("{:02x}", Number(0, 256));
  return hex;
}

std::string AnyUuid() {
  return fmt::format("{:08x}-0000-4000-8000-{:012x}", Number(0, 1LL << 32), Number(0, 1LL << 47));
}

// A scalar whose JSON is what to_json makes of it.
Type Plain(const std::string& name, const std::function<std::string()>& text) {
  return {name, [=] {
            const std::string value = Quoted(text()) + "::" + name;
            return Sample{value, "to_json(" + value + ")"};
          }};
}

Type Bytea() {
  return {"bytea", [] {
            const std::string value = Quoted(AnyHex()) + "::bytea";
            return Sample{value, "to_json(replace(encode(" + value + ", 'base64'), E'\\n', ''))"};
          }};
}

// Documented exceptions: to_json makes objects and lists of these, and KCK strings.
Type AsString(const std::string& name, const std::function<std::string()>& text) {
  return {name, [=] {
            const std::string value = Quoted(text()) + "::" + name;
            return Sample{value, "to_json(" + value + "::text)"};
          }};
}

std::function<std::string()> From(std::vector<std::string> choices) {
  return [choices = std::move(choices)] { return Pick(choices); };
}

std::vector<Type> Scalars() {
  return {
      Plain("bool", From({"t", "f"})),
      Plain("int2", [] { return std::to_string(Number(-32768, 32768)); }),
      Plain("int4", [] { return std::to_string(Number(-2147483648LL, 2147483648LL)); }),
      Plain("int8", [] { return std::to_string(*rc::gen::arbitrary<std::int64_t>()); }),
      Plain("float4", [] { return fmt::format("{}", std::bit_cast<float>(*rc::gen::arbitrary<std::uint32_t>())); }),
      Plain("float8", AnyDouble),
      Plain("numeric", AnyNumeric),
      Plain("text", AnyText),
      Plain("varchar", AnyText),
      Plain("char(9)", From({"", "a", "a  b", "\"x\""})),
      Plain("\"char\"", From({"", "x", "\"", "\\"})),
      Plain("name", From({"plain", "with space"})),
      Plain("json", AnyJson),
      Plain("jsonb", [] { return Pick({"1e100", "{\"b\": [1, null], \"a\": \"\\\"\"}", "[]", "-0.00"}); }),
      Plain("date", AnyDate),
      Plain("time", AnyTime),
      Plain("timetz", [] { return AnyTime() + Pick({"+00", "-05:30", "+13"}); }),
      Plain("timestamp", AnyTimestamp),
      Plain("timestamptz", AnyTimestamp),
      Plain("interval", AnyInterval),
      Plain("uuid", AnyUuid),
      Bytea(),
      Plain("kinds.mood", From({"sad", "a, b", "\"quoted\"", "NULL", "{}"})),
      Plain("kinds.small", [] { return std::to_string(Number(-1000, 1000)); }),
      Plain("oid", [] { return std::to_string(Number(0, 4294967296)); }),
      Plain("money", [] { return std::to_string(Number(-100000, 100000)); }),
      Plain("inet", From({"10.0.0.1", "10.0.0.0/8", "::1"})),
      Plain("macaddr", From({"08:00:2b:01:02:03"})),
      Plain("bit(4)", From({"0101", "1111"})),
      Plain("varbit", From({"", "1"})),
      Plain("int4range", From({"empty", "[1,5)", "(,)", "[3,]"})),
      Plain("tsrange", [] { return "[2013-01-01 05:00," + Pick({"2014-01-01 00:00:00.5]", "infinity)", ")"}); }),
      Plain("int4multirange", From({"{}", "{[1,3),[7,9)}"})),
      Plain("point", From({"(1,2)", "(-0.5,1e10)"})),
      Plain("box", From({"(1,1),(0,0)"})),
      Plain("tsvector", From({"a:1 b:2", "'it''s'"})),
      Plain("xml", From({"<a>\"x\" &amp; y</a>"})),
      Plain("pg_lsn", From({"0/16B3748"})),
      AsString("hstore", From({"a=>1, \"b,\"=>NULL", ""})),
      AsString("int2vector", From({"1 2 3", ""})),
  };
}

Sample MaybeNull(const Type& type) {
  if (Number(0, 6) == 0) return {"null::" + type.name, "'null'::json"};
  return type.make();
}

// A random list of values, and the list of their JSON.
Sample List(const Type& type, std::int64_t length) {
  Sample list;
  for (std::int64_t i = 0; i < length; ++i) {
    const Sample element = MaybeNull(type);
    list.value += (i > 0 ? ", " : "") + element.value;
    list.json += (i > 0 ? ", " : "") + element.json;
  }
  return list;
}

// One or two dimensions.
Type ArrayOf(const Type& type) {
  return {type.name + "[]", [=] {
            const auto rows = Number(0, 3);
            const auto length = rows == 0 ? Number(0, 4) : Number(1, 4);
            if (rows == 0) {
              const Sample list = List(type, length);
              return Sample{"array[" + list.value + "]::" + type.name + "[]", "json_build_array(" + list.json + ")"};
            }
            Sample whole;
            for (std::int64_t row = 0; row < rows; ++row) {
              const Sample list = List(type, length);
              whole.value += (row > 0 ? ", array[" : "array[") + list.value + "]";
              whole.json += (row > 0 ? ", json_build_array(" : "json_build_array(") + list.json + ")";
            }
            return Sample{"array[" + whole.value + "]::" + type.name + "[]", "json_build_array(" + whole.json + ")"};
          }};
}

Type Composite(const std::string& name, const std::vector<std::pair<std::string, Type>>& fields) {
  return {name, [=] {
            std::string values;
            std::string json;
            for (const auto& [field, type] : fields) {
              const Sample sample = MaybeNull(type);
              values += (values.empty() ? "" : ", ") + sample.value;
              json += (json.empty() ? "" : ", ") + Quoted(field) + ", " + sample.json;
            }
            return Sample{"row(" + values + ")::" + name, "json_build_object(" + json + ")"};
          }};
}

std::vector<Type> AllTypes() {
  std::vector<Type> types = Scalars();
  const auto named = [&](const std::string& name) { return *std::ranges::find(types, name, &Type::name); };
  const Type pair = Composite("kinds.pair", {{"a", named("text")}, {"b", ArrayOf(named("int4"))}});
  const Type smalls = {"kinds.smalls", ArrayOf(named("kinds.small")).make};
  const Type deep = Composite(
      "kinds.\"deep one\"",
      {{"p", pair}, {"q", ArrayOf(pair)}, {"r \"x\"", named("timestamptz")}, {"s", named("bytea")}, {"t", smalls}});
  std::vector<Type> arrays;
  for (const Type& type : types) arrays.push_back(ArrayOf(type));
  types.insert(types.end(), arrays.begin(), arrays.end());
  for (const Type& type : {pair, smalls, deep, ArrayOf(pair), ArrayOf(deep)}) types.push_back(type);
  return types;
}

// JSON written in one way: no spaces, one kind of escape; numbers as they stand, since numeric is exact.
void AppendPlain(std::string& out, simdjson::ondemand::value value) {
  switch (value.type()) {
    case simdjson::ondemand::json_type::array: {
      out += '[';
      for (auto element : value.get_array()) {
        AppendPlain(out, element.value());
        out += ',';
      }
      out += ']';
      return;
    }
    case simdjson::ondemand::json_type::object: {
      out += '{';
      for (auto field : value.get_object()) {
        AppendJsonString(out, std::string_view(field.unescaped_key()));
        out += ':';
        AppendPlain(out, field.value());
        out += ',';
      }
      out += '}';
      return;
    }
    case simdjson::ondemand::json_type::string:
      AppendJsonString(out, std::string_view(value.get_string()));
      return;
    default: {
      std::string_view token = value.raw_json_token();
      token = token.substr(0, token.find_last_not_of(" \n\t") + 1);
      out += token;
    }
  }
}

std::string PlainJson(const std::string& text) {
  simdjson::ondemand::parser parser;
  const simdjson::padded_string padded(text);
  auto document = parser.iterate(padded);
  std::string out;
  AppendPlain(out, document.get_value());
  return out;
}

// A row that has a column of each type, rendered, against what PostgreSQL makes of the same values.
void AgreeOnARow(const std::vector<Type>& types, PgClient& oracle, Source& source) {
  std::string values;
  std::string json;
  for (const Type& type : types) {
    const Sample sample = MaybeNull(type);
    values += (values.empty() ? "" : ", ") + sample.value;
    json += (json.empty() ? "" : ", ") + sample.json;
  }
  const std::string expected = oracle.Run("select json_build_array(json_build_array(" + json + "))")[0];
  const auto rows = RunFill(source, MakeStatement("select " + values));
  if (!rows) RC_FAIL(rows.error().message + " for " + values);
  RC_ASSERT(PlainJson(rows->json) == PlainJson(expected));
}

TEST_F(PgJson, AgreesWithPostgresOnValuesOfEveryType) {
  const std::vector<Type> types = AllTypes();
  PgClient oracle(SharedPgServer().Url());
  oracle.Run(SessionSql(SharedPgServer().Settings(), PgAccess::kRead));
  // In rows of a few columns, since the arguments of a function are limited to 100.
  for (std::size_t from = 0; from < types.size(); from += 20) {
    const auto end = types.begin() + static_cast<std::ptrdiff_t>(std::min(from + 20, types.size()));
    const std::vector<Type> some(types.begin() + static_cast<std::ptrdiff_t>(from), end);
    EXPECT_TRUE(rc::check([&] { AgreeOnARow(some, oracle, Database()); }));
  }
}

TEST_F(PgJson, WritesTimestampsAsIso8601) {
  EXPECT_EQ(Ask("select timestamp '2013-01-01 05:00', timestamptz '2013-01-01 05:00:00.25-05', "
                "date '2013-01-01', time '05:00', interval '1 day 2 hours', timestamp 'infinity'"),
            R"([["2013-01-01T05:00:00","2013-01-01T10:00:00.25+00:00","2013-01-01","05:00:00","P1DT2H","infinity"]])");
}

TEST_F(PgJson, KeepsNumericExact) {
  EXPECT_EQ(Ask("select 0.10::numeric, 123456789012345678901234567890.0000000001, 'NaN'::numeric, 'Infinity'::float8"),
            R"([[0.10,123456789012345678901234567890.0000000001,"NaN","Infinity"]])");
}

TEST_F(PgJson, PassesOverArrayBounds) {
  EXPECT_EQ(Ask("select '[0:2]={1,2,3}'::int[], '[-1:0][2:3]={{a,b},{c,NULL}}'::text[], '{}'::int[]"),
            R"([[[1,2,3],[["a","b"],["c",null]],[]]])");
}

TEST_F(PgJson, ReadsDomainsOverComposites) {
  EXPECT_EQ(Ask("select row('x', array[1])::kinds.pair::kinds.paired"), R"([[{"a":"x","b":[1]}]])");
}

TEST_F(PgJson, ReadsCompositesAgainWhenTheyWereAltered) {
  SharedPgServer().Run(
      "drop table if exists kinds.changing; create table kinds.changing (a int, b text);"
      "insert into kinds.changing values (1, 'x')");
  const std::string sql = "select c, array[c] from kinds.changing c";
  EXPECT_EQ(Ask(sql), R"([[{"a":1,"b":"x"},[{"a":1,"b":"x"}]]])");
  SharedPgServer().Run("alter table kinds.changing rename a to z");
  EXPECT_EQ(Ask(sql), R"([[{"z":1,"b":"x"},[{"z":1,"b":"x"}]]])");
  SharedPgServer().Run("alter table kinds.changing alter z type text, drop b, add d bool default true");
  EXPECT_EQ(Ask(sql), R"([[{"z":"1","d":true},[{"z":"1","d":true}]]])");
}

TEST_F(PgJson, RefusesTextThatDoesNotFitItsType) {
  const PgTypes types;
  std::string out;
  EXPECT_FALSE(AppendPgValue(out, types, kPgInt4, "1,\"x\""));
  EXPECT_FALSE(AppendPgValue(out, types, kPgBool, "yes"));
}

}  // namespace
}  // namespace kck
