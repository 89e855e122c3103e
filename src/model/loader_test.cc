// Reading folders: what is read, and that every fault is told with its place.
#include "model/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "testing/folder_fixture.h"

namespace kck {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class LoaderTest : public FolderFixture {
 protected:
  // The one fault of products/p.yml.
  std::string FaultOf(const std::string& yaml) { return FolderFixture::FaultOf("products/p.yml", yaml); }
};

TEST_F(LoaderTest, ReadsAWholeProduct) {
  Write("products/item.yml", R"(database: main
parameters: [{name: id, type: int, primary_key: true}, {name: tag, nullable: true}]
query:
  template: |
    select name, 'a :no'
      from item where id = :id and tag = :tag or :id > 5
  type: dicts
  process_result: {jsonpath_first: "$[0]"}
expire_seconds: 3600
stale_seconds: 0.5
on_stale: wait
wait_ms: 200
on_miss: error
empty: {as: value, cache_seconds: 7}
settable: true
access: public
)");
  const Folder folder = LoadSound();
  ASSERT_EQ(folder.products.size(), 1U);
  const Product& product = *folder.products[0];
  EXPECT_EQ(product.name, "item");
  EXPECT_EQ(product.params[0].type, ParamType::kInt);
  EXPECT_TRUE(product.params[0].primary_key);
  EXPECT_TRUE(product.params[1].nullable);
  EXPECT_THAT(product.statement->arguments, ElementsAre(0, 1, 0));
  EXPECT_EQ(product.statement->shape, RowShape::kDicts);
  EXPECT_EQ(product.process_result.jsonpath_first, "$[0]");
  EXPECT_EQ(product.expires_after, std::chrono::seconds(3600));
  EXPECT_EQ(product.stale_after, std::chrono::milliseconds(500));
  EXPECT_EQ(product.on_stale, OnStale::kWait);
  EXPECT_EQ(product.wait_max, std::chrono::milliseconds(200));
  EXPECT_EQ(product.on_miss, OnMiss::kError);
  EXPECT_EQ(product.empty_as, EmptyAs::kValue);
  EXPECT_EQ(product.empty_expires_after, std::chrono::seconds(7));
  EXPECT_TRUE(product.settable);
  EXPECT_EQ(product.template_start.line, 5);
  EXPECT_EQ(product.template_start.column, 5);
}

TEST_F(LoaderTest, ReadsASqlFile) {
  Write("products/top.sql",
        "-- # the best\n-- parameters: [{name: n, type: int}]\n-- query: {type: dicts}\nselect :n\n");
  const Folder folder = LoadSound();
  EXPECT_EQ(folder.products.at(0)->name, "top");
  EXPECT_EQ(folder.products[0]->database, "main") << "the only one";
  EXPECT_EQ(folder.products[0]->template_start.line, 4);
}

TEST_F(LoaderTest, AFileThatAProductNamesIsNoProductOfItsOwn) {
  Write("products/a.yml", "query: {file: a_query.sql}\n");
  Write("products/a_query.sql", "select 1\n");
  const Folder folder = LoadSound();
  EXPECT_EQ(folder.products.size(), 1U);
}

TEST_F(LoaderTest, OneFileMayHoldSeveralNamedProducts) {
  Write("products/both.yml", "name: a\nquery: {template: select 1}\n---\nname: b\nquery: {template: select 2}\n");
  EXPECT_EQ(Load().products.size(), 2U);
  EXPECT_THAT(FaultOf("query: {template: select 1}\n---\nname: b2\nquery: {template: select 2}\n"),
              HasSubstr("products/p.yml:1:1: error: one of several products in a file has no name"));
}

constexpr const char* kAuth = R"(databases: {main: {url: "sqlite:data.db"}}
auth: {keys: [{algorithm: HS256, secret: "01234567890123456789012345678901"}]}
)";

TEST_F(LoaderTest, ReadsWhoMayReadAndWrite) {
  Write("kck.yml", kAuth);
  Write("products/p.yml", R"(parameters: [{name: user, type: int}, {name: day, type: date}, {name: tenant}]
query: {template: "select :user, :day, :tenant"}
access: {claims: {app.tenant: tenant, sub: user}, roles: [editor]}
)");
  Write("updaters/u.yml",
        "parameters: [{name: id}]\nquery: {template: {insert: insert into t values (:id)}}\naccess: user\n");
  const Folder folder = LoadSound();
  const Access& access = folder.products.at(0)->access;
  EXPECT_EQ(access.kind, AccessKind::kUser);
  ASSERT_EQ(access.claims.size(), 2U);
  EXPECT_EQ(access.claims[0].claim, "sub");
  EXPECT_EQ(access.claims[1].claim, "app.tenant");
  EXPECT_EQ(access.claims[1].param, 2U);
  EXPECT_THAT(access.roles, ElementsAre("editor"));
  EXPECT_EQ(folder.updaters.at(0)->access.kind, AccessKind::kUser);
}

TEST_F(LoaderTest, PlacesTheFaultsOfAccess) {
  const std::string query = "parameters: [{name: a}]\nquery: {template: \"select :a\"}\n";
  EXPECT_THAT(FaultOf(query + "access: user\n"),
              HasSubstr("p.yml:3:9: error: this product is not for everyone, and kck.yml has no auth"));
  EXPECT_THAT(FaultOf(query + "access: {claims: {sub: a}}\n"), HasSubstr("kck.yml has no auth"));
  Write("kck.yml", kAuth);
  EXPECT_THAT(FaultOf(query), HasSubstr("p.yml:1:1: warning: product \"p\" has no access"));
  EXPECT_THAT(FaultOf(query + "access: users\n"), HasSubstr("p.yml:3:9: error: \"access\" is none of its words"));
  EXPECT_THAT(FaultOf(query + "access: {claims: {sub: b}}\n"), HasSubstr("p.yml:3:24: error: there is no parameter"));
  EXPECT_THAT(FaultOf(query + "access: {claims: {sub: a, tenant: a}}\n"), HasSubstr("taken from two claims"));
  EXPECT_THAT(FaultOf(query + "access: {roles: []}\n"), HasSubstr("roles names none"));
  EXPECT_THAT(FaultOf(query + "access: {role: [editor]}\n"), HasSubstr("unknown field \"role\""));
}

TEST_F(LoaderTest, PlacesTheFaultsOfCors) {
  const auto fault = [this](const std::string& cors) {
    return FolderFixture::FaultOf("kck.yml",
                                  "databases: {main: {url: \"sqlite:data.db\"}}\nhttp: {cors: " + cors + "}\n");
  };
  EXPECT_THAT(fault("{}"), HasSubstr("kck.yml:2:14: error: cors names no origins"));
  EXPECT_THAT(fault("{origins: []}"), HasSubstr("origins is no list"));
  for (const char* origin : {"app.example", "https://app.example/", "https://App.example", "https://", "https://*.a"}) {
    EXPECT_THAT(fault("{origins: [\"" + std::string(origin) + "\"]}"), HasSubstr("is no origin")) << origin;
  }
  EXPECT_THAT(fault("{origins: [\"*\"], credentials: true}"), HasSubstr("credentials do not go with every origin"));
  EXPECT_THAT(fault("{origins: [\"*\"], headers: [\"a b\"]}"), HasSubstr("no name of a header"));
  EXPECT_THAT(fault("{origins: [\"*\"], max_age_seconds: -1}"), HasSubstr("max_age_seconds"));
}

TEST_F(LoaderTest, PlacesTheFaultsOfAuth) {
  const auto fault = [this](const std::string& auth) {
    return FolderFixture::FaultOf("kck.yml", "databases: {main: {url: \"sqlite:data.db\"}}\nauth: " + auth + "\n");
  };
  EXPECT_THAT(fault("{}"), HasSubstr("kck.yml:2:7: error: auth has no key"));
  EXPECT_THAT(fault("{keys: []}"), HasSubstr("keys is no list"));
  EXPECT_THAT(fault("{keys: [{algorithm: none, secret: x}]}"), HasSubstr("\"algorithm\" cannot be \"none\""));
  EXPECT_THAT(fault("{keys: [{secret: x}]}"), HasSubstr("a key has no algorithm"));
  EXPECT_THAT(fault("{keys: [{algorithm: HS256, file: x}]}"), HasSubstr("a key of HS256 has one secret"));
  EXPECT_THAT(fault("{keys: [{algorithm: ES256, secret: x}]}"), HasSubstr("a key of ES256 has one file"));
  EXPECT_THAT(fault("{jwks: a.json, leeway_seconds: 1000}"), HasSubstr("leeway_seconds"));
  EXPECT_THAT(fault("{jwks: a.json, isuer: x}"), HasSubstr("unknown field \"isuer\""));
}

TEST_F(LoaderTest, PlacesTheFaultsOfAProduct) {
  EXPECT_EQ(FaultOf("query: {template: select 1}\nexpire_secnds: 3\n"),
            "products/p.yml:2:1: error: unknown field \"expire_secnds\" in the product (did you mean "
            "\"expire_seconds\"?)");
  EXPECT_THAT(FaultOf("query:\n  template: select 1\n  type: dict\n"),
              HasSubstr("p.yml:3:9: error: \"type\" cannot be \"dict\""));
  EXPECT_THAT(FaultOf("query: {template: select 1}\naugment: {python: m}\n"),
              HasSubstr("\"augment\" is not in this version"));
  EXPECT_THAT(FaultOf("query: {template: \"select :id\"}\n"), HasSubstr("p.yml:1:27: error: the SQL uses :id"));
  EXPECT_THAT(FaultOf("query:\n  template: |\n    select 1,\n      :id\n"),
              HasSubstr("p.yml:4:7: error: the SQL uses :id"));
  EXPECT_THAT(FaultOf("query:\n  template: 'select ''a'', :id'\n"), HasSubstr("p.yml:2:13: error: the SQL uses :id"))
      << "escapes move the rest, so the place is the template's";
  EXPECT_THAT(FaultOf("query:\n  template: |2\n      select\n      :id\n"),
              HasSubstr("p.yml:2:13: error: the SQL uses :id"));
  EXPECT_THAT(FaultOf("query:\n  template: >\n    select\n    :id\n"),
              HasSubstr("p.yml:2:13: error: the SQL uses :id"));
  EXPECT_THAT(FaultOf("parameters: [{name: id}]\nquery: {template: select 1}\n"),
              HasSubstr("p.yml:1:14: error: parameter \"id\" is declared and not used"));
  EXPECT_THAT(FaultOf("parameters: [{name: id, type: integer}]\nquery: {template: \"select :id\"}\n"),
              HasSubstr("p.yml:1:31: error: \"type\" cannot be \"integer\""));
  EXPECT_THAT(FaultOf("database: other\nquery: {template: select 1}\n"),
              HasSubstr("p.yml:1:11: error: there is no database \"other\" (kck.yml has: main)"));
  EXPECT_THAT(FaultOf("query: {template: select 1}\nexpire_seconds: 5\nstale_seconds: 5\n"),
              HasSubstr("p.yml:3:16: error: stale_seconds is not below expire_seconds"));
  EXPECT_THAT(FaultOf("query: {template: select 1}\nexpire_seconds: -5\n"), HasSubstr("p.yml:2:17"));
  EXPECT_THAT(FaultOf("query: {template: select 1}\nexpire_seconds: 5s\n"), HasSubstr("p.yml:2:17"));
  EXPECT_THAT(FaultOf("query: {template: select 1}\nwait_ms: 5\n"), HasSubstr("no meaning without on_stale: wait"));
  EXPECT_THAT(FaultOf("query: {template: select 1}\nsettable: true\nsettable: false\n"),
              HasSubstr("p.yml:3:1: error: \"settable\" is given twice"));
  EXPECT_THAT(FaultOf("query: {template: \"select 'x\"}\n"), HasSubstr("p.yml:1:27: error: the string is not closed"));
  EXPECT_THAT(FaultOf("query: {template: \"\"}\n"), HasSubstr("p.yml:1:20: error: there is no statement"));
  EXPECT_THAT(FaultOf("query: {template: select 1, file: a.sql}\n"), HasSubstr("both template and file"));
  EXPECT_THAT(FaultOf("query: select 1\n"), HasSubstr("p.yml:1:8: error: query has to be a mapping"));
  EXPECT_THAT(FaultOf("parameters: [{name: a}, {name: a}]\nquery: {template: \"select :a\"}\n"),
              HasSubstr("products/p.yml:1:25: error: parameter \"a\" is declared twice"));
  EXPECT_THAT(FaultOf("parameters: [{name: a}]\nquery: {file: none.sql}\n"), HasSubstr("cannot read \"none.sql\""))
      << "and not that its parameter is unused";
  EXPECT_EQ(FaultOf("\n# nothing yet\n"),
            "products/p.yml: error: the file holds no product (write one, or take the file out)");
  EXPECT_THAT(FaultOf("query: {}\n"), HasSubstr("query has no SQL"));
  EXPECT_THAT(FaultOf("settable: true\n"), HasSubstr("the product has no query"));
  EXPECT_THAT(FaultOf("query: {file: none.sql}\n"), HasSubstr("p.yml:1:15: error: cannot read \"none.sql\""));
  EXPECT_THAT(FaultOf("query: [\n"), HasSubstr("not YAML"));
  EXPECT_THAT(FaultOf("- a\n"), HasSubstr("the product has to be a mapping"));
  EXPECT_THAT(FaultOf("name: a/b\nquery: {template: select 1}\n"), HasSubstr("cannot be named \"a/b\""));
}

TEST_F(LoaderTest, PlacesTheFaultsOfASqlFile) {
  auto fault = [this](const std::string& text) {
    Write("products/p.sql", text);
    return FaultTexts();
  };
  EXPECT_THAT(fault("-- Top sellers\nselect 1\n"),
              ElementsAre(testing::AllOf(HasSubstr("p.sql:1:4: error: the comment at the top holds no fields"),
                                         HasSubstr("begin a remark with -- #"))));
  EXPECT_THAT(fault("-- Top sellers\n-- parameters: []\nselect 1\n"),
              ElementsAre(testing::AllOf(HasSubstr("products/p.sql:"), HasSubstr("not YAML"), HasSubstr("-- #"))));
  EXPECT_THAT(fault("-- settable: true\n"), ElementsAre(HasSubstr("p.sql:2:1: error: there is no statement")));
  EXPECT_THAT(fault("-- settable: true\nselect 1;\n\n  select 2"),
              ElementsAre(HasSubstr("p.sql:4:3: error: a second statement")));
  EXPECT_THAT(fault("-- query: {template: select 2}\nselect 1"),
              ElementsAre(HasSubstr("p.sql:1:12: error: unknown field \"template\" in query")));
}

TEST_F(LoaderTest, LeavesHiddenFilesAlone) {
  Write("products/.p.yml", "x: 1\n");
  EXPECT_TRUE(FaultTexts().empty());
}

TEST_F(LoaderTest, AFaultOfADatabaseIsToldOnce) {
  Write("kck.yml", "databases: {main: {url: mysql://x}}\n");
  Write("products/a.yml", "database: main\nquery: {template: select 1}\n");
  Write("products/b.yml", "query: {template: select 1}\n");
  EXPECT_THAT(FaultTexts(), ElementsAre(HasSubstr("the url of database main")));
  EXPECT_TRUE(Load().products.empty());
}

TEST_F(LoaderTest, SaysWhereADatabaseIsMade) {
  Write("kck.yml", "memory: 1GiB\n");
  Write("products/a.yml", "query: {template: select 1}\n");
  EXPECT_THAT(FaultTexts(), ElementsAre(HasSubstr("the product names no database (add one to databases: in kck.yml)")));
}

TEST(RedactUrl, HidesEveryPassword) {
  EXPECT_EQ(RedactUrl("postgresql://u:s3cret@h:5432/d"), "postgresql://u:***@h:5432/d");
  EXPECT_EQ(RedactUrl("postgresql://u:s@cr/et@h/d?a=b@c"), "postgresql://u:***@h/d?a=b@c");
  EXPECT_EQ(RedactUrl("postgresql://u@h:5432/d"), "postgresql://u@h:5432/d");
  EXPECT_EQ(RedactUrl("postgresql://h:5432/d?sslpassword=a&password=b&sslmode=require"),
            "postgresql://h:5432/d?sslpassword=***&password=***&sslmode=require");
  EXPECT_EQ(RedactUrl("sqlite:/a/b.db"), "sqlite:/a/b.db");
}

TEST_F(LoaderTest, TellsEveryFaultOfAFolderAtOnce) {
  Write("kck.yml",
        "databases: {main: {url: mysql://x, pol: 3}}\nmemory: lots\nhttp: {listen: 80, cors: {}}\nauth: {}\n");
  Write("products/a.yml", "query: {template: select 1}\nx: 1\n");
  Write("products/b.sql", "-- y: 1\nselect :z\n");
  Write("updaters/u.yml", "x: 1\n");
  EXPECT_THAT(FaultTexts(),
              testing::IsSupersetOf(
                  {HasSubstr("kck.yml:1:25: error: the url of database main is of no known kind"),
                   HasSubstr("kck.yml:1:36: error: unknown field \"pol\" in database main (did you mean \"pool\"?)"),
                   HasSubstr("kck.yml:2:9: error: \"memory\" has to be a number of bytes"),
                   HasSubstr("kck.yml:3:16: error: \"listen\""),
                   HasSubstr("kck.yml:4:7: error: auth has no key to check tokens with"),
                   HasSubstr("products/a.yml:2:1: error: unknown field \"x\""),
                   HasSubstr("products/b.sql:1:4: error: unknown field \"y\""),
                   HasSubstr("products/b.sql:2:8: error: the SQL uses :z"),
                   HasSubstr("updaters/u.yml:1:1: error: unknown field \"x\" in the updater")}));
}

TEST_F(LoaderTest, ReadsWhatClientsMayDo) {
  Write("kck.yml", "http: {rate_limit: {per_second: 0.5, burst: 7}, trusted_proxies: [10.0.0.0/8, \"::1\"]}\n");
  const HttpSettings http = Load().settings.http;
  ASSERT_TRUE(http.rate_limit);
  EXPECT_EQ(std::pair(http.rate_limit->per_second, http.rate_limit->burst), std::pair(0.5, 7.0));
  EXPECT_THAT(http.trusted_proxies, ElementsAre("10.0.0.0/8", "::1"));
}

TEST_F(LoaderTest, PlacesTheFaultsOfClients) {
  Write("kck.yml", "http: {rate_limit: {burst: 0}, trusted_proxies: [10.0.0.1/8, proxy.example]}\n");
  EXPECT_THAT(FaultTexts(), ElementsAre(HasSubstr("kck.yml:1:20: error: rate_limit says no rate"),
                                        HasSubstr("kck.yml:1:28: error: \"burst\" has to be a whole number from 1"),
                                        HasSubstr("\"10.0.0.1/8\" is no address and no network"),
                                        HasSubstr("\"proxy.example\" is no address and no network")));
}

TEST_F(LoaderTest, ReadsTls) {
  Write("kck.yml", "http:\n  tls: {cert: tls/a.pem, key: /etc/a.key, min_version: 1.3}\n");
  const Folder folder = Load();
  EXPECT_TRUE(folder.faults.empty());
  ASSERT_TRUE(folder.settings.http.tls);
  const TlsSettings& tls = *folder.settings.http.tls;
  EXPECT_EQ(tls.cert, folder.settings.folder + "/tls/a.pem");
  EXPECT_EQ(tls.key, "/etc/a.key");
  EXPECT_TRUE(tls.requires_13);
  EXPECT_EQ(std::pair(tls.cert_location.line, tls.cert_location.column), std::pair(2, 15));
  EXPECT_EQ(std::pair(tls.key_location.line, tls.key_location.column), std::pair(2, 31));
}

TEST_F(LoaderTest, TlsNeedsItsTwoFiles) {
  Write("kck.yml", "http: {tls: {certs: a.pem, min_version: 1.1}}\n");
  EXPECT_THAT(
      FaultTexts(),
      ElementsAre(HasSubstr("kck.yml:1:13: error: tls has no \"cert\" (tls: {cert: FILE, key: FILE} names both)"),
                  HasSubstr("kck.yml:1:13: error: tls has no \"key\""),
                  HasSubstr("kck.yml:1:14: error: unknown field \"certs\" in tls (did you mean \"cert\"?)"),
                  HasSubstr("kck.yml:1:41: error: \"min_version\" cannot be \"1.1\" (it is one of: 1.2, 1.3)")));
}

TEST_F(LoaderTest, ReportsTwoProductsOfOneName) {
  Write("products/a.yml", "query: {template: select 1}\n");
  Write("products/b.yml", "name: a\nquery: {template: select 1}\n");
  EXPECT_THAT(
      FaultTexts(),
      ElementsAre(HasSubstr(
          "products/b.yml:1:1: error: there is a product \"a\" already (the other one is in products/a.yml:1)")));
}

TEST_F(LoaderTest, ReadsSettings) {
  setenv("KCK_TEST_PASSWORD", "s3cret", 1);
  Write("kck.yml", R"(databases:
  main: {url: "postgresql://u:${KCK_TEST_PASSWORD}@h/$${x}", pool: 7, statement_timeout_ms: 250,
         refresh: {share: 0.5, connections: 7}}
  lite: {url: sqlite:data/x.db}
store: {url: "memory:"}
memory: 1.5GiB
products: ./products
threads: 3
http: {listen: "[::1]:9000", compat: "0.6", fetch_timeout_ms: 5, body_bytes_max: 1KiB, bodies_bytes_max: 2KiB,
       unsent_bytes_max: 3KiB, connections_max: 9}
)");
  const Settings settings = Load().settings;
  EXPECT_EQ(settings.databases.at("main").url, "postgresql://u:s3cret@h/${x}");
  EXPECT_EQ(RedactUrl(settings.databases.at("main").url), "postgresql://u:***@h/${x}");
  EXPECT_EQ(settings.databases.at("main").pool, 7);
  EXPECT_EQ(settings.databases.at("main").statement_timeout, std::chrono::milliseconds(250));
  EXPECT_EQ(settings.databases.at("main").refresh.share, 0.5);
  EXPECT_EQ(settings.databases.at("main").refresh.connections, 7);
  EXPECT_EQ(settings.databases.at("lite").refresh, RefreshBudget());
  EXPECT_EQ(settings.databases.at("lite").dialect, SqlDialect::kSqlite);
  EXPECT_EQ(settings.databases.at("lite").url, "sqlite:" + path() + "/data/x.db");
  EXPECT_EQ(settings.store.kind, "memory");
  EXPECT_EQ(settings.memory_bytes, std::size_t{3} << 29U);
  EXPECT_EQ(settings.threads, 3);
  EXPECT_EQ(settings.http.address, "[::1]");
  EXPECT_EQ(settings.http.port, 9000);
  EXPECT_TRUE(settings.http.compat_06);
  EXPECT_EQ(settings.http.body_bytes_max, 1024U);
  EXPECT_EQ(settings.http.bodies_bytes_max, 2048U);
  EXPECT_EQ(settings.http.unsent_bytes_max, 3072U);
}

TEST_F(LoaderTest, PlacesTheFaultsOfARefreshBudget) {
  auto fault = [this](const std::string& refresh) {
    return FolderFixture::FaultOf("kck.yml",
                                  "databases:\n  main: {url: sqlite:x.db, pool: 2,\n    refresh: {" + refresh + "}}\n");
  };
  EXPECT_EQ(fault("share: 0"),
            "kck.yml:3:22: error: with a share of 0 nothing would be refreshed (0.2 lets refreshes run for a fifth of "
            "the time)");
  EXPECT_EQ(fault("share: 1.5"), "kck.yml:3:22: error: \"share\" has to be a number from 0 to 1");
  EXPECT_EQ(fault("share: a half"), "kck.yml:3:22: error: \"share\" has to be a number from 0 to 1");
  EXPECT_EQ(
      fault("connections: 3"),
      "kck.yml:3:28: error: refreshes cannot have 3 connections of a pool of 2 (lower connections, or raise pool)");
  EXPECT_EQ(fault("connections: 0"), "kck.yml:3:28: error: \"connections\" has to be a whole number from 1 to 64");
  EXPECT_THAT(fault("shar: 1"), HasSubstr("kck.yml:3:15: error: unknown field \"shar\" in refresh"));
}

TEST_F(LoaderTest, ABudgetIsPartOfADatabase) {
  const Settings before = Load().settings;
  Write("kck.yml", "databases: {main: {url: \"postgresql://u:secret@h/d\", refresh: {share: 0.2, connections: 1}}}\n");
  EXPECT_TRUE(SameDatabases(before, Load().settings)) << "what it is by default";
  Write("kck.yml", "databases: {main: {url: \"postgresql://u:secret@h/d\", refresh: {share: 0.3}}}\n");
  EXPECT_FALSE(SameDatabases(before, Load().settings));
}

TEST_F(LoaderTest, ReportsAMissingVariableAndAMissingFile) {
  Write("kck.yml", "databases:\n  main: {url: \"postgresql://${KCK_TEST_ABSENT}@h/d\"}\n");
  EXPECT_THAT(FaultTexts(),
              ElementsAre(HasSubstr("kck.yml:2:15: error: the environment has no variable KCK_TEST_ABSENT")));
  Remove("kck.yml");
  EXPECT_THAT(FaultTexts(), ElementsAre(HasSubstr("there is no kck.yml here")));
}

TEST_F(LoaderTest, AFingerprintFollowsWhatAFillComputes) {
  auto fingerprint = [this](const std::string& yaml) {
    Write("products/p.yml", yaml);
    return Load().products.at(0)->fingerprint;
  };
  const auto plain = fingerprint("query: {template: select 1}\n");
  EXPECT_EQ(plain, fingerprint("query: {template: select 1}\nexpire_seconds: 5\n")) << "not on lifetimes";
  EXPECT_EQ(plain, fingerprint("query: {template: select 1}\nrefresh: {every: 5m, on_boot: true}\n"))
      << "nor refreshes";
  EXPECT_NE(plain, fingerprint("query: {template: select 2}\n"));
  EXPECT_NE(plain, fingerprint("query: {template: select 1, type: dicts}\n"));
  EXPECT_NE(plain, fingerprint("query: {template: select 1, process_result: {jq: .}}\n"));
  Write("kck.yml", "databases: {main: {url: \"postgresql://u:other@h/d\"}}\n");
  EXPECT_EQ(plain, fingerprint("query: {template: select 1}\n")) << "nor on a password";
  Write("kck.yml", "databases: {main: {url: \"postgresql://u:other@h/e\"}}\n");
  EXPECT_NE(plain, fingerprint("query: {template: select 1}\n"));
}

}  // namespace
}  // namespace kck
