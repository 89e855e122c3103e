#include "source/pg_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <functional>

#include "source/numbered_template.h"

namespace kck {
namespace {

constexpr std::size_t kStatementsMax = 10000;
constexpr double kBatchUs = 50000;
constexpr std::size_t kKeysMax = 5000;
constexpr std::size_t kGrowth = 10;

// A parameter as the keys' column.
struct KeyColumn {
  const char* type;
  // What stands around the column: an expression that leaves it as it is. A bare column would name the column that it
  // is selected as, which a parameter does not, and rows may become objects by these names, in the template too.
  const char* before;
  const char* behind;
};

KeyColumn ColumnOf(ParamType type) {
  switch (type) {
    case ParamType::kInt:
      return {"int8", "(operator(pg_catalog.+) ", ")"};
    case ParamType::kFloat:
      return {"float8", "(operator(pg_catalog.+) ", ")"};
    case ParamType::kDate:
      return {"date", "(", " operator(pg_catalog.+) 0)"};
    case ParamType::kTimestamp:
      return {"timestamptz", "(", " operator(pg_catalog.+) '0'::pg_catalog.interval)"};
    case ParamType::kUuid:
      return {"uuid", "((array[", "] operator(pg_catalog.||) '{}'::pg_catalog.uuid[])[1])"};
    case ParamType::kBool:
      return {"bool", "(", " and true)"};
    case ParamType::kString:
      break;
  }
  return {"text", "(", " operator(pg_catalog.||) '')"};
}

bool IsWordChar(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' ||
         (static_cast<unsigned char>(c) & 0x80U) != 0;
}

// Calls `visit` with each word in lower case, and with whether a bracket opens behind it. Words in quotes and comments
// count as well.
void VisitWords(const SqlStatement& statement, const std::function<void(std::string word, bool calls)>& visit) {
  for (const std::string& text : statement.sql.text) {
    for (std::size_t i = 0; i < text.size();) {
      std::string word;
      for (; i < text.size() && IsWordChar(text[i]); ++i) {
        word += static_cast<char>(std::tolower(static_cast<unsigned char>(text[i])));
      }
      if (word.empty()) {
        ++i;
        continue;
      }
      const std::size_t next = text.find_first_not_of("\" \t\r\n", i);
      visit(std::move(word), next != std::string::npos && text[next] == '(');
    }
  }
}

std::string WithKeyColumns(const SqlStatement& statement) {
  return TemplateWith(statement, [&](std::size_t param) {
    const KeyColumn column = ColumnOf(statement.types[param]);
    return column.before + ("kck_keys.p" + std::to_string(param + 1)) + column.behind;
  });
}

}  // namespace

bool PgIsOrdered(const SqlStatement& statement) {
  bool ordered = false;
  VisitWords(statement, [&](const std::string& word, bool) { ordered = ordered || word == "order"; });
  return ordered;
}

std::vector<std::string> PgCalledFunctions(const SqlStatement& statement) {
  std::vector<std::string> functions;
  VisitWords(statement, [&](std::string word, bool calls) {
    if (calls) functions.push_back(std::move(word));
  });
  return functions;
}

std::string PgCalledFunctionsText(const SqlStatement& statement) {
  return fmt::format("{}", fmt::join(PgCalledFunctions(statement), " "));
}

// In a sub-select, so that the planner, which does not see how long the arrays are, plans for ten keys: it would read a
// table whole for as many as would be quicker by its index. 2000 keys of 100,000 rows: 3 ms, against 54 to 69 ms.
std::string PgBatchTemplate(const SqlStatement& statement) {
  std::string arrays;
  std::string names;
  for (std::size_t i = 0; i < statement.types.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    arrays +=
        (i > 0 ? ", (select $" : "(select $") + number + "::pg_catalog." + ColumnOf(statement.types[i]).type + "[])";
    names += "p" + number + ", ";
  }
  const char* order = PgIsOrdered(statement) ? "pg_catalog.row_number() over () as kck_order, " : "";
  return "select kck_keys.ord, case when kck_keys.ord = 1 then pg_catalog.pg_current_snapshot()::pg_catalog.text end, "
         "kck_rows.* from unnest(" +
         arrays + ") with ordinality as kck_keys(" + names + "ord) left join lateral (select true as kck_hit, " +
         order + "kck_template.* from (" + WithKeyColumns(statement) + "\n) as kck_template) as kck_rows on true";
}

std::string PgBatchArray(const std::vector<const std::vector<ParamValue>*>& params, std::size_t n) {
  std::string array = "{";
  array.reserve(params.size() * 12);
  for (const std::vector<ParamValue>* of_key : params) {
    if (array.size() > 1) array += ',';
    const ParamValue& value = (*of_key)[n];
    if (!value) {
      array += "NULL";
      continue;
    }
    array += '"';
    for (const char c : *value) {
      if (c == '"' || c == '\\') array += '\\';
      array += c;
    }
    array += '"';
  }
  return array + '}';
}

void PgBatchState::Refuse() {
  if (!refused && refused_count != nullptr) refused_count->fetch_add(1, std::memory_order_relaxed);
  refused = true;
}

// A batch of many keys says more than what is known from few. A single fill is mostly the way there and back, so of
// one beside batches only a slow one counts.
void PgBatchState::Note(double elapsed_us, std::size_t keys) {
  constexpr double kWeightMin = 0.3;
  constexpr double kHalfTrusted = 20;  // keys
  constexpr double kRoundTripUs = 1000;
  const auto count = static_cast<double>(keys);
  const double now = std::max(elapsed_us / count, 1.0);
  keys_known = std::max(keys_known, keys);
  if (keys == 1 && keys_known > 1 && now > key_us && now < kRoundTripUs) return;
  key_us = key_us == 0 ? now : key_us + std::max(kWeightMin, count / (count + kHalfTrusted)) * (now - key_us);
}

void PgBatchState::NoteFailed(double elapsed_us, std::size_t keys) {
  if (elapsed_us / static_cast<double>(keys) > key_us) Note(elapsed_us, keys);
}

std::size_t PgBatchState::KeysMax() const {
  if (refused || calls != Calls::kHarmless || key_us == 0) return 1;
  const std::size_t keys_max = std::min(kKeysMax, keys_known * kGrowth);
  return std::clamp<std::size_t>(static_cast<std::size_t>(kBatchUs / key_us), 1, keys_max);
}

std::shared_ptr<PgBatchState> PgBatches::Of(const SqlStatement& statement) {
  if (states_.size() >= kStatementsMax) {
    states_.clear();
    filled_singly_ = 0;
  }
  auto& state = states_[statement.id];
  if (!state) {
    state = std::make_shared<PgBatchState>();
    // Without parameters there is one key, whose flight is one fill.
    state->refused = statement.types.empty();
    state->ordered = PgIsOrdered(statement);
    state->refused_count = &filled_singly_;
  }
  return state;
}

}  // namespace kck
