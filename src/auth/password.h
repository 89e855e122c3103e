// Password hashes: argon2id (RFC 9106), in the text form `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. Any thread; each call
// takes some tens of milliseconds of CPU and kPasswordMemoryKib of memory, so callers bound how many run at once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kck {

// RFC 9106's second recommendation cut to what OWASP asks for: many logins at once must fit in memory.
inline constexpr std::uint32_t kPasswordMemoryKib = 19456;
inline constexpr std::uint32_t kPasswordPasses = 2;
inline constexpr std::uint32_t kPasswordLanes = 1;
inline constexpr std::size_t kPasswordBytesMax = 1024;

// A new hash of the password, with a salt of its own.
Result<std::string> HashPassword(std::string_view password);

// True where `hash` is an argon2id hash of the password. False for any other text, and for hashes that ask for more
// than 256 MiB, 16 passes or 16 lanes: such a text in a table must not stop the server.
bool IsPassword(std::string_view hash, std::string_view password);

// True for a text of the form that IsPassword takes.
bool IsPasswordHash(std::string_view hash);

// The beginning of such a hash that says what it costs: all before the salt.
std::string_view CostsOf(std::string_view hash);

// That of the hashes that HashPassword makes.
const std::string& UsualCosts();

// A hash of no password, of these costs; empty where the system gives no memory for it.
std::string NobodysHash(std::string_view costs);

// The hash of KCK 0.6, MD5 over salt and password, in hexadecimal digits. It protects nothing: for folders of that
// version.
std::string PasswordHash06(std::string_view salt, std::string_view password);

}  // namespace kck
