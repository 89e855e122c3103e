#include "model/sql_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace kck {
namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNamePart(char c) { return IsLetter(c) || IsDigit(c); }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
// SQL's identifiers may go on with bytes of other scripts and with a dollar.
bool IsIdentifierPart(char c) { return IsNamePart(c) || c == '$' || static_cast<unsigned char>(c) >= 0x80; }

// Words within an expression after which a value begins, so that a colon behind them in brackets is no slice's:
// `array[case when a then :b else :c end]`. No column has such a name without quotes or a table's name before it.
bool BeginsValue(std::string_view word) {
  static constexpr std::array<std::string_view, 11> kWords = {"and",  "between", "case", "else", "from", "ilike",
                                                              "like", "not",     "or",   "then", "when"};
  return std::ranges::any_of(kWords, [&](std::string_view known) {
    return std::ranges::equal(word, known, {}, [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  });
}

class Scanner {
 public:
  Scanner(std::string_view sql, SqlDialect dialect) : sql_(sql), dialect_(dialect) {}

  tl::expected<SqlTemplate, SqlFault> Scan() {
    // A zero byte would end the text for the database, and let what follows it go unread.
    if (const std::size_t zero = sql_.find('\0'); zero != std::string_view::npos) {
      return Bad(zero, "the SQL holds a zero byte; take it out");
    }
    while (at_ < sql_.size()) {
      if (Outcome step = Step(); !step) return tl::unexpected(std::move(step.error()));
    }
    if (!begun_) return Bad(0, "there is no statement in the SQL; write a select");
    const std::size_t end = closed_ ? *closed_ : sql_.size();
    found_.text.emplace_back(sql_.substr(text_from_, end - text_from_));
    return std::move(found_);
  }

 private:
  using Outcome = tl::expected<void, SqlFault>;

  Outcome Step() {
    const char c = sql_[at_];
    if (IsSpace(c)) {
      ++at_;
      return {};
    }
    if (Sees("--")) return SkipLine();
    if (Sees("/*")) return SkipComment();
    if (closed_) return Bad(at_, "a second statement begins here; a product is one statement");
    if (c == ';') {
      closed_ = at_++;
      return {};
    }
    begun_ = true;
    return Token(c);
  }

  // One token of the statement, which begins with `c`.
  Outcome Token(char c) {
    if (c == '\'') return SkipString(false);
    if ((c == 'e' || c == 'E') && Peek(1) == '\'' && dialect_ == SqlDialect::kPostgres) {
      ++at_;
      return SkipString(true);
    }
    if (c == '"') return SkipQuoted('"');
    if (dialect_ == SqlDialect::kSqlite && c == '`') return SkipQuoted('`');
    if (dialect_ == SqlDialect::kSqlite && c == '[') return SkipBracketName();
    if (IsLetter(c) || static_cast<unsigned char>(c) >= 0x80) return SkipIdentifier();
    if (IsDigit(c)) return SkipNumber();
    if (c == '$') return Dollar();
    if ((c == '?' || c == '@') && dialect_ == SqlDialect::kSqlite) {
      return Bad(at_, fmt::format("write a parameter as :name, not with {}", c));
    }
    if (c == ':') return Colon();
    if (c == '[' || c == '(') open_ += c;
    if ((c == ']' || c == ')') && !open_.empty()) open_.pop_back();
    after_value_ = c == ']' || c == ')';
    ++at_;
    return {};
  }

  // A colon that begins a parameter: one that is no cast, no `:=`, and no slice between two values (`a[1:n]`).
  Outcome Colon() {
    if (Sees("::") || Sees(":=")) {
      at_ += 2;
      after_value_ = false;
      return {};
    }
    const bool slice = open_.ends_with('[') && after_value_;
    if (dialect_ == SqlDialect::kSqlite && !IsLetter(Peek(1)) && IsIdentifierPart(Peek(1))) {
      return Bad(at_, "a parameter's name begins with a letter of a-z or _");  // SQLite would bind it, to NULL
    }
    if (slice || !IsLetter(Peek(1))) {
      ++at_;
      after_value_ = false;
      return {};
    }
    std::size_t end = at_ + 1;
    while (end < sql_.size() && IsNamePart(sql_[end])) ++end;
    found_.text.emplace_back(sql_.substr(text_from_, at_ - text_from_));
    found_.params.push_back({std::string(sql_.substr(at_ + 1, end - at_ - 1)), at_});
    text_from_ = at_ = end;
    after_value_ = true;
    return {};
  }

  Outcome Dollar() {
    if (IsDigit(Peek(1))) return Bad(at_, "write a parameter as :name, not by number");
    if (dialect_ == SqlDialect::kSqlite) return Bad(at_, "write a parameter as :name, not as $name");
    std::size_t tag_end = at_ + 1;
    while (tag_end < sql_.size() && (IsNamePart(sql_[tag_end]) || static_cast<unsigned char>(sql_[tag_end]) >= 0x80)) {
      ++tag_end;
    }
    if (tag_end >= sql_.size() || sql_[tag_end] != '$')
      return Bad(at_, "this dollar begins neither a quote nor a name");
    const std::string_view tag = sql_.substr(at_, tag_end + 1 - at_);
    const std::size_t close = sql_.find(tag, tag_end + 1);
    if (close == std::string_view::npos)
      return Bad(at_, fmt::format("the quote {0} is not closed; close it with {0}", tag));
    at_ = close + tag.size();
    after_value_ = true;
    return {};
  }

  Outcome SkipLine() {
    // For PostgreSQL a carriage return ends the line too.
    const std::size_t end = sql_.find_first_of(dialect_ == SqlDialect::kPostgres ? "\n\r" : "\n", at_);
    at_ = end == std::string_view::npos ? sql_.size() : end + 1;
    return {};
  }

  Outcome SkipComment() {
    const std::size_t start = at_;
    int depth = 0;
    do {
      if (at_ >= sql_.size()) return Bad(start, "the comment is not closed; close it with */");
      if (Sees("/*") && (depth == 0 || dialect_ == SqlDialect::kPostgres)) {
        ++depth;
        at_ += 2;
      } else if (Sees("*/")) {
        --depth;
        at_ += 2;
      } else {
        ++at_;
      }
    } while (depth > 0);
    return {};
  }

  Outcome SkipString(bool backslashes) {
    const std::size_t start = at_++;
    while (at_ < sql_.size()) {
      if (backslashes && sql_[at_] == '\\') {
        at_ += 2;
      } else if (sql_[at_] != '\'') {
        ++at_;
      } else if (Peek(1) == '\'') {
        at_ += 2;
      } else if (const std::size_t more = ContinuedAt(at_ + 1); backslashes && more > 0) {
        at_ = more + 1;
      } else {
        ++at_;
        after_value_ = true;
        return {};
      }
    }
    return Bad(start, "the string is not closed; close it with '");
  }

  // Where the string that ended before `from` goes on: SQL joins strings that only blanks and a new line part, and the
  // later ones take backslashes as the first does. 0: it does not.
  std::size_t ContinuedAt(std::size_t from) const {
    bool new_line = false;
    while (from < sql_.size() && IsSpace(sql_[from])) {
      new_line |= sql_[from] == '\n' || sql_[from] == '\r';
      ++from;
    }
    return new_line && from < sql_.size() && sql_[from] == '\'' ? from : 0;
  }

  Outcome SkipQuoted(char quote) {
    const std::size_t start = at_++;
    while (at_ < sql_.size()) {
      if (sql_[at_] != quote) {
        ++at_;
      } else if (Peek(1) == quote) {
        at_ += 2;
      } else {
        ++at_;
        after_value_ = true;
        return {};
      }
    }
    return Bad(start, fmt::format("the quoted name is not closed; close it with {}", quote));
  }

  Outcome SkipBracketName() {
    const std::size_t close = sql_.find(']', at_);
    if (close == std::string_view::npos) return Bad(at_, "the quoted name is not closed; close it with ]");
    at_ = close + 1;
    after_value_ = true;
    return {};
  }

  Outcome SkipIdentifier() {
    const std::size_t start = at_;
    while (at_ < sql_.size() && IsIdentifierPart(sql_[at_])) ++at_;
    const bool of_table = start > 0 && sql_[start - 1] == '.';
    after_value_ = of_table || !BeginsValue(sql_.substr(start, at_ - start));
    return {};
  }

  Outcome SkipNumber() {
    while (at_ < sql_.size() && (IsNamePart(sql_[at_]) || sql_[at_] == '.')) ++at_;
    after_value_ = true;
    return {};
  }

  char Peek(std::size_t ahead) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }
  bool Sees(std::string_view text) const { return sql_.substr(at_).starts_with(text); }

  static tl::unexpected<SqlFault> Bad(std::size_t at, std::string what) {
    return tl::unexpected(SqlFault{at, std::move(what)});
  }

  std::string_view sql_;
  SqlDialect dialect_;
  SqlTemplate found_;
  std::size_t at_ = 0;
  std::size_t text_from_ = 0;
  std::optional<std::size_t> closed_;  // where the semicolon stands
  bool begun_ = false;                 // there was a token
  std::string open_;                   // the brackets and parentheses around the present place
  bool after_value_ = false;           // the last token ended a value, so that a colon in brackets is a slice's
};

}  // namespace

tl::expected<SqlTemplate, SqlFault> ParseSqlTemplate(std::string_view sql, SqlDialect dialect) {
  return Scanner(sql, dialect).Scan();
}

}  // namespace kck
