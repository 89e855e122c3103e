#include "source/pg_types.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace kck {
namespace {

struct BuiltIn {
  Oid type;
  PgKind kind;
};

constexpr BuiltIn kBuiltIns[] = {
    {kPgBool, PgKind::kBool},     {17, PgKind::kBytea},
    {18, PgKind::kString},                                // "char"
    {19, PgKind::kString},                                // name
    {kPgInt8, PgKind::kNumber},   {21, PgKind::kNumber},  // int2
    {kPgInt4, PgKind::kNumber},   {kPgText, PgKind::kString},
    {26, PgKind::kString},                                  // oid
    {114, PgKind::kJson},         {700, PgKind::kNumber},   // float4
    {kPgFloat8, PgKind::kNumber}, {1042, PgKind::kString},  // bpchar
    {1043, PgKind::kString},                                // varchar
    {kPgDate, PgKind::kString},   {1083, PgKind::kString},  // time
    {1114, PgKind::kTimestamp},   {kPgTimestampTz, PgKind::kTimestampTz},
    {1186, PgKind::kString},                              // interval
    {1266, PgKind::kString},                              // timetz
    {1700, PgKind::kNumber},                              // numeric
    {kPgUuid, PgKind::kString},   {3802, PgKind::kJson},  // jsonb
};

// One row a type, or one a field of a composite. Arrays are told by their category and length: name, point and the like
// have an element type too, and int2vector and oidvector (22, 30) print without braces.
constexpr const char* kReadSql = R"(
with recursive need(oid) as (
  select pg_catalog.unnest($1::pg_catalog.oid[])
  union
  select part.oid
  from need
  join pg_catalog.pg_type t on t.oid = need.oid
  cross join lateral (
    select t.typbasetype
    union all select t.typelem where t.typcategory = 'A' and t.typlen = -1
    union all select a.atttypid from pg_catalog.pg_attribute a
              where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
  ) part(oid)
  where part.oid <> 0
)
select t.oid,
       case when t.typtype = 'd' then 'd'
            when t.typtype = 'c' then 'c'
            when t.typcategory = 'A' and t.typlen = -1 and t.typelem <> 0 and t.oid not in (22, 30) then 'a'
            else '' end,
       case when t.typtype = 'd' then t.typbasetype else t.typelem end,
       coalesce(e.typdelim, ','),
       a.attname,
       a.atttypid
from need
join pg_catalog.pg_type t on t.oid = need.oid
left join pg_catalog.pg_type e on e.oid = t.typelem
left join pg_catalog.pg_attribute a
       on t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
order by t.oid, a.attnum)";

enum Column { kOid, kKind, kPart, kDelimiter, kFieldName, kFieldType };

std::string_view Text(const PGresult& rows, int row, Column column) {
  return {PQgetvalue(&rows, row, column), static_cast<std::size_t>(PQgetlength(&rows, row, column))};
}

Oid OidAt(const PGresult& rows, int row, Column column) {
  const std::string_view text = Text(rows, row, column);
  Oid oid = 0;
  std::from_chars(text.data(), text.data() + text.size(), oid);
  return oid;
}

PgKind KindAt(const PGresult& rows, int row) {
  const std::string_view letter = Text(rows, row, kKind);
  if (letter == "a") return PgKind::kArray;
  if (letter == "c") return PgKind::kComposite;
  if (letter == "d") return PgKind::kDomain;
  return PgKind::kString;
}

bool IsBuiltIn(Oid type) {
  return std::any_of(std::begin(kBuiltIns), std::end(kBuiltIns), [&](const BuiltIn& b) { return b.type == type; });
}

}  // namespace

PgTypes::PgTypes() {
  for (const BuiltIn& built_in : kBuiltIns) types_[built_in.type].kind = built_in.kind;
}

bool PgTypes::HoldsComposite(const PgType& type) const {
  if (type.kind == PgKind::kComposite) return true;
  return type.kind == PgKind::kArray && HoldsComposite(Find(type.part));
}

std::vector<Oid> PgTypes::ToRead(const std::vector<Oid>& types) const {
  std::vector<Oid> to_read;
  for (const Oid type : types) {
    if (!types_.contains(type) || HoldsComposite(Find(type))) to_read.push_back(type);
  }
  return to_read;
}

const char* PgTypes::ReadSql() { return kReadSql; }

std::string PgTypes::OidList(const std::vector<Oid>& types) { return fmt::format("{{{}}}", fmt::join(types, ",")); }

void PgTypes::Learn(const PGresult& rows) {
  Oid previous = 0;
  for (int row = 0; row < PQntuples(&rows); ++row) {
    const Oid oid = OidAt(rows, row, kOid);
    if (IsBuiltIn(oid)) continue;
    PgType& type = types_[oid];
    if (oid != previous) type = PgType{KindAt(rows, row), OidAt(rows, row, kPart), Text(rows, row, kDelimiter)[0], {}};
    previous = oid;
    const bool has_field = PQgetisnull(&rows, row, kFieldName) == 0;
    if (has_field) type.fields.push_back({std::string(Text(rows, row, kFieldName)), OidAt(rows, row, kFieldType)});
  }
}

const PgType& PgTypes::Find(Oid type) const {
  static const PgType kUnknown;
  auto found = types_.find(type);
  while (found != types_.end() && found->second.kind == PgKind::kDomain) found = types_.find(found->second.part);
  return found == types_.end() ? kUnknown : found->second;
}

}  // namespace kck
