#include "primer/json_path.h"

#include <fmt/format.h>
#include <json-glib/json-glib.h>
#include <simdjson.h>

#include <charconv>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace kck {
namespace {

struct GlibFree {
  void operator()(JsonPath* path) const { g_object_unref(path); }
  void operator()(JsonParser* parser) const { g_object_unref(parser); }
  void operator()(JsonNode* node) const { json_node_unref(node); }
  void operator()(JsonGenerator* generator) const { g_object_unref(generator); }
  void operator()(GError* error) const { g_error_free(error); }
  void operator()(gchar* text) const { g_free(text); }
};

template <typename T>
using GlibPtr = std::unique_ptr<T, GlibFree>;

// A step of a plain path: a member's name or an element's index.
using Step = std::variant<std::string, std::size_t>;

bool IsNamePart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Reads `[n]` or `['name']` off the front of `path`.
std::optional<Step> TakeBracket(std::string_view& path) {
  const std::size_t close = path.find(']');
  if (close == std::string_view::npos || close < 2) return std::nullopt;
  const std::string_view inside = path.substr(1, close - 1);
  path.remove_prefix(close + 1);
  const bool quoted =
      inside.size() >= 2 && (inside.front() == '\'' || inside.front() == '"') && inside.back() == inside.front();
  if (quoted) {
    const std::string_view name = inside.substr(1, inside.size() - 2);
    if (name.find_first_of("'\"\\") != std::string_view::npos) return std::nullopt;
    return Step(std::string(name));
  }
  std::size_t index = 0;
  const auto [stop, error] = std::from_chars(inside.data(), inside.data() + inside.size(), index);
  if (error != std::errc{} || stop != inside.data() + inside.size()) return std::nullopt;
  return Step(index);
}

std::optional<Step> TakeMember(std::string_view& path) {
  std::size_t end = 1;
  while (end < path.size() && IsNamePart(path[end])) ++end;
  if (end == 1) return std::nullopt;
  Step step(std::string(path.substr(1, end - 1)));
  path.remove_prefix(end);
  return step;
}

// The steps of a plain path; nothing where the path is not plain.
std::optional<std::vector<Step>> PlainSteps(std::string_view path) {
  if (!path.starts_with('$')) return std::nullopt;
  path.remove_prefix(1);
  std::vector<Step> steps;
  while (!path.empty()) {
    std::optional<Step> step;
    if (path[0] == '[') {
      step = TakeBracket(path);
    } else if (path[0] == '.') {
      step = TakeMember(path);
    }
    if (!step) return std::nullopt;
    steps.push_back(*std::move(step));
  }
  return steps;
}

using simdjson::ondemand::value;

simdjson::simdjson_result<value> Follow(value from, const Step& step) {
  if (const auto* name = std::get_if<std::string>(&step)) {
    simdjson::ondemand::object object;
    if (const auto error = from.get_object().get(object)) return error;
    return object.find_field_unordered(*name);
  }
  simdjson::ondemand::array array;
  if (const auto error = from.get_array().get(array)) return error;
  return array.at(std::get<std::size_t>(step));
}

std::string_view Trimmed(std::string_view text) {
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  return text.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

// The text of a value as it stands in the document, so that numbers keep their digits.
simdjson::simdjson_result<std::string_view> RawText(value found) {
  simdjson::ondemand::json_type type{};
  if (const auto error = found.type().get(type)) return error;
  switch (type) {
    case simdjson::ondemand::json_type::array: {
      simdjson::ondemand::array array;
      if (const auto error = found.get_array().get(array)) return error;
      return array.raw_json();
    }
    case simdjson::ondemand::json_type::object: {
      simdjson::ondemand::object object;
      if (const auto error = found.get_object().get(object)) return error;
      return object.raw_json();
    }
    default:
      return found.raw_json_token();
  }
}

Result<std::string> FollowAll(const std::vector<Step>& steps, const std::string& json) {
  if (steps.empty()) return json;
  // Every row list is an array, so the document's root is a value that steps can start from.
  simdjson::ondemand::parser parser;
  const simdjson::padded_string padded(json);
  simdjson::ondemand::document document;
  value at;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS || document.get_value().get(at) != simdjson::SUCCESS) {
    return Fail(ErrorCode::kPrimerFailed, "the rows could not be read as JSON");
  }
  for (const Step& step : steps) {
    if (Follow(at, step).get(at) != simdjson::SUCCESS) return "null";
  }
  std::string_view text;
  if (RawText(at).get(text) != simdjson::SUCCESS) return "null";
  return std::string(Trimmed(text));
}

Result<std::string> Match(const std::string& path, const std::string& json) {
  GError* raw_error = nullptr;
  const GlibPtr<JsonParser> parser(json_parser_new());
  if (json_parser_load_from_data(parser.get(), json.data(), static_cast<gssize>(json.size()), &raw_error) == 0) {
    const GlibPtr<GError> error(raw_error);
    return Fail(ErrorCode::kPrimerFailed, "the rows could not be read as JSON");
  }
  const GlibPtr<JsonNode> matches(json_path_query(path.c_str(), json_parser_get_root(parser.get()), &raw_error));
  if (!matches) {
    const GlibPtr<GError> error(raw_error);
    return Fail(ErrorCode::kPrimerFailed, fmt::format("jsonpath_first: {}", error ? error->message : "no result"));
  }
  JsonArray* list = json_node_get_array(matches.get());
  if (json_array_get_length(list) == 0) return "null";
  const GlibPtr<JsonGenerator> generator(json_generator_new());
  json_generator_set_root(generator.get(), json_array_get_element(list, 0));
  const GlibPtr<gchar> text(json_generator_to_data(generator.get(), nullptr));
  return std::string(text.get());
}

}  // namespace

Result<std::string> JsonPathFirst(const std::string& path, const std::string& json) {
  if (const auto steps = PlainSteps(path)) return FollowAll(*steps, json);
  return Match(path, json);
}

std::string JsonPathFault(const std::string& path) {
  if (PlainSteps(path)) return "";
  GError* raw_error = nullptr;
  const GlibPtr<JsonPath> compiled(json_path_new());
  if (json_path_compile(compiled.get(), path.c_str(), &raw_error) != 0) return "";
  const GlibPtr<GError> error(raw_error);
  return error ? error->message : "it does not compile";
}

}  // namespace kck
