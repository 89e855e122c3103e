#include "model/access_reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace kck {
namespace {

class AccessReader {
 public:
  AccessReader(const YamlFile& file, const YAML::Node& node, const std::vector<Param>& params)
      : file_(file), node_(node), params_(params) {}

  Access Read() {
    if (node_.IsMap()) {
      ReadRules();
    } else {
      ReadWord();
    }
    return std::move(access_);
  }

 private:
  void ReadWord() {
    const std::string word = node_.IsScalar() ? node_.Scalar() : "";
    access_.kind = word == "public" ? AccessKind::kPublic : AccessKind::kUser;
    if (word == "public" || word == "user") return;
    file_.Report(node_, "\"access\" is none of its words",
                 "public, user, or {claims: {sub: user_id}, roles: [editor]}");
  }

  void ReadRules() {
    access_.kind = AccessKind::kUser;
    YamlMap rules(file_, node_, "access");
    ReadClaims(rules.Take("claims"));
    access_.roles = rules.TakeTexts("roles");
    if (rules.Has("roles") && access_.roles.empty()) {
      file_.Report(rules.Take("roles"), "roles names none", "as roles: [editor]");
    }
    rules.Finish();
    if (node_.size() == 0) {
      file_.Report(node_, "access has neither claims nor roles", "access: user is for everyone who has a token");
    }
  }

  void ReadClaims(const YAML::Node& node) {
    if (!node.IsDefined()) return;
    YamlMap claims(file_, node, "claims");
    for (const auto& item : claims.node()) {
      claims.Take(item.first.Scalar());
      const auto param = file_.TextOf(item.second, item.first.Scalar());
      if (param) Bind(item.first.Scalar(), *param, item.second);
    }
    std::ranges::sort(access_.claims, {}, &ClaimBinding::param);
  }

  void Bind(const std::string& claim, const std::string& name, const YAML::Node& at) {
    const auto param = std::ranges::find(params_, name, &Param::name);
    if (param == params_.end()) {
      return file_.Report(at, fmt::format("there is no parameter \"{}\" for the claim {}", name, claim),
                          "claims: {CLAIM: PARAMETER} names one of `parameters`");
    }
    const auto index = static_cast<std::size_t>(param - params_.begin());
    if (BindingOf(access_, index) != nullptr) {
      return file_.Report(at, fmt::format("the parameter \"{}\" is taken from two claims", name), "keep one of them");
    }
    access_.claims.push_back({claim, index});
  }

  YamlFile file_;
  YAML::Node node_;
  const std::vector<Param>& params_;
  Access access_;
};

}  // namespace

Access ReadAccess(const YamlFile& file, YamlMap& fields, const std::vector<Param>& params, const AuthSettings& auth,
                  const std::string& kind) {
  const YAML::Node node = fields.Take("access");
  if (!node.IsDefined()) return {auth.unsaid, {}, {}};
  Access access = AccessReader(file, node, params).Read();
  if (!auth.on && access.kind == AccessKind::kUser) {
    file.Report(node,
                fmt::format("this {} is not for everyone, and kck.yml has no auth: nobody could be told apart", kind),
                "add auth: {keys: […]} to kck.yml; access: public where everyone may");
  }
  return access;
}

}  // namespace kck
