#include "http/openapi_components.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "base/json_object.h"
#include "http/error_names.h"

namespace kck {
namespace {

struct Part {
  std::string_view name;
  std::string_view text;
};

constexpr std::array<Part, 16> kParameters{{
    {"Key", R"({"name":"key","in":"path","required":true,"schema":{"type":"string","minLength":1,
"pattern":"^[^\\u0000]+$"}})"},
    {"Product", R"({"name":"product","in":"path","required":true,"schema":{"type":"string","minLength":1,
"pattern":"^[A-Za-z0-9_.-]+$"}})"},
    {"User", R"({"name":"user","in":"path","required":true,"schema":{"type":"string","minLength":1,
"pattern":"^[^/]+$"}})"},
    {"ProcessName", R"({"name":"name","in":"path","required":true,"schema":{"type":"string","minLength":1}})"},
    {"Keys", R"({"name":"key","in":"query","description":"several times, as key=item%2F7&key=item%2F8",
"style":"form","explode":true,"schema":{"type":"array","maxItems":1000,"items":{"type":"string"}}})"},
    {"KeysShown", R"({"name":"keys","in":"query","description":"how many keys of each database in each state",
"schema":{"type":"integer","minimum":0,"maximum":1000,"default":20}})"},
    {"RetriedKey", R"({"name":"key","in":"query","description":"a key or name/*","schema":{"type":"string"}})"},
    {"Wait", R"({"name":"wait","in":"query","description":"1: the answer comes when it is done",
"schema":{"type":"integer","enum":[0,1],"default":0}})"},
    {"WaitMs", R"({"name":"wait_ms","in":"query","description":"how long to wait for the value at the most",
"schema":{"type":"integer","minimum":0,"maximum":4294967295}})"},
    {"IfNoneMatch", R"({"name":"If-None-Match","in":"header","description":"ETags that the client has",
"schema":{"type":"string"}})"},
    {"IfMatch", R"({"name":"If-Match","in":"header","description":"only where the entry has this version",
"schema":{"type":"string","pattern":"^\"[0-9]{1,18}\\.[0-9]{1,18}\\.[0-9]{1,9}\"$"}})"},
    {"KckAfter", R"({"name":"KCK-After","in":"header","description":"tokens of writes that the answer has to show",
"schema":{"type":"string","pattern":"^[A-Za-z0-9_-]+( *, *[A-Za-z0-9_-]+)*$"}})"},
    {"KckLease", R"({"name":"KCK-Lease","in":"header","description":"<holder>-<number>: a lease, or a wish for one",
"schema":{"type":"string","pattern":"^[A-Za-z0-9_-]{1,64}-[0-9]{1,18}$"}})"},
    {"HoldMs", R"({"name":"hold_ms","in":"query","description":"how long the lease may be held",
"schema":{"type":"integer","minimum":1,"maximum":3600000,"default":60000}})"},
    {"ExpireSeconds",
     R"({"name":"expire_seconds","in":"query","description":"how long the value is served","schema":{"type":"number","minimum":0.001,"maximum":3153600000}})"},
    {"StaleSeconds", R"({"name":"stale_seconds","in":"query","description":"how long it is fresh; likewise",
"schema":{"type":"number","minimum":0.001,"maximum":3153600000}})"},
}};

constexpr std::array<Part, 7> kHeaders{{
    {"ETag",
     R"({"required":true,"description":"of the fill that last changed the content","schema":{"type":"string"}})"},
    {"State",
     R"({"required":true,"description":"stale: it is known to miss a change, or past its soft life; suspect: nobody can tell","schema":{"$ref":"#/components/schemas/State"}})"},
    {"Age", R"({"required":true,"description":"whole seconds since the source was read","schema":{"type":"integer",
"minimum":0}})"},
    {"AsOf", R"({"required":true,"description":"when the source was read, and of PostgreSQL the snapshot",
"schema":{"type":"string"}})"},
    {"CacheControl", R"({"required":true,"schema":{"type":"string"}})"},
    {"RetryAfter", R"({"description":"seconds","schema":{"type":"integer","minimum":0}})"},
    {"Authenticate", R"({"required":true,"schema":{"type":"string"}})"},
}};

constexpr std::string_view kEntryHeaders =
    R"({"ETag":{"$ref":"#/components/headers/ETag"},"KCK-State":{"$ref":"#/components/headers/State"},)"
    R"("KCK-Age":{"$ref":"#/components/headers/Age"},"KCK-As-Of":{"$ref":"#/components/headers/AsOf"},)"
    R"("Cache-Control":{"$ref":"#/components/headers/CacheControl"}})";
constexpr std::string_view kCacheHeaders = R"({"Cache-Control":{"$ref":"#/components/headers/CacheControl"}})";
constexpr std::string_view kTagHeaders =
    R"({"ETag":{"$ref":"#/components/headers/ETag"},"Cache-Control":{"$ref":"#/components/headers/CacheControl"}})";

struct Response {
  std::string_view name;
  std::string_view description;
  std::string_view schema;  // its name; empty: no JSON body
  std::string_view headers = kCacheHeaders;
  bool may_fail = true;  // under compat 0.6 it may be an error as well
};

constexpr std::array<Response, 27> kResponses{{
    {"Entry", "the entry", "Entry", kEntryHeaders},
    {"EntryOfRows", "the entry; its value is a list of rows", "EntryOfRows", kEntryHeaders},
    {"EntryOfDicts", "the entry; its value is a list of objects", "EntryOfDicts", kEntryHeaders},
    {"NotModified", "the client has this entry", {}, kEntryHeaders},
    {"Items", "the entries and errors, in the order of the keys", "Items"},
    {"Set", "it is durable", "Versioned", kTagHeaders},
    {"Purged", "it is forgotten, durably", "Versioned"},
    {"PurgedAll", "they are forgotten, durably", "PurgedAll"},
    {"Queued", "it will be computed", "Queued"},
    {"LeaseHolder", "the holder's name", "LeaseHolder"},
    {"Leased", "what the key holds, or the lease", "Leased"},
    {"LeaseEnded", "whether it was held, or wished for", "LeaseEnded"},
    {"Written", "the database has committed", "Written"},
    {"Explanation", "what is known of the key", "Explanation"},
    {"Queue", "what is due, by database", "Queue"},
    {"Retried", "how many keys wait again", "Retried"},
    {"Processes", "each with its times and last runs", "Processes"},
    {"RunBegun", "it runs", "RunBegun"},
    {"RunEnded", "it was done", "RunEnded"},
    {"Tokens", "the tokens of the session", "Tokens"},
    {"LoggedOut", "the session has ended, durably", "Success"},
    {"Alive", "it lives", "Success"},
    {"Ready", "it should", "Readiness", kCacheHeaders, false},
    {"NotReady", "it should not", "Readiness", kCacheHeaders, false},
    {"Description", "an OpenAPI document", "Document", kTagHeaders, false},
    {"DescriptionNotModified", "the client has it", {}, kTagHeaders},
    {"Index", "name, version and calls", "Success"},
}};

struct Failing {
  int status;
  std::string_view description;
};

constexpr std::array<Failing, 12> kFailing{{
    {400, "the request, its key or a parameter does not parse, or is not allowed"},
    {401, "a token is needed, or does not hold"},
    {403, "the token does not open this, or a page of another site writes"},
    {404, "there is no such key or process, or it has no value"},
    {409, "the token of KCK-After is of a history of the database that is gone"},
    {412, "the entry has another version"},
    {413, "the body is too large"},
    {429, "more tries or requests than one client may send"},
    {431, "the path, query and headers are too large"},
    {502, "the source failed, and no older value may be served"},
    {503, "too much is under way, or the store failed a write"},
    {504, "the source or the wait took too long"},
}};

void AppendJsonContent(JsonObject& response, std::string_view schema) {
  JsonObject content(response.Member("content"));
  content.Member("application/json") += fmt::format(R"({{"schema":{}}})", schema);
  content.End();
}

void AppendResponse(JsonObject& responses, const Response& response, const ApiRules& rules) {
  JsonObject object(responses.Member(response.name));
  object.Text("description", response.description);
  const bool may_fail = rules.compat_06 && response.may_fail;
  // An error has not the headers of an entry.
  object.Member("headers") += may_fail ? kCacheHeaders : response.headers;
  if (!response.schema.empty()) {
    std::string schema = ComponentRef("schemas", response.schema);
    if (may_fail) schema = fmt::format(R"({{"anyOf":[{},{}]}})", schema, ComponentRef("schemas", "Error"));
    AppendJsonContent(object, schema);
  }
  object.End();
}

std::string_view ErrorHeaders(int status) {
  constexpr std::string_view kChallenge = R"({"Cache-Control":{"$ref":"#/components/headers/CacheControl"},)"
                                          R"("WWW-Authenticate":{"$ref":"#/components/headers/Authenticate"}})";
  constexpr std::string_view kRetry = R"({"Cache-Control":{"$ref":"#/components/headers/CacheControl"},)"
                                      R"("Retry-After":{"$ref":"#/components/headers/RetryAfter"}})";
  if (status == 401) return kChallenge;
  return status == 503 || status == 429 ? kRetry : kCacheHeaders;
}

void AppendErrorResponse(JsonObject& responses, const Failing& failing) {
  std::string names;
  AppendJsonList(names, ErrorNames(failing.status), [&](std::string_view name) { AppendJsonString(names, name); });
  JsonObject object(responses.Member(ErrorResponseName(failing.status)));
  object.Text("description", failing.description);
  object.Member("headers") += ErrorHeaders(failing.status);
  AppendJsonContent(object, fmt::format(R"({{"allOf":[{},{{"type":"object","properties":{{"error":{{"type":"object",)"
                                        R"("properties":{{"name":{{"enum":{}}}}}}}}}}}]}})",
                                        ComponentRef("schemas", "Error"), names));
  object.End();
}

void AppendResponses(std::string& out, const ApiRules& rules) {
  JsonObject responses(out);
  for (const Response& response : kResponses) AppendResponse(responses, response, rules);
  responses.Member("Metrics") +=
      R"({"description":"Prometheus text","content":{"text/plain":{"schema":{"type":"string"}}}})";
  for (const Failing& failing : kFailing) AppendErrorResponse(responses, failing);
  if (rules.compat_06) {
    responses.Member("Error200") +=
        fmt::format(R"({{"description":"an error","content":{{"application/json":{{"schema":{}}}}}}})",
                    ComponentRef("schemas", "Error"));
  }
  responses.End();
}

template <typename Parts>
void AppendParts(std::string& out, const Parts& parts) {
  JsonObject object(out);
  for (const Part& part : parts) object.Member(part.name) += part.text;
  object.End();
}

}  // namespace

void AppendComponents(std::string& out, const ApiRules& rules) {
  JsonObject components(out);
  AppendSchemas(components.Member("schemas"), rules);
  AppendParts(components.Member("parameters"), kParameters);
  AppendParts(components.Member("headers"), kHeaders);
  AppendResponses(components.Member("responses"), rules);
  if (rules.asks_for_tokens) {
    components.Member("securitySchemes") += R"({"bearer":{"type":"http","scheme":"bearer","bearerFormat":"JWT"}})";
  }
  components.End();
}

}  // namespace kck
