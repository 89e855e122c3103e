#include "model/cors_settings_reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace kck {
namespace {

// As RFC 6454 spells an origin: what a browser sends is compared with it byte by byte.
bool IsOrigin(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == 0 || scheme == std::string_view::npos) return false;
  const std::string_view host = text.substr(scheme + 3);
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  return !host.empty() && host.find_first_of("/?#@* ") == std::string_view::npos &&
         std::ranges::none_of(text, is_upper);
}

bool IsHeaderName(std::string_view text) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !text.empty() && std::ranges::all_of(text, is_part);
}

class CorsReader {
 public:
  explicit CorsReader(const YamlFile& file) : file_(file) {}

  CorsSettings Read(const YAML::Node& node) {
    YamlMap fields(file_, node, "cors");
    const bool named = fields.Has("origins");
    ReadOrigins(fields.Take("origins"));
    if (const auto credentials = fields.TakeBool("credentials")) cors_.credentials = *credentials;
    ReadHeaders(fields.Take("headers"));
    if (const auto age = fields.TakeInt("max_age_seconds", 0, 86400)) cors_.max_age = std::chrono::seconds(*age);
    if (cors_.every_origin && cors_.credentials) {
      file_.Report(fields.Take("credentials"), "credentials do not go with every origin: browsers refuse that",
                   "name the origins");
    }
    fields.Finish();
    if (!named) file_.Report(node, "cors names no origins", "origins: [\"https://app.example\"], or [\"*\"]");
    return std::move(cors_);
  }

 private:
  void ReadOrigins(const YAML::Node& node) {
    if (!node.IsDefined()) return;
    if (!node.IsSequence() || node.size() == 0) {
      return file_.Report(node, "origins is no list", "as origins: [\"https://app.example\"]");
    }
    for (const YAML::Node& item : node) {
      const auto origin = file_.TextOf(item, "origins");
      if (!origin) continue;
      if (*origin == "*") {
        cors_.every_origin = true;
      } else if (IsOrigin(*origin)) {
        cors_.origins.push_back(*origin);
      } else {
        file_.Report(item, fmt::format("\"{}\" is no origin", *origin),
                     "as https://app.example or http://localhost:3000, in small letters, without a path");
      }
    }
  }

  void ReadHeaders(const YAML::Node& node) {
    if (!node.IsDefined()) return;
    if (!node.IsSequence()) return file_.Report(node, "headers is no list", "as headers: [X-Request-Id]");
    for (const YAML::Node& item : node) {
      const auto name = file_.TextOf(item, "headers");
      if (name && !IsHeaderName(*name)) file_.Report(item, "this is no name of a header", "as X-Request-Id");
      if (name) cors_.headers.push_back(*name);
    }
  }

  YamlFile file_;
  CorsSettings cors_;
};

}  // namespace

CorsSettings ReadCorsSettings(const YamlFile& file, const YAML::Node& node) { return CorsReader(file).Read(node); }

}  // namespace kck
