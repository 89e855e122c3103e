// What the product of logins says of a user: who that is, what the password is held against, what the token says more.
//
// Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kck {

struct LoginRow {
  std::string subject;                                      // the user's id, as text
  std::string password_hash;                                // empty in the 0.6 form, where the key has it
  std::vector<std::pair<std::string, std::string>> claims;  // by name: JSON text
};

enum class LoginForm {
  kHash,   // the row has the id and the hash
  kKey06,  // the key has the hash, and the row the id alone
};

// Of the product's value: a row as a list ([id, hash]) or as an object (`id`, `password_hash`, and claims for the
// token), or a list of rows, of which the first counts; in the 0.6 form the id alone, too. KCKPrimerFailed where it is
// none of that, for the author's eyes.
Result<LoginRow> ReadLoginRow(std::string_view value, LoginForm form);

}  // namespace kck
