// What KCK knows of a database's types: enough to turn the text form of a value into JSON.
//
// Built-in scalar types are known from the start; arrays, domains, enums and composites are read from the catalogue by
// OID when a result first holds them. One PgTypes a connection, used by its thread alone.
#pragma once

#include <libpq-fe.h>

#include <string>
#include <unordered_map>
#include <vector>

namespace kck {

// OIDs of built-in types, as PostgreSQL's catalogue fixes them (pg_type.dat).
inline constexpr Oid kPgInferred = 0;
inline constexpr Oid kPgBool = 16;
inline constexpr Oid kPgInt4 = 23;
inline constexpr Oid kPgInt8 = 20;
inline constexpr Oid kPgText = 25;
inline constexpr Oid kPgFloat8 = 701;
inline constexpr Oid kPgDate = 1082;
inline constexpr Oid kPgTimestampTz = 1184;
inline constexpr Oid kPgUuid = 2950;

// How the text of a value becomes JSON.
enum class PgKind {
  kString,       // as a JSON string: text, and every type that has no better form
  kBool,         // true, false
  kNumber,       // its digits as they are, so that numeric stays exact; NaN and infinities are strings
  kJson,         // embedded as it is
  kTimestamp,    // ISO 8601, with a T
  kTimestampTz,  // ISO 8601, with a T and the minutes of the offset
  kBytea,        // base64
  kArray,        // a list; lists of lists where it has more dimensions
  kComposite,    // an object
  kDomain,       // as its base type
};

struct PgField {
  std::string name;
  Oid type;
};

struct PgType {
  PgKind kind = PgKind::kString;
  Oid part = 0;          // of an array its element's type, of a domain its base
  char delimiter = ',';  // between the elements of an array
  std::vector<PgField> fields;
};

class PgTypes {
 public:
  PgTypes();

  // Those of `types` that are to be read before a value of theirs can be rendered: the unknown ones, and those that
  // hold a composite, whose fields ALTER TABLE may have changed since they were last read.
  std::vector<Oid> ToRead(const std::vector<Oid>& types) const;

  // Reads types with all that they are made of; $1 is an array of OIDs, as OidList writes it.
  static const char* ReadSql();
  static std::string OidList(const std::vector<Oid>& types);

  // Takes what ReadSql brought, in place of what was known.
  void Learn(const PGresult& rows);

  // The type, with domains resolved. One that is not known is a string.
  const PgType& Find(Oid type) const;

 private:
  bool HoldsComposite(const PgType& type) const;

  std::unordered_map<Oid, PgType> types_;
};

}  // namespace kck
