#include "source/pg_json.h"

#include <fmt/format.h>

#include <set>
#include <span>

#include "base/base64.h"
#include "base/hex.h"
#include "base/json.h"
#include "source/pg_batch.h"
#include "source/pg_batch_rows.h"
#include "source/pg_literal.h"

namespace kck {
namespace {

bool AppendBool(std::string& out, std::string_view text) {
  if (text != "t" && text != "f") return false;
  out += text == "t" ? "true" : "false";
  return true;
}

bool AppendNumber(std::string& out, std::string_view text) {
  if (text == "NaN" || text == "Infinity" || text == "-Infinity") {
    AppendJsonString(out, text);
    return true;
  }
  const bool is_number = !text.empty() && text.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
  out += text;
  return is_number;
}

// "2013-01-01 05:00:00+00 BC" becomes "2013-01-01T05:00:00+00:00 BC"; infinity and -infinity stay.
bool AppendTimestamp(std::string& out, std::string_view text, bool has_zone) {
  std::string iso(text);
  const std::size_t space = iso.find(' ');
  if (space == std::string::npos) {
    AppendJsonString(out, iso);
    return true;
  }
  iso[space] = 'T';
  const std::size_t zone = has_zone ? iso.find_first_of("+-", space) : std::string::npos;
  const bool only_hours = zone != std::string::npos && (zone + 3 == iso.size() || iso[zone + 3] == ' ');
  if (only_hours) iso.insert(zone + 3, ":00");
  AppendJsonString(out, iso);
  return true;
}

bool AppendBytea(std::string& out, std::string_view text) {
  if (text.substr(0, 2) != "\\x" || text.size() % 2 != 0) return false;
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 2; i < text.size(); i += 2) {
    const int high = HexDigit(text[i]);
    const int low = HexDigit(text[i + 1]);
    if (high < 0 || low < 0) return false;
    bytes += static_cast<char>(high * 16 + low);
  }
  out += '"';
  AppendBase64(out, bytes);
  out += '"';
  return true;
}

bool AppendValue(std::string& out, const PgTypes& types, const PgType& type, std::string_view text);

bool AppendArray(std::string& out, const PgTypes& types, const PgType& type, std::string_view text) {
  PgArrayVisitor visitor;
  visitor.open = [&] { out += '['; };
  visitor.next = [&] { out += ','; };
  visitor.close = [&] { out += ']'; };
  const PgType& part = types.Find(type.part);
  visitor.element = [&](std::optional<std::string_view> element) {
    if (element) return AppendValue(out, types, part, *element);
    out += "null";
    return true;
  };
  return VisitPgArray(text, type.delimiter, visitor);
}

bool AppendComposite(std::string& out, const PgTypes& types, const PgType& type, std::string_view text) {
  const auto fields = SplitPgComposite(text, type.fields.size());
  if (!fields) return false;
  out += '{';
  for (std::size_t i = 0; i < fields->size(); ++i) {
    if (i > 0) out += ',';
    AppendJsonString(out, type.fields[i].name);
    out += ':';
    const std::optional<std::string>& field = (*fields)[i];
    if (!field) {
      out += "null";
    } else if (!AppendPgValue(out, types, type.fields[i].type, *field)) {
      return false;
    }
  }
  out += '}';
  return true;
}

bool AppendValue(std::string& out, const PgTypes& types, const PgType& type, std::string_view text) {
  switch (type.kind) {
    case PgKind::kBool:
      return AppendBool(out, text);
    case PgKind::kNumber:
      return AppendNumber(out, text);
    case PgKind::kJson:
      out += text;
      return true;
    case PgKind::kTimestamp:
      return AppendTimestamp(out, text, false);
    case PgKind::kTimestampTz:
      return AppendTimestamp(out, text, true);
    case PgKind::kBytea:
      return AppendBytea(out, text);
    case PgKind::kArray:
      return AppendArray(out, types, type, text);
    case PgKind::kComposite:
      return AppendComposite(out, types, type, text);
    case PgKind::kString:
    case PgKind::kDomain:
      break;
  }
  AppendJsonString(out, text);
  return true;
}

std::optional<std::string_view> Cell(const PGresult& result, int row, int column) {
  if (PQgetisnull(&result, row, column) != 0) return std::nullopt;
  return std::string_view(PQgetvalue(&result, row, column),
                          static_cast<std::size_t>(PQgetlength(&result, row, column)));
}

// The row that holds the stamp. A plan gives it first or last.
int StampRow(const PGresult& result) {
  const int row_count = PQntuples(&result);
  if (row_count > 0 && PQgetisnull(&result, row_count - 1, 0) == 0) return row_count - 1;
  int row = 0;
  while (row < row_count && PQgetisnull(&result, row, 0) != 0) ++row;
  return row;
}

// Of a product of objects: a field that is there twice.
std::optional<Error> SameNameError(const PGresult& result, RowShape shape, PgColumns columns) {
  if (shape != RowShape::kDicts) return std::nullopt;
  std::set<std::string_view> names;
  for (int column = static_cast<int>(columns); column < PQnfields(&result); ++column) {
    const char* name = PQfname(&result, column);
    if (names.insert(name).second) continue;
    return Error{ErrorCode::kSourceError,
                 fmt::format("two columns are named {}; give one another name with AS, or use type: rows", name)};
  }
  return std::nullopt;
}

class RowWriter {
 public:
  RowWriter(const PGresult& result, const PgTypes& types, RowShape shape, PgColumns columns)
      : result_(result), types_(types), first_column_(static_cast<int>(columns)) {
    const bool named = shape == RowShape::kDicts;
    open_ = named ? '{' : '[';
    close_ = named ? '}' : ']';
    for (int column = first_column_; column < PQnfields(&result); ++column) {
      std::string before = column > first_column_ ? "," : "";
      if (named) {
        AppendJsonString(before, PQfname(&result, column));
        before += ':';
      }
      columns_.push_back({std::move(before), &types.Find(PQftype(&result, column))});
    }
  }

  bool Append(std::string& out, int row) const {
    out += open_;
    int number = first_column_;
    for (const Column& column : columns_) {
      out += column.before;
      const auto cell = Cell(result_, row, number++);
      if (!cell) {
        out += "null";
      } else if (!AppendValue(out, types_, *column.type, *cell)) {
        return false;
      }
    }
    out += close_;
    return true;
  }

 private:
  struct Column {
    std::string before;  // what stands before its value
    const PgType* type;
  };

  const PGresult& result_;
  const PgTypes& types_;
  const int first_column_;
  char open_;
  char close_;
  std::vector<Column> columns_;
};

constexpr int kNoRow = -1;

std::vector<int> RowsBut(const PGresult& result, int skipped_row) {
  std::vector<int> numbers;
  for (int row = 0; row < PQntuples(&result); ++row) {
    if (row != skipped_row) numbers.push_back(row);
  }
  return numbers;
}

Failure AlteredFailure() {
  return Fail(ErrorCode::kSourceError, "a type was altered while the statement ran; ask again");
}

// Appends the rows of these numbers as a JSON list.
bool AppendRows(std::string& out, const RowWriter& writer, std::span<const int> numbers) {
  out += '[';
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) out += ',';
    if (!writer.Append(out, numbers[i])) return false;
  }
  out += ']';
  return true;
}

// json and row_count, of the rows of these numbers.
Result<Rows> Render(const PGresult& result, const PgTypes& types, RowShape shape, PgColumns columns,
                    const std::vector<int>& numbers) {
  if (auto error = SameNameError(result, shape, columns)) return Failure(*std::move(error));
  Rows rows;
  rows.row_count = numbers.size();
  if (!AppendRows(rows.json, RowWriter(result, types, shape, columns), numbers)) return AlteredFailure();
  return rows;
}

}  // namespace

bool AppendPgValue(std::string& out, const PgTypes& types, Oid type, std::string_view text) {
  return AppendValue(out, types, types.Find(type), text);
}

std::vector<Oid> PgColumnTypes(const PGresult& result, PgColumns columns) {
  std::vector<Oid> types;
  for (int column = static_cast<int>(columns); column < PQnfields(&result); ++column) {
    types.push_back(PQftype(&result, column));
  }
  return types;
}

Result<Rows> PgRows(const PGresult& result, const PgTypes& types, RowShape shape) {
  const int stamp_row = StampRow(result);
  Result<Rows> rows = Render(result, types, shape, PgColumns::kAfterStamp, RowsBut(result, stamp_row));
  if (!rows) return rows;
  if (const auto stamp = Cell(result, stamp_row, 0)) rows->stamp = InternStamp(*stamp);
  if (!rows->stamp) return Fail(ErrorCode::kSourceError, "the database sent no snapshot with its rows");
  return rows;
}

Result<std::vector<Rows>> PgRowsOfBatch(const PGresult& result, const PgTypes& types, RowShape shape, PgColumns columns,
                                        std::size_t keys) {
  StampPtr stamp;
  for (int row = 0; row < PQntuples(&result) && !stamp; ++row) {
    if (const auto text = Cell(result, row, kPgBatchStamp)) stamp = InternStamp(*text);
  }
  if (!stamp) return Fail(ErrorCode::kSourceError, "the database sent no snapshot with its rows");
  if (auto error = SameNameError(result, shape, columns)) return Failure(*std::move(error));
  const RowWriter writer(result, types, shape, columns);
  const PgBatchRows rows(result, columns == PgColumns::kAfterOrder, keys);
  std::vector<Rows> all(keys);
  std::string json;  // of one key after the other, so that each has one block of its size
  for (std::size_t key = 0; key < keys; ++key) {
    json.clear();
    const std::span<const int> numbers = rows.Of(key);
    if (!AppendRows(json, writer, numbers)) return AlteredFailure();
    all[key].json = json;
    all[key].row_count = numbers.size();
    all[key].stamp = stamp;
  }
  return all;
}

Result<std::string> PgReturning(const PGresult& result, const PgTypes& types, RowShape shape) {
  Result<Rows> rows = Render(result, types, shape, PgColumns::kAll, RowsBut(result, kNoRow));
  if (!rows) return Failure(std::move(rows.error()));
  return std::move(rows->json);
}

}  // namespace kck
