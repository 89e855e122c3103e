// What Python files define, as the folder takes it: by the rules of YAML files, with places in the Python file.
#include <gmock/gmock.h>

#include "testing/folder_fixture.h"

namespace kck {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PythonLoaderTest : public FolderFixture {
 protected:
  PythonLoaderTest() {
    Write("products/p.py", "");
    Write("updaters/u.py", "");
  }

  void Define(std::string kind, const std::string& name, std::string fields, bool runs = true) {
    PythonDefinition definition;
    definition.kind = std::move(kind);
    definition.file = path() + "/products/p.py";
    definition.line = 7;
    definition.runs = runs;
    definition.function.name = name;
    definition.function.source_hash = hash_;
    definition.fields = std::move(fields);
    described_.definitions.push_back(std::move(definition));
  }

  Folder LoadDescribed() {
    return LoadFolder(path(), [this](const Settings&, const PythonFiles& files) {
      asked_ = files;
      return described_;
    });
  }

  std::vector<std::string> Faults() {
    std::vector<std::string> texts;
    for (const Fault& fault : LoadDescribed().faults) texts.push_back(FaultText(fault));
    return texts;
  }

  PythonDefinitions described_;
  PythonFiles asked_;
  std::string hash_ = "one";
};

TEST_F(PythonLoaderTest, AProductHasTheFieldsOfAYamlFile) {
  Define("product", "route", R"({"name":"route","parameters":[{"name":"from","type":"string"}],"expire_seconds":60,
         "refresh":{"every":"10s"},"timeout_ms":500})");
  const Folder folder = LoadDescribed();
  EXPECT_THAT(Faults(), IsEmpty());
  EXPECT_THAT(asked_.products, ElementsAre(path() + "/products/p.py"));
  EXPECT_THAT(asked_.updaters, ElementsAre(path() + "/updaters/u.py"));
  ASSERT_EQ(folder.products.size(), 1U);
  const Product& product = *folder.products[0];
  EXPECT_EQ(product.name, "route");
  EXPECT_EQ(product.database, "python");
  EXPECT_EQ(product.params.size(), 1U);
  EXPECT_EQ(product.expires_after, std::chrono::seconds(60));
  EXPECT_EQ(product.refresh.schedule->every, std::chrono::seconds(10));
  EXPECT_FALSE(product.statement);
  EXPECT_EQ(product.function->timeout, std::chrono::milliseconds(500));
  EXPECT_EQ(product.location.line, 7);
}

TEST_F(PythonLoaderTest, TheSourcesHashIsPartOfItsFingerprint) {
  Define("product", "a", R"({"name":"a"})");
  const std::uint64_t before = LoadDescribed().products.at(0)->fingerprint;
  EXPECT_EQ(LoadDescribed().products.at(0)->fingerprint, before);
  described_.definitions[0].function.source_hash = "two";
  EXPECT_NE(LoadDescribed().products.at(0)->fingerprint, before);
}

TEST_F(PythonLoaderTest, AFaultIsAtTheDefinitionsLine) {
  Define("product", "a", R"({"name":"a","expire_second":1})");
  Define("product", "b", R"({"name":"b","database":"mian"})");
  described_.faults.push_back({{path() + "/products/q.py", 3, 0}, "SyntaxError: invalid syntax", "", false});
  EXPECT_THAT(Faults(), ElementsAre("products/p.py:7: error: there is no database \"mian\" (kck.yml has: main)",
                                    "products/p.py:7: error: unknown field \"expire_second\" in the product (did you "
                                    "mean \"expire_seconds\"?)",
                                    "products/q.py:3: error: SyntaxError: invalid syntax"));
  EXPECT_THAT(LoadDescribed().faulty_products, ElementsAre("a", "b"));
}

TEST_F(PythonLoaderTest, ASecondProductOfAnyKindOfThatNameIsAFault) {
  Write("products/a.yml", "query: {template: select 1}\n");
  Define("product", "a", R"({"name":"a"})");
  EXPECT_THAT(Faults(), ElementsAre("products/p.py:7: error: there is a product \"a\" already (the other one is in "
                                    "products/a.yml:1)"));
}

TEST_F(PythonLoaderTest, APrimerOfSqlIsOne) {
  Define("product", "a", R"({"name":"a","database":"main","parameters":[{"name":"id","type":"int"}],
         "query":{"template":"select :id","type":"dicts"}})",
         false);
  const Folder folder = LoadDescribed();
  ASSERT_EQ(folder.products.size(), 1U);
  EXPECT_TRUE(folder.products[0]->statement);
  EXPECT_EQ(folder.products[0]->statement->shape, RowShape::kDicts);
  EXPECT_FALSE(folder.products[0]->function);
}

TEST_F(PythonLoaderTest, AnUpdaterSaysWhatEachActionTakes) {
  Define("updater", "item", R"({"name":"item","parameters":[{"name":"id","type":"int","primary_key":true},
         {"name":"price","type":"float"}],"actions":{"insert":["price"],"update":["id","price"]}})");
  const Folder folder = LoadDescribed();
  EXPECT_THAT(Faults(), IsEmpty());
  ASSERT_EQ(folder.updaters.size(), 1U);
  const Updater& updater = *folder.updaters[0];
  EXPECT_TRUE(updater.function);
  EXPECT_THAT(updater.Template(WriteAction::kInsert)->params, ElementsAre(1U));
  EXPECT_THAT(updater.Template(WriteAction::kUpdate)->params, ElementsAre(0U, 1U));
  EXPECT_FALSE(updater.Template(WriteAction::kDelete));
}

TEST_F(PythonLoaderTest, AnUpdatersFaults) {
  Define("updater", "a", R"({"name":"a"})");
  Define("updater", "b", R"({"name":"b","actions":{"insert":["x"]}})");
  Define("updater", "c", R"({"name":"c","parameters":[{"name":"id","primary_key":true},{"name":"y"}],
         "actions":{"delete":["y"]}})");
  EXPECT_THAT(Faults(), ElementsAre("products/p.py:7: error: delete does not use the primary key :id (add where id = "
                                    ":id)",
                                    "products/p.py:7: error: insert takes \"x\", which is no parameter",
                                    "products/p.py:7: error: the updater takes no action (insert, update, delete: one "
                                    "of them at least)"));
}

TEST_F(PythonLoaderTest, AProcessHasTimes) {
  Define("process", "nightly", R"({"name":"nightly","cron":"0 3 * * *","missed":"skip"})");
  Define("process", "never", R"({"name":"never"})");
  EXPECT_THAT(Faults(), ElementsAre("products/p.py:7: error: the process has no times (add every: 1h, or cron: \"0 3 "
                                    "* * *\")"));
  const Folder folder = LoadDescribed();
  ASSERT_EQ(folder.processes.size(), 1U);
  EXPECT_TRUE(folder.processes[0]->function);
}

TEST_F(PythonLoaderTest, HooksAreThoseThatTheServerCalls) {
  Define("product", "a", R"({"name":"a","database":"main","query":{"template":"select 1"}})", false);
  described_.definitions[0].hooks = {"pre_set", "result_filter", "no_hook"};
  Define("updater", "u", R"({"name":"u","query":{"template":{"insert":"insert into t select 1"}}})", false);
  described_.definitions[1].hooks = {"post_update"};
  Define("product", "b", R"({"name":"b"})");
  const Folder folder = LoadDescribed();
  EXPECT_THAT(Faults(), IsEmpty());
  const Product& product = *folder.products.at(0);
  EXPECT_TRUE(product.statement && !product.function);
  EXPECT_TRUE(HasHook(product.hooks, Hook::kPreSet) && HasHook(product.hooks, Hook::kResultFilter));
  EXPECT_FALSE(HasHook(product.hooks, Hook::kPostSet));
  EXPECT_TRUE(product.hooks->make_values());
  EXPECT_EQ(product.hooks->function->source_hash, "one");
  EXPECT_TRUE(HasHook(folder.updaters.at(0)->hooks, Hook::kPostUpdate));
  EXPECT_FALSE(folder.products.at(1)->hooks);
}

TEST_F(PythonLoaderTest, WhatPythonMakesOfRowsIsPartOfTheFingerprint) {
  Define("product", "a", R"({"name":"a","database":"main","query":{"template":"select 1"}})", false);
  const auto fingerprint = [this](const std::string& hook, const std::string& hash) {
    described_.definitions[0].hooks = {hook};
    described_.definitions[0].function.source_hash = hash;
    return LoadDescribed().products.at(0)->fingerprint;
  };
  EXPECT_NE(fingerprint("result_filter", "one"), fingerprint("result_filter", "two"));
  EXPECT_EQ(fingerprint("post_set", "one"), fingerprint("post_set", "two"));
}

TEST_F(PythonLoaderTest, HooksMayBeAddedToWhatAnotherFileDefines) {
  Write("products/a.yml", "query: {template: select 1}\n");
  Write("products/faulty.yml", "query: {template: \"select :x\"}\n");
  for (const std::string name : {"a", "faulty", "none"}) {
    Define("product", name, R"({"name":")" + name + R"("})");
    described_.definitions.back().hooks = {"post_set"};
    described_.definitions.back().hooks_only = true;
  }
  EXPECT_THAT(Faults(), ElementsAre(testing::HasSubstr("products/faulty.yml"),
                                    "products/p.py:7: error: hooks are added to the product \"none\", which there is "
                                    "not (see the name that primer_obj or updater_obj is given)"));
  const Folder folder = LoadDescribed();
  ASSERT_EQ(folder.products.size(), 1U);
  EXPECT_TRUE(HasHook(folder.products.at(0)->hooks, Hook::kPostSet));
}

TEST_F(PythonLoaderTest, WhatNeedsNoPythonReadsItsFolderWithoutOne) {
  EXPECT_THAT(FaultTexts(), ElementsAre("kck.yml: error: the folder has Python files, which are not read here"));
}

TEST_F(PythonLoaderTest, WhatPythonCompiledIsNoChange) {
  const std::uint64_t before = Load().state;
  Write("products/__pycache__/p.cpython-311.pyc", "x");
  EXPECT_EQ(Load().state, before);
  Write("products/p.py", "# another");
  EXPECT_NE(Load().state, before);
}

TEST_F(PythonLoaderTest, SettingsSayWhereAndHow) {
  Write("kck.yml",
        "python: {virtualenv: venv, path: [lib, ../more], workers: 3, concurrency: 5, timeout: 2s, memory: 256MiB,\n"
        "  calls_max: 100, message_bytes_max: 1MiB, refresh: {share: 0.3, connections: 2}}\n");
  const PythonSettings python = LoadDescribed().settings.python;
  EXPECT_EQ(python.interpreter, path() + "/venv/bin/python");
  EXPECT_THAT(python.path, ElementsAre(path() + "/lib", testing::EndsWith("/more")));
  EXPECT_EQ(python.workers, 3);
  EXPECT_EQ(python.timeout, std::chrono::seconds(2));
  EXPECT_EQ(python.memory_bytes, std::size_t{256} << 20U);
  EXPECT_EQ(python.refresh_connections, 2);
  Write("kck.yml", "python: {interpreter: python3, virtualenv: venv, memory: 1MiB}\n");
  EXPECT_THAT(Faults(), ElementsAre("kck.yml:1:44: error: python has both interpreter and virtualenv (keep one: a "
                                    "virtual environment has an interpreter of its own)",
                                    "kck.yml:1:58: error: an interpreter does not start in so little memory (64MiB "
                                    "at least)"));
  Write("kck.yml", "databases: {python: {url: \"sqlite:x\"}}\n");
  EXPECT_THAT(Faults(), ElementsAre(testing::HasSubstr("no database can be named \"python\"")));
}

}  // namespace
}  // namespace kck
