// Calls for keys of any name, and for many.
#include "http/openapi_fixed_calls.h"

namespace kck {
namespace {

constexpr std::string_view kEntries = "entries";

constexpr std::string_view kKeysBody =
    R"({"required":true,"content":{"application/json":{"schema":{"type":"array","maxItems":1000,"items":{"type":"string"}}}}})";
constexpr std::string_view kValueBody =
    R"({"required":true,"description":"any JSON value","content":{"application/json":{"schema":{}}}})";
constexpr std::string_view kHintBody =
    R"({"required":false,"description":"a hint that the computation is told; not with wait=1",)"
    R"("content":{"application/json":{"schema":{"type":"object"}}}})";

constexpr std::array<FixedCall, 8> kRows{{
    {"get",
     "/fetch/{key}",
     "fetch",
     kEntries,
     "Fetch a key that no product has",
     kKeyOfAdministrators,
     {"Key", "WaitMs", "IfNoneMatch", "KckAfter"},
     {},
     {{{200, "Entry"}, {304, "NotModified"}}},
     {404, 409, 502, 504},
     For::kAdministrators},
    {"delete",
     "/fetch/{key}",
     "purge",
     kEntries,
     "Forget a key",
     kKeyOfAdministrators,
     {"Key", "IfMatch"},
     {},
     {{{200, "Purged"}}},
     {412},
     For::kAdministrators},
    {"delete",
     "/fetch/{product}/*",
     "purgeAll",
     kEntries,
     "Forget all keys of a product",
     "For administrators.",
     {"Product"},
     {},
     {{{200, "PurgedAll"}}},
     {404},
     For::kAdministrators},
    {"put",
     "/set/{key}",
     "set",
     kEntries,
     "Keep a value under a key",
     kKeyOfAdministrators,
     {"Key", "IfMatch"},
     kValueBody,
     {{{200, "Set"}}},
     {412},
     For::kAdministrators},
    {"get",
     "/mget",
     "mget",
     kEntries,
     "Fetch many keys",
     "Each has its own success or error. A key is percent-encoded once more than in a path.",
     {"Keys", "WaitMs", "KckAfter"},
     {},
     {{{200, "Items"}}},
     {409},
     For::kTokenLooked},
    {"post",
     "/mget",
     "mgetList",
     kEntries,
     "Fetch many keys, which the body lists",
     "Each has its own success or error.",
     {"WaitMs", "KckAfter"},
     kKeysBody,
     {{{200, "Items"}}},
     {409},
     For::kTokenLooked},
    {"post",
     "/refresh/{key}",
     "refresh",
     kEntries,
     "Have a key computed again",
     kKeyOfAdministrators,
     {"Key", "Wait"},
     kHintBody,
     {{{202, "Queued"}, {200, "Entry"}}},
     {404, 502, 504},
     For::kAdministrators},
    {"post",
     "/refresh/{product}/*",
     "refreshAll",
     kEntries,
     "Mark all keys of a product stale",
     "For administrators.",
     {"Product"},
     {},
     {{{202, "Queued"}}},
     {404},
     For::kAdministrators},
}};

}  // namespace

std::span<const FixedCall> EntryCalls() { return kRows; }

}  // namespace kck
