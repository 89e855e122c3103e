#include "model/yaml_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <set>

#include "model/near_name.h"
#include "model/span.h"

namespace kck {
namespace {

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

// Replaces ${NAME}; the name that the environment lacks, if any, goes to `missing`.
std::string ExpandEnvironment(std::string_view text, std::optional<std::string>& missing) {
  std::string expanded;
  while (!text.empty()) {
    const std::size_t dollar = text.find('$');
    expanded += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar);
    const std::size_t close = text.find('}');
    if (text.starts_with("$${")) {
      expanded += "${";
      text.remove_prefix(3);
    } else if (text.starts_with("${") && close != std::string_view::npos) {
      const std::string name(text.substr(2, close - 2));
      const char* value = std::getenv(name.c_str());
      if (value == nullptr) missing = name;
      expanded += value != nullptr ? value : "";
      text.remove_prefix(close + 1);
    } else {
      expanded += '$';
      text.remove_prefix(1);
    }
  }
  return expanded;
}

}  // namespace

Location YamlFile::At(const YAML::Node& node) const {
  if (line > 0) return {name, line, 0};
  const YAML::Mark mark = node.IsDefined() ? node.Mark() : YAML::Mark::null_mark();
  if (mark.is_null()) return {name, 0, 0};
  return {name, mark.line + 1, mark.column + 1};
}

void YamlFile::Report(const YAML::Node& node, std::string message, std::string cure) const {
  faults->push_back({At(node), std::move(message), std::move(cure), false});
}

void YamlFile::ReportNeedless(const YAML::Node& node, std::string message, std::string cure) const {
  faults->push_back({At(node), std::move(message), std::move(cure), lenient});
}

std::optional<std::string> YamlFile::TextOf(const YAML::Node& node, const std::string& field) const {
  if (!node.IsScalar()) {
    Report(node, fmt::format("\"{}\" has to be a single value", field),
           fmt::format("write {}: value, or take the field out", field));
    return std::nullopt;
  }
  std::optional<std::string> missing;
  std::string text = ExpandEnvironment(node.Scalar(), missing);
  if (missing) {
    Report(node, fmt::format("the environment has no variable {}", *missing),
           fmt::format("export {}=…, or write $${{ where a dollar and brace are meant", *missing));
    return std::nullopt;
  }
  return text;
}

std::vector<YAML::Node> ParseYaml(const YamlFile& file, const std::string& text, const std::string& cure) {
  try {
    return YAML::LoadAll(text);
  } catch (const YAML::Exception& error) {
    const Location at{file.name, error.mark.line + 1, error.mark.column + 1};
    file.faults->push_back({at, fmt::format("not YAML: {}", error.msg), cure});
    return {};
  }
}

YamlMap::YamlMap(const YamlFile& file, const YAML::Node& node, std::string what)
    : file_(file),
      node_(node.IsDefined() && node.IsMap() ? node : YAML::Node(YAML::NodeType::Map)),
      what_(std::move(what)) {
  if (node.IsDefined() && !node.IsMap() && !node.IsNull()) {
    file_.Report(node, fmt::format("{} has to be a mapping", what_), "write it as field: value");
  }
  ReportDuplicates();
}

void YamlMap::ReportDuplicates() {
  std::set<std::string> seen;
  for (const auto& item : node_) {
    if (!item.first.IsScalar()) continue;
    if (!seen.insert(item.first.Scalar()).second) {
      file_.Report(item.first, fmt::format("\"{}\" is given twice", item.first.Scalar()), "keep one of them");
    }
  }
}

bool YamlMap::Has(std::string_view field) const {
  return std::any_of(node_.begin(), node_.end(),
                     [&](const auto& item) { return item.first.IsScalar() && item.first.Scalar() == field; });
}

YAML::Node YamlMap::Take(const std::string& field) {
  known_.push_back(field);
  const YAML::Node& fields = node_;  // the const form, since the other one would add the field
  return fields[field];
}

std::optional<std::string> YamlMap::TakeText(const std::string& field) {
  const YAML::Node node = Take(field);
  if (!node.IsDefined()) return std::nullopt;
  return file_.TextOf(node, field);
}

std::vector<std::string> YamlMap::TakeTexts(const std::string& field) {
  std::vector<std::string> texts;
  const YAML::Node node = Take(field);
  if (!node.IsDefined()) return texts;
  const auto take = [&](const YAML::Node& item) {
    if (auto text = file_.TextOf(item, field)) texts.push_back(*std::move(text));
  };
  if (!node.IsSequence()) {
    take(node);
  } else {
    for (const YAML::Node& item : node) take(item);
  }
  return texts;
}

std::optional<bool> YamlMap::TakeBool(const std::string& field) {
  const auto choice = TakeChoice(field, {"true", "false"});
  if (!choice) return std::nullopt;
  return *choice == 0;
}

std::optional<std::int64_t> YamlMap::TakeInt(const std::string& field, std::int64_t min, std::int64_t max) {
  const auto text = TakeText(field);
  if (!text) return std::nullopt;
  const auto number = ParseNumber<std::int64_t>(*text);
  if (number && *number >= min && *number <= max) return number;
  file_.Report(Take(field), fmt::format("\"{}\" has to be a whole number from {} to {}", field, min, max));
  return std::nullopt;
}

std::optional<double> YamlMap::TakeNumber(const std::string& field, double min, double max) {
  const auto text = TakeText(field);
  if (!text) return std::nullopt;
  const auto number = ParseNumber<double>(*text);
  if (number && *number >= min && *number <= max) return number;
  file_.Report(Take(field), fmt::format("\"{}\" has to be a number from {} to {}", field, min, max));
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> YamlMap::TakeDuration(const std::string& field,
                                                               std::chrono::milliseconds unit) {
  const auto text = TakeText(field);
  if (!text) return std::nullopt;
  if (const auto duration = ParseSpan(*text, unit)) return duration;
  file_.Report(Take(field), fmt::format("\"{}\" has to be a number above zero, without a unit", field),
               "the unit is in the field's name");
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> YamlMap::TakeSpan(const std::string& field) {
  const auto text = TakeText(field);
  if (!text) return std::nullopt;
  if (const auto duration = ParseSpan(*text)) return duration;
  file_.Report(Take(field), fmt::format("\"{}\" has to be a duration above zero", field),
               "as 500ms, 2s, 5m, 1h or 1d; a number alone is seconds");
  return std::nullopt;
}

std::optional<std::chrono::seconds> YamlMap::TakeSeconds(const std::string& field, int days_max) {
  const auto span = TakeSpan(field);
  if (!span) return std::nullopt;
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(*span);
  if (whole == *span && whole <= std::chrono::days(days_max)) return whole;
  file_.Report(Take(field), fmt::format("\"{}\" has to be whole seconds, at most {} days", field, days_max),
               "as 1s, 15m or 1d");
  return std::nullopt;
}

std::optional<std::size_t> YamlMap::TakeBytes(const std::string& field) {
  const auto text = TakeText(field);
  if (!text) return std::nullopt;
  static const std::vector<std::pair<std::string_view, double>> kUnits = {
      {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40},
      {"KB", 1e3},     {"MB", 1e6},     {"GB", 1e9},     {"", 1}};
  for (const auto& [unit, bytes] : kUnits) {
    if (!text->ends_with(unit)) continue;
    const auto number = ParseNumber<double>(std::string_view(*text).substr(0, text->size() - unit.size()));
    if (number && *number * bytes >= 1 && *number * bytes < 0x1p60) return static_cast<std::size_t>(*number * bytes);
    break;
  }
  file_.Report(Take(field), fmt::format("\"{}\" has to be a number of bytes", field), "as 512MiB, 2GiB or 1000000");
  return std::nullopt;
}

std::optional<std::size_t> YamlMap::TakeChoice(const std::string& field, const std::vector<std::string>& choices) {
  const auto text = TakeText(field);
  if (!text) return std::nullopt;
  const auto found = std::ranges::find(choices, *text);
  if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  file_.Report(Take(field), fmt::format("\"{}\" cannot be \"{}\"", field, *text),
               fmt::format("it is one of: {}", fmt::join(choices, ", ")));
  return std::nullopt;
}

void YamlMap::RefuseForNow(const std::string& field) {
  const YAML::Node node = Take(field);
  if (!node.IsDefined()) return;
  file_.Report(node, fmt::format("\"{}\" is not in this version", field), "take it out: it would not be enforced");
}

void YamlMap::Finish() {
  std::ranges::sort(known_);
  const auto repeats = std::ranges::unique(known_);
  known_.erase(repeats.begin(), repeats.end());
  for (const auto& item : node_) {
    const std::string name = item.first.IsScalar() ? item.first.Scalar() : "";
    if (std::ranges::binary_search(known_, name)) continue;
    file_.ReportNeedless(item.first, fmt::format("unknown field \"{}\" in {}", name, what_), NearCure(name, known_));
  }
}

}  // namespace kck
