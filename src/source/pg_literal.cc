#include "source/pg_literal.h"

namespace kck {
namespace {

class ArrayReader {
 public:
  ArrayReader(std::string_view text, char delimiter, const PgArrayVisitor& visitor)
      : text_(text), delimiter_(delimiter), visitor_(visitor) {}

  bool Read() {
    if (!text_.empty() && text_[0] == '[') {
      const std::size_t bounds_end = text_.find('=');
      if (bounds_end == std::string_view::npos) return false;
      at_ = bounds_end + 1;
    }
    return ReadBraces() && at_ == text_.size();
  }

 private:
  bool Take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool ReadBraces() {
    if (!Take('{')) return false;
    visitor_.open();
    if (!Take('}')) {
      if (!ReadItem()) return false;
      while (Take(delimiter_)) {
        visitor_.next();
        if (!ReadItem()) return false;
      }
      if (!Take('}')) return false;
    }
    visitor_.close();
    return true;
  }

  bool ReadItem() {
    if (at_ >= text_.size()) return false;
    if (text_[at_] == '{') return ReadBraces();
    if (text_[at_] == '"') return ReadQuoted();
    const std::size_t from = at_;
    while (at_ < text_.size() && text_[at_] != delimiter_ && text_[at_] != '}') ++at_;
    const std::string_view plain = text_.substr(from, at_ - from);
    if (plain == "NULL") return visitor_.element(std::nullopt);
    return visitor_.element(plain);
  }

  bool ReadQuoted() {
    std::string value;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      value += text_[at_];
    }
    return Take('"') && visitor_.element(value);
  }

  std::string_view text_;
  char delimiter_;
  const PgArrayVisitor& visitor_;
  std::size_t at_ = 0;
};

// Reads one field from `at` on, and leaves `at` on the comma or parenthesis that ends it.
std::optional<std::string> TakeField(std::string_view text, std::size_t& at) {
  if (at < text.size() && (text[at] == ',' || text[at] == ')')) return std::nullopt;
  std::string value;
  bool quoted = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (!quoted && (c == ',' || c == ')')) break;
    const bool doubled = quoted && c == '"' && at + 1 < text.size() && text[at + 1] == '"';
    if (c == '"' && !doubled) {
      quoted = !quoted;
      continue;
    }
    if (doubled || (c == '\\' && at + 1 < text.size())) ++at;
    value += text[at];
  }
  return value;
}

}  // namespace

bool VisitPgArray(std::string_view text, char delimiter, const PgArrayVisitor& visitor) {
  return ArrayReader(text, delimiter, visitor).Read();
}

std::optional<std::vector<std::optional<std::string>>> SplitPgComposite(std::string_view text,
                                                                        std::size_t field_count) {
  if (text.size() < 2 || text.front() != '(' || text.back() != ')') return std::nullopt;
  std::vector<std::optional<std::string>> fields;
  // "()" is one NULL as well as no field at all, and only the type can tell.
  if (text == "()" && field_count == 0) return fields;
  std::size_t at = 0;
  do {
    ++at;
    fields.push_back(TakeField(text, at));
  } while (at < text.size() && text[at] == ',');
  if (at != text.size() - 1 || fields.size() != field_count) return std::nullopt;
  return fields;
}

}  // namespace kck
