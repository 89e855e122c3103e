#include "primer/json_path.h"

#include <fmt/format.h>
#include <json-glib/json-glib.h>

#include <memory>
#include <regex>

#include "primer/json_skeleton.h"

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

// What json-glib evaluates as it should. It reads past the end of a path whose quote is not closed, complains on
// standard error of slices and sets past a list's end, and takes a path without $ for one that matches nothing.
bool IsSupported(const std::string& path) {
  static const std::regex kSteps(R"(\$(\.{1,2}[^.\[\]'"*$]+|\.\*|\['[^']+'\]|\[[0-9]{1,9}\]|\[\*\])*)");
  return std::regex_match(path, kSteps);
}

// json-glib knows names in single quotes only.
std::string WithSingleQuotes(const std::string& path) {
  static const std::regex kName(R"re(\["([^"']+)"\])re");
  return std::regex_replace(path, kName, "['$1']");
}

// Null, with `fault` set, where the path does not compile.
GlibPtr<JsonPath> Compile(const std::string& written, std::string& fault) {
  const std::string path = WithSingleQuotes(written);
  if (!IsSupported(path)) {
    fault = "the JSONPath is not understood";
    return nullptr;
  }
  GlibPtr<JsonPath> compiled(json_path_new());
  GError* raw_error = nullptr;
  if (json_path_compile(compiled.get(), path.c_str(), &raw_error) != 0) return compiled;
  const GlibPtr<GError> error(raw_error);
  fault = error ? error->message : "the JSONPath is not understood";
  return nullptr;
}

std::string TextOf(JsonNode* node) {
  const GlibPtr<JsonGenerator> generator(json_generator_new());
  json_generator_set_root(generator.get(), node);
  const GlibPtr<gchar> text(json_generator_to_data(generator.get(), nullptr));
  return text.get();
}

}  // namespace

Result<std::string> JsonPathFirst(const std::string& path, const std::string& json) {
  std::string fault;
  const GlibPtr<JsonPath> compiled = Compile(path, fault);
  if (!compiled) return Fail(ErrorCode::kPrimerFailed, "jsonpath_first does not compile; run kck check");
  // json-glib turns numbers into doubles, and cuts strings at a zero. A path looks at neither.
  const JsonSkeleton skeleton = SkeletonOf(json);
  const GlibPtr<JsonParser> parser(json_parser_new());
  const auto size = static_cast<gssize>(skeleton.text.size());
  if (json_parser_load_from_data(parser.get(), skeleton.text.data(), size, nullptr) == 0) {
    return Fail(ErrorCode::kPrimerFailed, "jsonpath_first could not read the rows");
  }
  const GlibPtr<JsonNode> matches(json_path_match(compiled.get(), json_parser_get_root(parser.get())));
  JsonArray* list = json_node_get_array(matches.get());
  if (json_array_get_length(list) == 0) return "null";
  return WithScalars(TextOf(json_array_get_element(list, 0)), skeleton.scalars);
}

std::string JsonPathFault(const std::string& path) {
  std::string fault;
  Compile(path, fault);
  return fault;
}

}  // namespace kck
