#include "model/auth_settings_reader.h"

#include <fmt/format.h>

#include <filesystem>

#include "model/login_settings_reader.h"

namespace kck {
namespace {

const std::vector<std::string> kAlgorithms{"HS256", "RS256", "ES256", "EdDSA"};

class AuthReader {
 public:
  AuthReader(const YamlFile& file, const std::string& folder) : file_(file), folder_(folder) {}

  AuthSettings Read(const YAML::Node& node) {
    auth_.on = true;
    YamlMap fields(file_, node, "auth");
    ReadKeys(fields.Take("keys"));
    if (const auto path = fields.TakeText("jwks")) {
      auth_.jwks_file = Join(*path);
      auth_.jwks_location = file_.At(fields.Take("jwks"));
    }
    auth_.issuers = fields.TakeTexts("issuer");
    auth_.audiences = fields.TakeTexts("audience");
    ReadLeeway(fields);
    if (const auto claim = fields.TakeText("roles_claim")) auth_.roles_claim = *claim;
    if (const auto role = fields.TakeText("admin_role")) auth_.admin_role = *role;
    if (const auto open = fields.TakeBool("public_metrics")) auth_.public_metrics = *open;
    if (fields.TakeChoice("access", {"admin", "user"}) == std::size_t{1}) auth_.unsaid = AccessKind::kUser;
    auth_.login = ReadLoginSettings(file_, fields);
    fields.Finish();
    if (!keys_given_ && auth_.jwks_file.empty()) {
      file_.Report(node, "auth has no key to check tokens with",
                   "add keys: [{algorithm: HS256, secret: \"${KCK_SECRET}\"}], or jwks: FILE");
    }
    return std::move(auth_);
  }

 private:
  std::string Join(const std::string& path) const {
    return (std::filesystem::path(folder_) / path).lexically_normal().string();
  }

  void ReadKeys(const YAML::Node& node) {
    if (!node.IsDefined()) return;
    keys_given_ = true;
    if (!node.IsSequence() || node.size() == 0) {
      return file_.Report(node, "keys is no list", "as keys: [{algorithm: HS256, secret: \"${KCK_SECRET}\"}]");
    }
    for (const YAML::Node& item : node) ReadKey(item);
  }

  void ReadKey(const YAML::Node& node) {
    YamlMap fields(file_, node, "keys");
    AuthKeySettings key;
    key.location = file_.At(node);
    key.id = fields.TakeText("id").value_or("");
    const bool has_algorithm = fields.Has("algorithm");
    const auto algorithm = fields.TakeChoice("algorithm", kAlgorithms);
    const bool has_secret = fields.Has("secret");
    const bool has_file = fields.Has("file");
    key.secret = fields.TakeText("secret").value_or("");
    if (const auto path = fields.TakeText("file")) key.file = Join(*path);
    fields.Finish();
    if (!has_algorithm) file_.Report(node, "a key has no algorithm", "HS256, RS256, ES256 or EdDSA");
    if (!algorithm) return;
    key.algorithm = kAlgorithms[*algorithm];
    const bool shared = key.algorithm == "HS256";
    if (has_secret == has_file || has_secret != shared) {
      return file_.Report(node, fmt::format("a key of {} has one {}", key.algorithm, shared ? "secret" : "file"),
                          shared ? "secret: \"${KCK_SECRET}\", of 32 bytes or more" : "file: key.pem");
    }
    auth_.keys.push_back(std::move(key));
  }

  void ReadLeeway(YamlMap& fields) {
    if (const auto leeway = fields.TakeInt("leeway_seconds", 0, 300)) auth_.leeway = std::chrono::seconds(*leeway);
  }

  YamlFile file_;
  const std::string& folder_;
  AuthSettings auth_;
  bool keys_given_ = false;
};

}  // namespace

AuthSettings ReadAuthSettings(const YamlFile& file, const YAML::Node& node, const std::string& folder) {
  return AuthReader(file, folder).Read(node);
}

}  // namespace kck
