// Keys and authentication of what leaves this server and comes back: OpenSSL behind a few functions. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kck {

inline constexpr std::size_t kMacBytes = 32;

// HMAC-SHA-256 of `text`, kMacBytes raw bytes.
std::string Mac(std::string_view key, std::string_view text);

// True where two MACs are equal; takes as long where they differ early as where they differ late.
bool SameMac(std::string_view one, std::string_view other);

// `count` bytes that nobody can guess; empty where the system has none.
std::string RandomBytes(std::size_t count);

// A number that nobody can guess.
std::uint64_t RandomNumber();

}  // namespace kck
