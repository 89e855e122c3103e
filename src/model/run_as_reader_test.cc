// The field `as` of products: what is read, and what it refuses.
#include "model/run_as_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "testing/folder_fixture.h"

namespace kck {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kProduct =
    "parameters: [{name: id, type: int}, {name: tenant, example: acme}]\n"
    "query: {template: select 1 where 1 = :id}\n";

class RunAsReaderTest : public FolderFixture {
 protected:
  // The one fault of a product with this `as`.
  std::string FaultOf(const std::string& as) { return FolderFixture::FaultOf("products/p.yml", kProduct + as); }

  ProductPtr Read(const std::string& yaml) {
    Write("products/p.yml", yaml);
    return LoadSound().products.at(0);
  }
};

TEST_F(RunAsReaderTest, ReadsRoleAndSettings) {
  const ProductPtr product = Read(std::string(kProduct) +
                                  "as: {role: reader, settings: {App.Tenant: \":tenant\", app.mark: \"::x\", "
                                  "work_mem: 8MB, app.path: \"a::b:c\"}}\n");
  ASSERT_NE(product->statement->run_as, nullptr);
  const RunAs& as = *product->statement->run_as;
  EXPECT_EQ(as.role, "reader");
  EXPECT_EQ(as.location.line, 3);
  ASSERT_EQ(as.settings.size(), 4U);
  EXPECT_EQ(as.settings[0].name, "app.tenant");
  EXPECT_EQ(as.settings[0].param, 1U);
  EXPECT_EQ(as.settings[0].example, "acme");
  EXPECT_EQ(as.settings[1].constant, ":x") << "the first of two colons says that it is none of a parameter";
  EXPECT_EQ(as.settings[2].constant, "8MB");
  EXPECT_EQ(as.settings[3].constant, "a::b:c");
  const std::vector<ParamValue> params = {"7", "acme"};
  EXPECT_EQ(ValueOf(as.settings[0], params), "acme");
  EXPECT_EQ(ValueOf(as.settings[2], params), "8MB");
}

// A source is handed all parameters of the key, in its order.
TEST_F(RunAsReaderTest, AParameterMayBeUsedInASettingAlone) {
  const ProductPtr product = Read(
      "parameters: [{name: tenant}, {name: id, type: int}]\nquery: {template: select 1 where 1 = :id}\n"
      "as: {settings: {app.tenant: \":tenant\"}}\n");
  EXPECT_THAT(product->statement->types, ElementsAre(ParamType::kString, ParamType::kInt));
  EXPECT_THAT(product->statement->arguments, ElementsAre(1));
  EXPECT_EQ(product->statement->run_as->settings.at(0).param, 0U);
}

TEST_F(RunAsReaderTest, ASqlFileMayHaveIt) {
  Write("products/s.sql", "-- as: {role: reader}\nselect 1\n");
  EXPECT_EQ(LoadSound().products.at(0)->statement->run_as->role, "reader");
}

TEST_F(RunAsReaderTest, IsPartOfFingerprintAndStatement) {
  const std::string query = "parameters: [{name: a}, {name: b}]\nquery: {template: \"select :a, :b\"}\n";
  std::set<std::uint64_t> fingerprints;
  std::set<std::uint64_t> statements;
  const std::vector<std::string> all = {"",
                                        "as: {role: one}\n",
                                        "as: {role: two}\n",
                                        "as: {role: one, settings: {app.t: x}}\n",
                                        "as: {settings: {app.t: x}}\n",
                                        "as: {settings: {app.t: y}}\n",
                                        "as: {settings: {app.u: x}}\n",
                                        "as: {settings: {app.t: \":a\"}}\n",
                                        "as: {settings: {app.t: \":b\"}}\n"};
  for (const std::string& as : all) {
    const ProductPtr product = Read(query + as);
    fingerprints.insert(product->fingerprint);
    statements.insert(product->statement->id);
  }
  EXPECT_EQ(fingerprints.size(), all.size());
  EXPECT_EQ(statements.size(), all.size());
}

TEST_F(RunAsReaderTest, RefusesWhatSaysNothing) {
  EXPECT_THAT(FaultOf("as: {settings: {app.t: \":tenant\"}, rule: x}"), HasSubstr("rule"));
  const std::string unused = "parameters: []\nquery: {template: select 1}\n";
  const auto fault = [&](const std::string& as) { return FolderFixture::FaultOf("products/p.yml", unused + as); };
  EXPECT_THAT(fault("as: {}"), HasSubstr("p.yml:3:5: error: as has neither role nor settings"));
  EXPECT_THAT(fault("as: reader"), HasSubstr("as has to be a mapping"));
  EXPECT_THAT(fault("as: {settings: {}}"), HasSubstr("settings names none"));
  EXPECT_THAT(fault("as: {role: \"\"}"), HasSubstr("the role is empty"));
  EXPECT_THAT(fault("as: {role: none}"), HasSubstr("is the user of the url"));
}

TEST_F(RunAsReaderTest, RefusesValuesThatAreNoSetting) {
  const std::string nullable =
      "parameters: [{name: t, nullable: true}]\nquery: {template: \"select :t\"}\nas: {settings: {app.t: \":t\"}}\n";
  EXPECT_THAT(FolderFixture::FaultOf("products/p.yml", nullable), HasSubstr("may be NULL, which no setting can be"));
  const std::string tenant = "parameters: [{name: tenant}]\nquery: {template: \"select :tenant\"}\n";
  const auto fault = [&](const std::string& value) {
    return FolderFixture::FaultOf("products/p.yml", tenant + "as: {settings: {app.t: " + value + "}}\n");
  };
  EXPECT_THAT(fault("\":tenat\""),
              HasSubstr("p.yml:3:24: error: there is no parameter \"tenat\" for the setting app.t"));
  EXPECT_THAT(fault("\":\""), HasSubstr("there is no parameter \"\""));
  EXPECT_THAT(fault("\"of :tenant\""), HasSubstr("is a parameter within other text"));
  EXPECT_THAT(fault("[a]"), HasSubstr("app.t"));
  EXPECT_THAT(fault("\"a\\0b\""), HasSubstr("zero byte"));
}

TEST_F(RunAsReaderTest, RefusesSettingsThatKckReliesOn) {
  const std::string query = "query: {template: select 1}\n";
  const auto fault = [&](const std::string& name) {
    return FolderFixture::FaultOf("products/p.yml", query + "as: {settings: {" + name + ": x}}\n");
  };
  for (const char* name :
       {"role", "session_authorization", "transaction_read_only", "TRANSACTION_Isolation", "statement_timeout",
        "default_transaction_read_only", "default_transaction_isolation", "idle_in_transaction_session_timeout",
        "TimeZone", "DateStyle", "IntervalStyle", "extra_float_digits", "bytea_output", "client_encoding",
        "standard_conforming_strings", "array_nulls", "transform_null_equals", "backslash_quote"}) {
    EXPECT_THAT(fault(name), HasSubstr("cannot be given")) << name;
  }
  for (const char* name : {"time zone", "1app.t", "app.", ".t", "app..t", "app-t", "\"\"", "a.1", "\"x;y\""}) {
    EXPECT_THAT(fault(name), HasSubstr("is no name of a setting")) << name;
  }
  EXPECT_THAT(fault("app.t: x, App.T"), HasSubstr("given twice"));
}

TEST_F(RunAsReaderTest, SqliteHasNone) {
  Write("kck.yml", "databases: {main: {url: \"sqlite:x.db\"}}\n");
  EXPECT_THAT(FolderFixture::FaultOf("products/p.yml", "query: {template: select 1}\nas: {role: r}\n"),
              HasSubstr("SQLite has neither roles nor settings"));
}

TEST_F(RunAsReaderTest, UpdatersHaveNone) {
  EXPECT_THAT(FolderFixture::FaultOf("updaters/u.yml",
                                     "query: {template: {insert: insert into t values (1)}}\n"
                                     "as: {role: r}\n"),
              HasSubstr("\"as\""));
}

}  // namespace
}  // namespace kck
