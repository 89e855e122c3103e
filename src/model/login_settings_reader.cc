#include "model/login_settings_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/product_key.h"

namespace kck {
namespace {

using Kind = LoginSettings::Part::Kind;

constexpr int kLifeDaysMax = 3660;                       // ten years
constexpr std::string_view kHashParam = ":passwd_hash";  // as KCK 0.6 calls it

class LoginReader {
 public:
  LoginReader(const YamlFile& file, YamlMap& fields) : file_(file), fields_(fields) {}

  std::shared_ptr<const LoginSettings> Read() {
    const YAML::Node node = fields_.Take("auth_user");
    if (!node.IsDefined()) {
      RefuseRest();
      return nullptr;
    }
    login_.location = file_.At(node);
    ReadKey(node);
    ReadLives();
    ReadAttempts();
    ReadSalt();
    return std::make_shared<const LoginSettings>(std::move(login_));
  }

 private:
  void RefuseRest() {
    for (const char* field : {"token_life", "refresh_life", "login_attempts", "password_hash_salt"}) {
      const YAML::Node node = fields_.Take(field);
      if (!node.IsDefined()) continue;
      file_.Report(node, fmt::format("{} has no meaning without auth_user", field),
                   "auth_user: auth/:email names the product that knows users");
    }
  }

  void ReadKey(const YAML::Node& node) {
    const auto key = fields_.TakeText("auth_user");
    if (!key) return;
    const auto segments = SplitKey(*key);
    const auto name = DecodeSegment(segments[0]);
    if (!name || name->empty()) return Refuse(node);
    login_.product = *name;
    for (std::size_t i = 1; i < segments.size(); ++i) ReadPart(node, segments[i]);
    if (std::ranges::count(login_.parts, Kind::kUser, &LoginSettings::Part::kind) != 1) Refuse(node);
  }

  void ReadPart(const YAML::Node& node, std::string_view segment) {
    if (segment == kHashParam) return login_.parts.push_back({Kind::kPasswordHash, {}});
    if (segment.starts_with(':')) return login_.parts.push_back({Kind::kUser, {}});
    const auto literal = DecodeSegment(segment);
    if (!literal) return Refuse(node);
    login_.parts.push_back({Kind::kLiteral, *literal});
  }

  void Refuse(const YAML::Node& node) {
    file_.Report(node, "\"auth_user\" is no key with one parameter for the user", "as auth/:email");
  }

  void ReadLives() {
    if (const auto life = fields_.TakeSeconds("token_life", kLifeDaysMax)) login_.token_life = *life;
    const YAML::Node node = fields_.Take("refresh_life");
    if (!node.IsDefined()) return;
    if (node.IsScalar() && node.Scalar() == "off") {
      login_.refresh_life = std::chrono::seconds(0);
    } else if (const auto life = fields_.TakeSeconds("refresh_life", kLifeDaysMax)) {
      login_.refresh_life = *life;
    }
  }

  void ReadAttempts() {
    const YAML::Node node = fields_.Take("login_attempts");
    if (!node.IsDefined()) return;
    YamlMap attempts(file_, node, "login_attempts");
    constexpr std::int64_t kMost = 1000000;
    if (const auto most = attempts.TakeInt("per_user", 1, kMost)) login_.attempts_per_user = static_cast<int>(*most);
    if (const auto most = attempts.TakeInt("per_address", 1, kMost)) {
      login_.attempts_per_address = static_cast<int>(*most);
    }
    if (const auto window = attempts.TakeSeconds("within", kLifeDaysMax)) login_.attempts_window = *window;
    attempts.Finish();
  }

  void ReadSalt() {
    login_.password_hash_salt = fields_.TakeText("password_hash_salt");
    const bool in_key = std::ranges::count(login_.parts, Kind::kPasswordHash, &LoginSettings::Part::kind) > 0;
    if (in_key && !login_.password_hash_salt) {
      return file_.Report(fields_.Take("auth_user"), "a key with :passwd_hash is the form of KCK 0.6, salted MD5",
                          "have the product return id and an argon2id hash, as auth/:email; or say "
                          "password_hash_salt: \"…\", and know that who gets hold of such hashes has the passwords");
    }
    if (!login_.password_hash_salt) return;
    const YAML::Node node = fields_.Take("password_hash_salt");
    if (!in_key) {
      return file_.Report(node, "password_hash_salt has no meaning without :passwd_hash in auth_user",
                          "argon2id hashes have salts of their own: take it out");
    }
    file_.faults->push_back({file_.At(node), "passwords are kept as salted MD5, which is no protection",
                             "have the product return id and an argon2id hash (kck token hash-password)", true});
  }

  YamlFile file_;
  YamlMap& fields_;
  LoginSettings login_;
};

}  // namespace

std::shared_ptr<const LoginSettings> ReadLoginSettings(const YamlFile& file, YamlMap& fields) {
  return LoginReader(file, fields).Read();
}

}  // namespace kck
