#include "http/openapi.h"

#include <gmock/gmock.h>

#include "base/json.h"
#include "testing/http_fixture.h"

namespace kck {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::shared_ptr<Product> MakeProduct(const std::string& name, std::vector<Param> params) {
  auto product = std::make_shared<Product>();
  product->name = name;
  product->params = std::move(params);
  auto statement = std::make_shared<SqlStatement>();
  statement->shape = RowShape::kDicts;
  product->statement = std::move(statement);
  return product;
}

std::string TextOf(std::vector<ProductPtr> products, std::vector<UpdaterPtr> updaters = {},
                   bool asks_for_tokens = false, bool compat_06 = false) {
  ApiSubject subject;
  subject.catalog = std::make_shared<Catalog>(std::move(products), std::move(updaters));
  subject.rules = {asks_for_tokens, compat_06};
  subject.admin_role = "chief";
  std::string text = OpenApiText(subject, "1.2.3");
  EXPECT_TRUE(IsJson(text)) << text;
  return text;
}

// From the path's member to the next path.
std::string PathItem(const std::string& text, const std::string& path) {
  const auto from = text.find("\"" + path + "\":{");
  if (from == std::string::npos) return "";
  return text.substr(from, text.find(",\"/", from) - from);
}

TEST(OpenApi, DescribesAProduct) {
  Param id{"id", ParamType::kInt, false, false, "its number", "7"};
  auto item = MakeProduct("item", {id, {"note", ParamType::kDate, true, false}});
  item->description = "An item";
  const std::string path = PathItem(TextOf({item}), "/fetch/item/{id}/{note}");
  EXPECT_THAT(path, HasSubstr(R"("get":{"operationId":"fetch_item","tags":["products"],"summary":"Fetch item",)"
                              R"("description":"An item","parameters":[{"name":"id","in":"path","required":true,)"
                              R"("description":"its number","schema":{"type":"integer","format":"int64",)"
                              R"("minimum":-9223372036854775808,"maximum":9223372036854775807},"example":7},)"));
  EXPECT_THAT(path, HasSubstr(R"("description":"NULL is spelled %00","schema":{"anyOf":[{"type":"string",)"
                              R"("format":"date"},{"const":"\u0000","description":"NULL"}]})"));
  EXPECT_THAT(path, HasSubstr(R"("200":{"$ref":"#/components/responses/EntryOfDicts"},"304":)"));
  EXPECT_THAT(path, HasSubstr(R"("delete":{"operationId":"purge_item")"));
  EXPECT_THAT(path, Not(HasSubstr("security")));
  EXPECT_THAT(path, Not(HasSubstr("Error401")));
}

TEST(OpenApi, ValuesThatAreNoRowsMayBeAnything) {
  auto first = MakeProduct("first", {});
  first->process_result.jq = ".[0]";
  auto kept = MakeProduct("kept", {});
  kept->settable = true;
  const std::string text = TextOf({first, kept});
  for (const char* path : {"/fetch/first", "/fetch/kept"}) {
    EXPECT_THAT(PathItem(text, path), HasSubstr(R"("200":{"$ref":"#/components/responses/Entry"})"));
  }
}

TEST(OpenApi, SaysWhomAProductOpensTo) {
  auto open = MakeProduct("open", {});
  open->access.kind = AccessKind::kPublic;
  auto mine = MakeProduct("mine", {{"owner"}, {"id", ParamType::kInt}});
  mine->access = {AccessKind::kUser, {{"sub", 0}}, {"editor", "reader"}};
  const std::string text = TextOf({open, mine, MakeProduct("unsaid", {})}, {}, true);
  EXPECT_THAT(PathItem(text, "/fetch/open"), HasSubstr(R"("security":[]})"));
  EXPECT_THAT(PathItem(text, "/fetch/mine/{id}"),
              AllOf(HasSubstr(R"("security":[{"bearer":["editor"]},{"bearer":["reader"]}])"), HasSubstr("Error403"),
                    HasSubstr("Parameter owner is the token's claim sub."), Not(HasSubstr("purge_mine"))));
  EXPECT_THAT(PathItem(text, "/fetch/mine/{owner}/{id}"), HasSubstr("purge_mine"));
  EXPECT_THAT(PathItem(text, "/fetch/unsaid"), HasSubstr(R"("security":[{"bearer":["chief"]}])"));
  EXPECT_THAT(PathItem(text, "/mget"), HasSubstr(R"("security":[{"bearer":[]},{}])"));
  EXPECT_THAT(text, HasSubstr(R"("securitySchemes":{"bearer":{"type":"http","scheme":"bearer")"));
  EXPECT_THAT(PathItem(TextOf({mine}), "/fetch/mine/{owner}/{id}"), HasSubstr("fetch_mine")) << "nobody has a token";
}

std::shared_ptr<Updater> MakeUpdater(std::vector<Param> params, std::vector<std::size_t> insert,
                                     std::vector<std::size_t> update) {
  auto updater = std::make_shared<Updater>();
  updater->name = "item";
  updater->params = std::move(params);
  const auto statement = std::make_shared<SqlStatement>();
  updater->templates = {WriteTemplate{statement, std::move(insert), {}},
                        WriteTemplate{statement, std::move(update), {}}, WriteTemplate{statement, {0}, {}}};
  return updater;
}

constexpr const char* kId = R"({"type":["integer","string"],"format":"int64","minimum":-9223372036854775808,)"
                            R"("maximum":9223372036854775807,"pattern":"^[-+]?[0-9]{1,18}$"})";
constexpr const char* kPrice = R"("price":{"type":["number","string","null"],)";

TEST(OpenApi, DescribesAnUpdater) {
  const std::vector<Param> params{{"id", ParamType::kInt, false, true}, {"price", ParamType::kFloat, true, false}};
  const std::string text = TextOf({}, {MakeUpdater(params, {1}, {0, 1})});
  const std::string create = PathItem(text, "/create/item");
  EXPECT_THAT(create, HasSubstr(R"("requestBody":{"required":false,"content":{"application/json":{"schema":{"anyOf":[)"
                                R"({"type":"object","properties":{)" +
                                std::string(kPrice)));
  EXPECT_THAT(create, HasSubstr(R"("id":{"type":"null"}},"additionalProperties":false})")) << "a key that is not there";
  EXPECT_THAT(create, HasSubstr(R"({"type":"object","required":["id"],"properties":{"id":)" + std::string(kId)));
  const std::string update = PathItem(text, "/update/item/{id}");
  EXPECT_THAT(update, HasSubstr(R"("put":{"operationId":"update_item",)"));
  EXPECT_THAT(update, Not(HasSubstr(R"("required":["id"])")));
  EXPECT_THAT(update, HasSubstr(R"("application/x-www-form-urlencoded":{"schema":{"type":"object","properties":{)"
                                R"("price":{"anyOf":[{"type":"number","format":"double"},{"const":"")"));
  EXPECT_THAT(update, HasSubstr(R"("delete":{"operationId":"delete_item",)"));
  EXPECT_THAT(PathItem(text, "/update/item"), HasSubstr(R"("put":{"operationId":"put_item",)"));
}

TEST(OpenApi, AKeyThatTheCallerChoosesInserts) {
  const std::vector<Param> params{{"code", ParamType::kString, false, true}, {"name"}};
  const std::string create = PathItem(TextOf({}, {MakeUpdater(params, {0, 1}, {0, 1})}), "/create/item");
  EXPECT_THAT(create, Not(HasSubstr("anyOf")));
  EXPECT_THAT(create, HasSubstr(R"("required":["code","name"])"));
}

TEST(OpenApi, AKeyOfTheTokenStandsInNoRequest) {
  const std::vector<Param> params{{"owner", ParamType::kString, false, true}, {"name"}};
  auto updater = MakeUpdater(params, {0, 1}, {0, 1});
  updater->access = {AccessKind::kUser, {{"sub", 0}}, {}};
  const std::string text = TextOf({}, {updater}, true);
  EXPECT_EQ(PathItem(text, "/update/item/{owner}"), "");
  const std::string update = PathItem(text, "/update/item");
  EXPECT_THAT(update, AllOf(HasSubstr(R"("put":{"operationId":"update_item")"), HasSubstr(R"("required":["name"])"),
                            HasSubstr(R"("delete":{"operationId":"delete_item")"), Not(HasSubstr(R"("owner")"))));
}

TEST(OpenApi, ErrorsAreSuccessesUnderCompat) {
  const std::string path = PathItem(TextOf({MakeProduct("item", {})}, {}, false, true), "/fetch/item");
  EXPECT_THAT(path, AllOf(HasSubstr(R"("200":)"), Not(HasSubstr("Error404"))));
}

TEST(OpenApi, NamesOfOperationsAreOneEach) {
  const ApiNames names({"a_b", "a-b", "a.b", "c-d"});
  EXPECT_EQ(names.Of("a_b"), "a_b");
  EXPECT_EQ(names.Of("c-d"), "c_d");
  EXPECT_THAT(names.Of("a-b"), testing::MatchesRegex("a_b_[0-9a-f]{8}"));
  EXPECT_NE(names.Of("a-b"), names.Of("a.b"));
}

class OpenApiCalls : public HttpFixture {};

TEST_F(OpenApiCalls, AnswerWithATag) {
  Serve();
  const WireAnswer answer = Call("GET", "/openapi.json");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("content-type"), "application/json");
  EXPECT_EQ(answer.header("cache-control"), "no-cache");
  EXPECT_TRUE(IsJson(answer.body));
  EXPECT_THAT(answer.body, HasSubstr(R"({"openapi":"3.1.0","info":{"title":"KCK","version":"1.2.3")"));
  EXPECT_THAT(answer.body, HasSubstr(R"("/fetch/item/{id}":)"));
  const std::string tag = answer.header("etag");
  for (const std::string& listed : {tag, "\"x\", W/" + tag, std::string("*")}) {
    const WireAnswer again = Call("GET", "/openapi.json", "", "If-None-Match: " + listed + "\r\n");
    EXPECT_EQ(again.status, 304);
    EXPECT_EQ(again.header("etag"), tag);
  }
  EXPECT_EQ(Call("GET", "/openapi.json", "", "If-None-Match: \"x\"\r\n").status, 200);
  EXPECT_EQ(Call("POST", "/openapi.json").status, 405);
}

TEST_F(OpenApiCalls, FollowTheDefinitions) {
  Serve();
  const std::string before = Call("GET", "/openapi.json").header("etag");
  engine_->SetCatalog(std::make_shared<Catalog>(std::vector<ProductPtr>{MakeProduct("other", {})}));
  const WireAnswer after = Call("GET", "/openapi.json");
  EXPECT_NE(after.header("etag"), before);
  EXPECT_THAT(after.body, AllOf(HasSubstr(R"("/fetch/other":)"), Not(HasSubstr("/fetch/item"))));
}

}  // namespace
}  // namespace kck
