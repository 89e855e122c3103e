// What bodies of answers look like. They may get more members, so none is closed.
#include <array>
#include <string_view>

#include "base/json_object.h"
#include "http/error_names.h"
#include "http/openapi_components.h"

namespace kck {
namespace {

struct Schema {
  std::string_view name;
  std::string_view text;
};

constexpr std::string_view kVersion =
    R"({"type":"string","pattern":"^[0-9]+\\.[0-9]+\\.[0-9]+$","description":"what the ETag has in quotes"})";
constexpr std::string_view kVersion06 = R"({"type":"integer"})";

constexpr std::array<Schema, 15> kEntrySchemas{{
    {"Error", R"({"type":"object","required":["success","error"],"properties":{"success":{"const":false},
"error":{"type":"object","required":["name","args","message"],"properties":{
"name":{"$ref":"#/components/schemas/ErrorName"},"args":{"type":"array","items":{"type":"string"},
"description":"the key as it was sent, or the name of the updater or process"},
"message":{"type":"string","description":"for people"}}}}})"},
    {"Success", R"({"type":"object","required":["success"],"properties":{"success":{"const":true}}})"},
    {"Rows", R"({"type":"array","items":{"type":"array"}})"},
    {"Dicts", R"({"type":"array","items":{"type":"object"}})"},
    {"Entry", R"({"type":"object","required":["success","key","version","value","modified"],"properties":{
"success":{"const":true},"key":{"type":"string","description":"in its canonical spelling"},
"version":{"$ref":"#/components/schemas/Version"},"value":{"description":"any JSON value"},
"modified":{"type":"number","description":"seconds since 1970: when the source was read for this content"}}})"},
    {"EntryOfRows", R"({"allOf":[{"$ref":"#/components/schemas/Entry"},
{"type":"object","properties":{"value":{"$ref":"#/components/schemas/Rows"}}}]})"},
    {"EntryOfDicts", R"({"allOf":[{"$ref":"#/components/schemas/Entry"},
{"type":"object","properties":{"value":{"$ref":"#/components/schemas/Dicts"}}}]})"},
    {"State", R"({"type":"string","enum":["fresh","stale","suspect"]})"},
    {"Item", R"({"allOf":[{"$ref":"#/components/schemas/Entry"},{"type":"object",
"required":["state","age_seconds","as_of"],"properties":{"state":{"$ref":"#/components/schemas/State"},
"age_seconds":{"type":"integer","minimum":0},"as_of":{"type":"string","format":"date-time"},
"snapshot":{"type":"string"}}}]})"},
    {"Items", R"({"type":"object","required":["success","items"],"properties":{"success":{"const":true},
"items":{"type":"array","items":{"anyOf":[{"$ref":"#/components/schemas/Item"},
{"$ref":"#/components/schemas/Error"}]}}}})"},
    {"LeaseHolder", R"({"type":"object","required":["success","holder"],"properties":{"success":{"const":true},
"holder":{"type":"string"}}})"},
    {"Leased", R"({"anyOf":[{"$ref":"#/components/schemas/Entry"},{"type":"object","required":["success","lease","key",
"stale"],"properties":{"success":{"const":true},"lease":{"type":"string"},"key":{"type":"string"},
"stale":{"anyOf":[{"$ref":"#/components/schemas/Item"},{"type":"null"}]}}}]})"},
    {"LeaseEnded", R"({"type":"object","required":["success","ended"],"properties":{"success":{"const":true},
"ended":{"type":"boolean"}}})"},
    {"Versioned", R"({"type":"object","required":["success","key","version"],"properties":{"success":{"const":true},
"key":{"type":"string"},"version":{"$ref":"#/components/schemas/Version"}}})"},
    {"Written", R"({"type":"object","required":["success","updater","action","rows","returning","token"],"properties":{
"success":{"const":true},"updater":{"type":"string"},"action":{"enum":["insert","update","delete"]},
"rows":{"type":"integer","minimum":0},"returning":{"type":"array","items":{"type":["array","object"]}},
"token":{"type":"string","description":"for KCK-After"}}})"},
}};

constexpr std::array<Schema, 13> kNodeSchemas{{
    {"PurgedAll", R"({"type":"object","required":["success","key"],"properties":{"success":{"const":true},
"key":{"type":"string"}}})"},
    {"Queued", R"({"type":"object","required":["success","queued"],"properties":{"success":{"const":true},
"queued":{"const":true}}})"},
    {"Retried", R"({"type":"object","required":["success","retried"],"properties":{"success":{"const":true},
"retried":{"type":"integer","minimum":0}}})"},
    {"Explanation", R"({"type":"object","required":["success","key","product","state","why","entry","computing",
"failure","use","refresh"],"properties":{"success":{"const":true},"key":{"type":"string"},
"product":{"type":"boolean"},"state":{"enum":["fresh","stale","suspect","none"]},
"why":{"type":"array","items":{"type":"string"}},"entry":{"type":["object","null"]},
"computing":{"type":["object","null"]},"failure":{"type":["object","null"]},"use":{"type":["object","null"]},
"refresh":{"type":"object","required":["due","scheduled","next_in_seconds","recent"],"properties":{
"due":{"anyOf":[{"$ref":"#/components/schemas/Due"},{"type":"null"}]},"scheduled":{"type":"boolean"},
"next_in_seconds":{"type":["number","null"]},"recent":{"type":"array","items":{"type":"object"}}}}}})"},
    {"Due", R"({"type":"object","required":["key","state","reasons","cause","demand","age_seconds","attempts"],
"properties":{"key":{"type":"string"},"state":{"enum":["waiting","leased","backing off","dead"]},
"place":{"type":"integer","minimum":1},"reasons":{"type":"array","items":{"type":"string"}},
"cause":{"type":"string"},"demand":{"type":"integer"},"cost_ms":{"type":"number"},"age_seconds":{"type":"number"},
"hints":{"type":"integer"},"attempts":{"type":"integer"},"error":{"type":"string"},
"retry_in_seconds":{"type":["number","null"]}}})"},
    {"Queue", R"({"type":"object","required":["success","databases","products","scheduled","walks"],"properties":{
"success":{"const":true},"databases":{"type":"array","items":{"type":"object","required":["name","reachable",
"waiting","leased","backing_off","dead","keys"],"properties":{"name":{"type":"string"},
"reachable":{"type":"boolean"},"waiting":{"type":"integer"},"leased":{"type":"integer"},
"backing_off":{"type":"integer"},"dead":{"type":"integer"},
"keys":{"type":"array","items":{"$ref":"#/components/schemas/Due"}}}}},
"products":{"type":"array","items":{"type":"object"}},"scheduled":{"type":"integer"},"walks":{"type":"integer"}}})"},
    {"Run", R"({"type":"object","required":["began","tick","took_ms","result","detail"],"properties":{
"began":{"type":["string","null"],"format":"date-time"},"tick":{"type":["string","null"],"format":"date-time"},
"took_ms":{"type":"integer"},"result":{"type":"string"},"detail":{"type":"string"}}})"},
    {"Processes", R"({"type":"object","required":["success","processes"],"properties":{"success":{"const":true},
"processes":{"type":"array","items":{"type":"object","required":["name","kind","schedule","missed","next",
"running_since","owed","last_success","last_failure","runs"],"properties":{"name":{"type":"string"},
"kind":{"enum":["sql","domain"]},"database":{"type":"string"},"product":{"type":"string"},
"schedule":{"type":"string"},"missed":{"enum":["skip","once","all"]},"next":{"type":["string","null"]},
"running_since":{"type":["string","null"]},"owed":{"type":"integer"},"last_success":{"type":["string","null"]},
"last_failure":{"anyOf":[{"$ref":"#/components/schemas/Run"},{"type":"null"}]},
"runs":{"type":"array","items":{"$ref":"#/components/schemas/Run"}}}}}}})"},
    {"RunBegun", R"({"type":"object","required":["success","process","begun"],"properties":{"success":{"const":true},
"process":{"type":"string"},"begun":{"const":true}}})"},
    {"RunEnded", R"({"type":"object","required":["success","process","run"],"properties":{"success":{"const":true},
"process":{"type":"string"},"run":{"$ref":"#/components/schemas/Run"}}})"},
    {"Tokens", R"({"type":"object","required":["success","auth_token","token_type","expires_in"],"properties":{
"success":{"const":true},"auth_token":{"type":"string"},"token_type":{"const":"Bearer"},
"expires_in":{"type":"integer","minimum":1,"description":"seconds"},"refresh_token":{"type":"string"}}})"},
    {"Document", R"({"type":"object","required":["openapi","info","paths"]})"},
    {"Readiness", R"({"type":"object","required":["success","ready"],"properties":{"success":{"type":"boolean"},
"ready":{"type":"boolean"},"reasons":{"type":"array","items":{"type":"string"}},
"refused_change":{"type":"array","items":{"type":"string"}}}})"},
}};

}  // namespace

void AppendSchemas(std::string& out, const ApiRules& rules) {
  JsonObject schemas(out);
  std::string& names = schemas.Member("ErrorName");
  names += R"({"type":"string","enum":)";
  AppendJsonList(names, ErrorNames(), [&](std::string_view name) { AppendJsonString(names, name); });
  names += '}';
  schemas.Member("Version") += rules.compat_06 ? kVersion06 : kVersion;
  for (const Schema& schema : kEntrySchemas) schemas.Member(schema.name) += schema.text;
  for (const Schema& schema : kNodeSchemas) schemas.Member(schema.name) += schema.text;
  schemas.End();
}

}  // namespace kck
