#include "model/run_as_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace kck {
namespace {

struct Reserved {
  std::string_view name;  // one that ends with * stands for all that begin so
  std::string_view why;
  std::string_view cure;
};

constexpr std::string_view kReadsOnly = "fills only read, by one snapshot that they are stamped with";
constexpr std::string_view kTimes = "KCK waits for a statement as long as kck.yml says";
constexpr std::string_view kTimesCure = "set statement_timeout of the database in kck.yml";
constexpr std::string_view kText = "the JSON of a value depends on it";
constexpr std::string_view kTextCure = "convert in the SQL, as by to_char or at time zone";
constexpr std::string_view kSyntax = "what the SQL means depends on it";
constexpr std::string_view kSyntaxCure = "take it out, and write the SQL for PostgreSQL's default";
constexpr std::string_view kRoleCure = "as role: reader, beside settings";

// What KCK relies on (source/pg_session.cc sets most of them).
constexpr std::array kReserved = {
    Reserved{"role", "it is a field of its own", kRoleCure},
    Reserved{"session_authorization", "it would outrank the role", kRoleCure},
    Reserved{"transaction_*", kReadsOnly, "take it out"},
    Reserved{"default_transaction_*", kReadsOnly, "take it out"},
    Reserved{"statement_timeout", kTimes, kTimesCure},
    Reserved{"idle_in_transaction_session_timeout", kTimes, kTimesCure},
    Reserved{"timezone", kText, kTextCure},
    Reserved{"datestyle", kText, kTextCure},
    Reserved{"intervalstyle", kText, kTextCure},
    Reserved{"extra_float_digits", kText, kTextCure},
    Reserved{"bytea_output", kText, kTextCure},
    Reserved{"client_encoding", kText, "take it out: JSON is UTF-8"},
    Reserved{"standard_conforming_strings", kSyntax, kSyntaxCure},
    Reserved{"backslash_quote", kSyntax, kSyntaxCure},
    Reserved{"transform_null_equals", kSyntax, kSyntaxCure},
    Reserved{"array_nulls", kSyntax, kSyntaxCure},
};

const Reserved* ReservedOf(std::string_view name) {
  const auto found = std::ranges::find_if(kReserved, [&](const Reserved& one) {
    return one.name.ends_with('*') ? name.starts_with(one.name.substr(0, one.name.size() - 1)) : name == one.name;
  });
  return found == kReserved.end() ? nullptr : &*found;
}

bool IsWordChar(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Words with dots between them, none of which begins with a digit.
bool IsSettingName(std::string_view name) {
  bool at_start = true;
  for (const char c : name) {
    const bool fits = c == '.' ? !at_start : IsWordChar(c) || (c == '$' && !at_start);
    if (!fits || (at_start && std::isdigit(static_cast<unsigned char>(c)) != 0)) return false;
    at_start = c == '.';
  }
  return !at_start;
}

std::string LowerCase(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

// True where `text` holds `:name`, which its author may have meant as the parameter.
bool Mentions(std::string_view text, const std::string& name) {
  const std::string word = ":" + name;
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if (end == text.size() || !IsWordChar(text[end])) return true;
  }
  return false;
}

class RunAsReader {
 public:
  RunAsReader(const YamlFile& file, const YAML::Node& node, const std::vector<Param>& params)
      : file_(file), node_(node), params_(params) {}

  std::shared_ptr<const RunAs> Read() {
    as_->location = file_.At(node_);
    YamlMap fields(file_, node_, "as");
    ReadRole(fields);
    ReadSettings(fields.Take("settings"));
    fields.Finish();
    if (node_.IsMap() && !fields.Has("role") && as_->settings.empty() && !fields.Has("settings")) {
      file_.Report(node_, "as has neither role nor settings",
                   "as {role: reader, settings: {app.tenant: \":tenant\"}}, or take it out");
    }
    return as_;
  }

 private:
  void ReadRole(YamlMap& fields) {
    const auto role = fields.TakeText("role");
    if (!role) return;
    as_->role = *role;
    if (role->empty()) {
      file_.Report(fields.Take("role"), "the role is empty", "name a role that the user of the url is a member of");
    } else if (*role == "none") {
      file_.Report(fields.Take("role"), "the role none is the user of the url",
                   "name a role that this user is a member of, or take role out");
    }
  }

  void ReadSettings(const YAML::Node& node) {
    if (!node.IsDefined()) return;
    YamlMap settings(file_, node, "settings");
    if (node.IsMap() && node.size() == 0) {
      file_.Report(node, "settings names none", "as settings: {app.tenant: \":tenant\"}");
    }
    for (const auto& item : settings.node()) {
      settings.Take(item.first.Scalar());
      ReadSetting(item.first, item.second);
    }
  }

  void ReadSetting(const YAML::Node& name_node, const YAML::Node& value_node) {
    RunAsSetting setting;
    setting.name = LowerCase(name_node.Scalar());
    if (!NameIsSound(name_node, setting.name)) return;
    const auto value = file_.TextOf(value_node, setting.name);
    if (!value || !ReadValue(*value, value_node, setting)) return;
    as_->settings.push_back(std::move(setting));
  }

  bool NameIsSound(const YAML::Node& node, const std::string& name) const {
    if (!IsSettingName(name)) {
      file_.Report(node, fmt::format("\"{}\" is no name of a setting", name),
                   "a setting of your own has a dot in its name, as app.tenant");
      return false;
    }
    if (const Reserved* reserved = ReservedOf(name)) {
      file_.Report(node, fmt::format("the setting {} cannot be given: {}", name, reserved->why),
                   std::string(reserved->cure));
      return false;
    }
    if (std::ranges::find(as_->settings, name, &RunAsSetting::name) != as_->settings.end()) {
      file_.Report(node, fmt::format("the setting {} is given twice", name),
                   "keep one of them: names of settings have no case");
      return false;
    }
    return true;
  }

  bool ReadValue(const std::string& value, const YAML::Node& node, RunAsSetting& setting) const {
    if (value.starts_with("::")) {
      setting.constant = value.substr(1);
      return true;
    }
    if (value.starts_with(':')) return BindParam(value.substr(1), node, setting);
    setting.constant = value;
    if (value.find('\0') != std::string::npos) {
      file_.Report(node, fmt::format("the setting {} holds a zero byte", setting.name),
                   "PostgreSQL has no text for it");
      return false;
    }
    const auto meant = std::ranges::find_if(params_, [&](const Param& one) { return Mentions(value, one.name); });
    if (meant == params_.end()) return true;
    file_.Report(node, fmt::format("the setting {} is a parameter within other text", setting.name),
                 fmt::format("a value is a constant or \":{}\" alone; what reads it can add the rest", meant->name));
    return false;
  }

  bool BindParam(const std::string& name, const YAML::Node& node, RunAsSetting& setting) const {
    const auto param = std::ranges::find(params_, name, &Param::name);
    if (param == params_.end()) {
      file_.Report(node, fmt::format("there is no parameter \"{}\" for the setting {}", name, setting.name),
                   "\":NAME\" names one of `parameters`; a constant that begins with a colon is written with two");
      return false;
    }
    if (param->nullable) {
      // NULL would set PostgreSQL's default, which may be anybody's.
      file_.Report(node, fmt::format("the parameter \"{}\" may be NULL, which no setting can be", name),
                   "take nullable out of the parameter");
      return false;
    }
    setting.param = static_cast<std::size_t>(param - params_.begin());
    setting.example = param->example;
    return true;
  }

  YamlFile file_;
  YAML::Node node_;
  const std::vector<Param>& params_;
  std::shared_ptr<RunAs> as_ = std::make_shared<RunAs>();
};

}  // namespace

std::shared_ptr<const RunAs> ReadRunAs(const YamlFile& file, YamlMap& fields, const std::vector<Param>& params,
                                       SqlDialect dialect) {
  const YAML::Node node = fields.Take("as");
  if (!node.IsDefined()) return nullptr;
  if (dialect == SqlDialect::kSqlite) {
    file.Report(node, "SQLite has neither roles nor settings, so that \"as\" would protect nothing",
                "take it out, and compare in the SQL: where tenant = :tenant");
    return nullptr;
  }
  return RunAsReader(file, node, params).Read();
}

}  // namespace kck
