#include "auth/login_row.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>

namespace kck {
namespace {

using simdjson::dom::element;

// What KCK itself writes into tokens.
constexpr std::array<std::string_view, 10> kOwnClaims{"iss", "sub", "aud", "exp", "nbf",
                                                      "iat", "jti", "sid", "usr", "trn"};

Failure Bad(std::string_view what) {
  return Fail(ErrorCode::kPrimerFailed, fmt::format("the product of auth.auth_user: {}", what));
}

Result<std::string> IdOf(const element& id) {
  if (id.is_string()) return std::string(std::string_view(id));
  if (id.is_int64() || id.is_uint64()) return simdjson::minify(id);
  return Bad("an id is a text or a whole number");
}

Result<std::string> HashOf(const element& hash) {
  if (hash.is_null()) return std::string();  // who has no password
  if (hash.is_string()) return std::string(std::string_view(hash));
  return Bad("a password's hash is a text");
}

Result<LoginRow> ReadList(const simdjson::dom::array& list, LoginForm form) {
  const std::size_t columns = form == LoginForm::kHash ? 2 : 1;
  if (list.size() != columns) {
    return Bad(columns == 2 ? "a row of a list has the id and the hash; with type: dicts there may be claims"
                            : "a row of the 0.6 form has the id alone");
  }
  LoginRow row;
  Result<std::string> id = IdOf(list.at(0));
  if (!id) return Failure(std::move(id.error()));
  row.subject = *std::move(id);
  if (columns == 1) return row;
  Result<std::string> hash = HashOf(list.at(1));
  if (!hash) return Failure(std::move(hash.error()));
  row.password_hash = *std::move(hash);
  return row;
}

Result<LoginRow> ReadObject(const simdjson::dom::object& object, LoginForm form) {
  LoginRow row;
  bool has_hash = form == LoginForm::kKey06;
  for (const auto& [name, member] : object) {
    if (name == "id" || name == "password_hash") {
      Result<std::string> text = name == "id" ? IdOf(member) : HashOf(member);
      if (!text) return Failure(std::move(text.error()));
      has_hash = has_hash || name == "password_hash";
      (name == "id" ? row.subject : row.password_hash) = *std::move(text);
    } else if (std::ranges::find(kOwnClaims, name) != kOwnClaims.end()) {
      return Bad(fmt::format("a column may not be called {}: KCK writes that claim itself", name));
    } else {
      row.claims.emplace_back(name, simdjson::minify(member));
    }
  }
  if (row.subject.empty() || !has_hash) return Bad("a row has the columns id and password_hash");
  return row;
}

Result<LoginRow> Read(const element& value, LoginForm form, bool whole) {
  if (value.is_object()) return ReadObject(simdjson::dom::object(value), form);
  if (value.is_array()) {
    const simdjson::dom::array list(value);
    if (list.size() == 0) return Bad("an empty list is no row");
    const element first = list.at(0);
    const bool rows = first.is_array() || first.is_object();
    return rows && whole ? Read(first, form, false) : ReadList(list, form);
  }
  if (form == LoginForm::kHash) return Bad("its value is no row");
  LoginRow row;
  Result<std::string> id = IdOf(value);
  if (!id) return Failure(std::move(id.error()));
  row.subject = *std::move(id);
  return row;
}

}  // namespace

Result<LoginRow> ReadLoginRow(std::string_view value, LoginForm form) {
  simdjson::dom::parser parser;
  element parsed;
  if (parser.parse(simdjson::padded_string(value)).get(parsed) != simdjson::SUCCESS) return Bad("its value is no JSON");
  return Read(parsed, form, true);
}

}  // namespace kck
