// Reading YAML strictly: every field is known, of its type and given once, or is a fault with its place and a cure.
//
// A YamlMap stands for one mapping. The reader of a file takes the fields that it knows, then calls Finish, which
// reports those that nobody took. Nothing throws; what cannot be read is a fault, and the default stays.
#pragma once

#include <yaml-cpp/yaml.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/fault.h"

namespace kck {

// A file's text being read, and where its faults go.
struct YamlFile {
  std::string name;
  Faults* faults = nullptr;
  int line = 0;          // of a definition that does not stand in the file as YAML: all faults of it are there
  bool lenient = false;  // what 0.6.3 passed over is a warning: unknown fields, parameters that no SQL uses

  Location At(const YAML::Node& node) const;
  // A scalar with ${NAME} replaced by the environment's NAME; `$${` stands for `${`. `field` names it in faults.
  std::optional<std::string> TextOf(const YAML::Node& node, const std::string& field) const;
  void Report(const YAML::Node& node, std::string message, std::string cure = "") const;
  // The same of what is a warning where the reading is lenient.
  void ReportNeedless(const YAML::Node& node, std::string message, std::string cure = "") const;
};

// The documents of `text`; a text that is no YAML is a fault, with `cure`, and none.
std::vector<YAML::Node> ParseYaml(
    const YamlFile& file, const std::string& text,
    const std::string& cure = "check the indentation, quotes and brackets just before this place");

class YamlMap {
 public:
  // A node that is no mapping is a fault, and reads as an empty one. `what` names it in faults: "http".
  YamlMap(const YamlFile& file, const YAML::Node& node, std::string what);

  bool Has(std::string_view field) const;
  // The field's node, undefined where it is not given. Taking it makes it known.
  YAML::Node Take(const std::string& field);

  // As YamlFile::TextOf.
  std::optional<std::string> TakeText(const std::string& field);
  // A list of texts, or one text alone. None where it is not given; those that are no text are reported and left out.
  std::vector<std::string> TakeTexts(const std::string& field);
  std::optional<bool> TakeBool(const std::string& field);
  // A whole number from `min` to `max`.
  std::optional<std::int64_t> TakeInt(const std::string& field, std::int64_t min, std::int64_t max);
  // From `min` to `max`.
  std::optional<double> TakeNumber(const std::string& field, double min, double max);
  // A number of `unit`s, fractions allowed, more than zero.
  std::optional<std::chrono::milliseconds> TakeDuration(const std::string& field, std::chrono::milliseconds unit);
  // A duration that says its unit: "500ms", "2s", "5m", "1h", "1d"; a number alone is seconds.
  std::optional<std::chrono::milliseconds> TakeSpan(const std::string& field);
  // The same in whole seconds, of at most `days_max` days.
  std::optional<std::chrono::seconds> TakeSeconds(const std::string& field, int days_max);
  // "512MiB", "64KB" or a number of bytes.
  std::optional<std::size_t> TakeBytes(const std::string& field);
  // One of `choices`; its place in the list.
  std::optional<std::size_t> TakeChoice(const std::string& field, const std::vector<std::string>& choices);

  // Reports `field`, where it is given, as one that this version does not enforce.
  void RefuseForNow(const std::string& field);

  // Reports fields that are unknown.
  void Finish();

  const YAML::Node& node() const { return node_; }

 private:
  void ReportDuplicates();

  YamlFile file_;
  YAML::Node node_;
  std::string what_;
  std::vector<std::string> known_;
};

}  // namespace kck
