// Logging in and out.
#include "http/openapi_fixed_calls.h"

namespace kck {
namespace {

constexpr std::string_view kLogins = "logins";

constexpr std::string_view kPasswordBody =
    R"({"required":true,"content":{"application/json":{"schema":{"type":"object","required":["password"],)"
    R"("properties":{"password":{"type":"string"}}}}}})";
constexpr std::string_view kRefreshBody =
    R"({"required":true,"content":{"application/json":{"schema":{"type":"object","required":["refresh_token"],)"
    R"("properties":{"refresh_token":{"type":"string"}}}}}})";
constexpr std::string_view kLogoutBody =
    R"({"required":false,"content":{"application/json":{"schema":{"type":"object",)"
    R"("properties":{"refresh_token":{"type":"string"}}}}}})";

constexpr std::array<FixedCall, 2> kLoginRows{{
    {"post",
     "/login/{user}",
     "login",
     kLogins,
     "Log in",
     "Unknown users and wrong passwords are answered alike.",
     {"User"},
     kPasswordBody,
     {{{200, "Tokens"}}},
     {401, 429, 502, 504},
     For::kEveryone},
    {"post",
     "/token",
     "renew",
     kLogins,
     "New tokens for a refresh token",
     "A refresh token is good for one use; the answer has the next.",
     {},
     kRefreshBody,
     {{{200, "Tokens"}}},
     {401, 502, 504},
     For::kEveryone},
}};

constexpr std::array<FixedCall, 1> kLogoutRows{{
    {"post",
     "/logout",
     "logout",
     kLogins,
     "End the session of the token",
     "Or of the refresh token in the body, where the token's life is over.",
     {},
     kLogoutBody,
     {{{200, "LoggedOut"}}},
     {401},
     For::kTokenLooked},
}};

}  // namespace

std::span<const FixedCall> LoginCalls() { return kLoginRows; }

std::span<const FixedCall> LogoutCalls() { return kLogoutRows; }

}  // namespace kck
