// The operations that every node has, whatever its products are, as rows of two tables. A new call of the API is a row.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "http/openapi_operation.h"

namespace kck {

enum class For : std::uint8_t { kEveryone, kTokenLooked, kAnyToken, kAdministrators, kMetricsReaders };

struct FixedCall {
  std::string_view method;
  std::string_view path;
  std::string_view id;
  std::string_view tag;
  std::string_view summary;
  std::string_view description;
  std::array<std::string_view, 5> parameters;  // names of components; the rest is empty
  std::string_view body;
  std::array<ApiAnswer, 2> answers;  // the second may have no response
  std::array<int, 4> errors;         // the rest is 0
  For whom;
};

inline constexpr std::string_view kKeyOfAdministrators =
    "For administrators. A key with parameters, as item/7, has slashes, which stand as they are in the path.";

std::span<const FixedCall> EntryCalls();   // openapi_entry_calls.cc
std::span<const FixedCall> NodeCalls();    // openapi_node_calls.cc
std::span<const FixedCall> LoginCalls();   // openapi_login_calls.cc: where kck.yml has logins
std::span<const FixedCall> LogoutCalls();  // likewise: where it asks for tokens

}  // namespace kck
