#include "http/openapi.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <array>

#include "base/json_object.h"
#include "http/openapi_components.h"

namespace kck {
namespace {

constexpr std::string_view kInfo =
    "Cached data products over HTTP. Each GET takes HEAD as well. Bytes that are no request are answered 400, 408, "
    "413, 417, 431, 501 or 505 with an Error, and a method that a path does not take 405 with Allow.";
constexpr std::string_view kInfo06 = " Under compat 0.6 errors of a key or a call are answered 200.";

constexpr std::array<std::array<std::string_view, 2>, 6> kTags{{
    {"products", "data products, by key"},
    {"updaters", "named writes to the databases"},
    {"entries", "keys of any name, and many at once"},
    {"logins", "tokens for passwords, and their end"},
    {"administration", "what the node does, and why"},
    {"node", "health, metrics and this description"},
}};

void AppendInfo(std::string& out, const ApiSubject& subject, std::string_view version) {
  JsonObject info(out);
  info.Text("title", "KCK");
  info.Text("version", version);
  info.Text("description", fmt::format("{}{}", kInfo, subject.rules.compat_06 ? kInfo06 : ""));
  info.End();
}

void AppendTags(std::string& out) {
  AppendJsonList(out, kTags, [&out](const auto& tag) {
    JsonObject object(out);
    object.Text("name", tag[0]);
    object.Text("description", tag[1]);
    object.End();
  });
}

bool SameSubject(const ApiSubject& one, const ApiSubject& other) {
  return one.catalog == other.catalog && one.admin_role == other.admin_role &&
         one.public_metrics == other.public_metrics && one.has_logins == other.has_logins;
}

}  // namespace

std::string OpenApiText(const ApiSubject& subject, std::string_view version) {
  ApiPaths paths;
  AddProductOperations(paths, subject);
  AddUpdaterOperations(paths, subject);
  AddFixedOperations(paths, subject);
  std::string out;
  JsonObject document(out);
  document.Text("openapi", "3.1.0");
  AppendInfo(document.Member("info"), subject, version);
  document.Member("servers") += R"([{"url":"/"}])";
  AppendTags(document.Member("tags"));
  AppendPaths(document.Member("paths"), paths, subject.rules);
  AppendComponents(document.Member("components"), subject.rules);
  document.End();
  return out;
}

OpenApiDocumentPtr OpenApiDocuments::Of(ApiSubject subject, std::string_view version) {
  const MutexLock lock(mutex_);
  if (document_ && SameSubject(subject, subject_)) return document_;
  auto document = std::make_shared<OpenApiDocument>();
  document->text = OpenApiText(subject, version);
  document->etag = fmt::format("\"{:016x}\"", XXH3_64bits(document->text.data(), document->text.size()));
  subject_ = std::move(subject);
  document_ = std::move(document);
  return document_;
}

}  // namespace kck
