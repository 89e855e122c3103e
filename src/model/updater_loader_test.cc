// Reading updaters: what is read, and that every fault is told with its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/folder_fixture.h"

namespace kck {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class UpdaterLoaderTest : public FolderFixture {
 protected:
  // The one fault of updaters/u.yml.
  std::string FaultOf(const std::string& yaml) { return FolderFixture::FaultOf("updaters/u.yml", yaml); }
};

constexpr const char* kItem = R"(database: main
parameters: [{name: id, type: int, primary_key: true}, {name: name}, {name: price, type: float, nullable: true}]
query:
  template:
    insert: insert into item (name, price) values (:name, :price) returning id
    update: update item set price = :price, name = :name where id = :id
    delete: delete from item where id = :id
  type: dicts
mode: through
)";

TEST_F(UpdaterLoaderTest, ReadsAWholeUpdater) {
  Write("updaters/item.yml", kItem);
  const Folder folder = LoadSound();
  ASSERT_EQ(folder.updaters.size(), 1U);
  const Updater& updater = *folder.updaters[0];
  EXPECT_EQ(updater.name, "item");
  EXPECT_EQ(updater.database, "main");
  EXPECT_TRUE(updater.params[0].primary_key);
  EXPECT_TRUE(updater.params[2].nullable);
  const auto& insert = updater.Template(WriteAction::kInsert);
  ASSERT_TRUE(insert);
  EXPECT_THAT(insert->params, ElementsAre(1, 2)) << "the statement has the parameters that it uses";
  EXPECT_THAT(insert->statement->arguments, ElementsAre(0, 1));
  EXPECT_THAT(insert->statement->types, ElementsAre(ParamType::kString, ParamType::kFloat));
  EXPECT_EQ(insert->statement->shape, RowShape::kDicts);
  EXPECT_EQ(insert->start.line, 5);
  EXPECT_THAT(updater.Template(WriteAction::kUpdate)->statement->arguments, ElementsAre(2, 1, 0));
  EXPECT_THAT(updater.Template(WriteAction::kDelete)->params, ElementsAre(0));
}

TEST_F(UpdaterLoaderTest, ReadsSqlFromFilesAndSeveralUpdatersFromOne) {
  Write("updaters/add.sql", "insert into item values (:id)\n");
  Write("updaters/u.yml",
        "name: a\nparameters: [{name: id, type: int}]\nquery: {file: {insert: add.sql}}\n---\n"
        "name: b\nparameters: [{name: id, type: int}]\n"
        "query: {template: {insert: 'insert into x values (:id)'}}\n");
  const Folder folder = LoadSound();
  ASSERT_EQ(folder.updaters.size(), 2U);
  EXPECT_EQ(folder.updaters[0]->Template(WriteAction::kInsert)->start.file, "updaters/add.sql");
}

TEST_F(UpdaterLoaderTest, AnotherFolderMayHoldTheUpdaters) {
  Write("kck.yml", "databases: {main: {url: \"postgresql://u@h/d\", write_pool: 2}}\nupdaters: writes\n");
  Write("writes/item.yml", kItem);
  EXPECT_EQ(Load().updaters.size(), 1U);
  EXPECT_EQ(Load().settings.databases.at("main").write_pool, 2);
  Write("kck.yml", "updaters: elsewhere\n");
  EXPECT_THAT(FaultTexts(), ElementsAre(HasSubstr("the folder of updaters cannot be read")));
}

TEST_F(UpdaterLoaderTest, PlacesEveryFault) {
  EXPECT_THAT(FaultOf("query: {template: {insert: insert into x values (1)}}\nmod: through\n"),
              HasSubstr("updaters/u.yml:2:1: error: unknown field \"mod\" in the updater (did you mean \"mode\"?)"));
  EXPECT_THAT(FaultOf("query: {template: {insrt: select 1, update: select 1}}\n"),
              HasSubstr("updaters/u.yml:1:20: error: unknown field \"insrt\" in template (did you mean \"insert\"?)"));
  EXPECT_THAT(FaultOf("query: {template: {}}\n"), HasSubstr("updaters/u.yml:1:1: error: query has no SQL"));
  EXPECT_THAT(FaultOf("database: main\n"), HasSubstr("updaters/u.yml:1:1: error: the updater has no query"));
  EXPECT_THAT(FaultOf("database: mian\nquery: {template: {insert: select 1}}\n"),
              HasSubstr("updaters/u.yml:1:11: error: there is no database \"mian\""));
  EXPECT_THAT(FaultOf("query:\n  template:\n    insert: insert into x values (:y)\n"),
              HasSubstr("updaters/u.yml:3:35: error: the SQL uses :y, which is not declared"));
  EXPECT_THAT(FaultOf("parameters: [{name: y}]\nquery: {template: {insert: insert into x values (1)}}\n"),
              HasSubstr("updaters/u.yml:1:14: error: parameter \"y\" is declared and not used (use it in one of the"));
  EXPECT_THAT(FaultOf("query:\n  template:\n    insert: insert into x values ('\n"),
              HasSubstr("updaters/u.yml:3:35: error: the string is not closed"));
  EXPECT_THAT(FaultOf("query: {template: {insert: select 1}, file: {insert: absent.sql}}\n"),
              AllOf(HasSubstr("insert stands in both"), HasSubstr("cannot read")));
  EXPECT_THAT(FaultOf("query: {template: {insert: [1]}}\n"), HasSubstr("\"insert\" has to be SQL text"));
}

TEST_F(UpdaterLoaderTest, RefusesWhatIsNotInThisVersion) {
  EXPECT_EQ(FaultOf("mode: behind\nquery: {template: {insert: insert into x values (1)}}\n"),
            "updaters/u.yml:1:7: error: mode: behind is not in this version (use mode: through)");
  EXPECT_THAT(FaultOf("returning: [id]\nquery: {template: {insert: insert into x values (1)}}\n"),
              HasSubstr("updaters/u.yml:1:12: error: \"returning\" is no field: what the database returns is said"));
}

TEST_F(UpdaterLoaderTest, APrimaryKeyIsUsedAndNeverNull) {
  EXPECT_THAT(FaultOf("parameters: [{name: id, primary_key: true}, {name: y}]\nquery:\n  template:\n"
                      "    insert: insert into x values (:id, :y)\n    update: update x set y = :y\n"),
              HasSubstr("updaters/u.yml:5:13: error: update does not use the primary key :id (add where id = :id)"));
  EXPECT_THAT(FaultOf("parameters: [{name: id, primary_key: true, nullable: true}]\nquery:\n  template:\n"
                      "    delete: delete from x where id = :id\n"),
              HasSubstr("parameter \"id\" is primary_key and nullable"));
}

TEST_F(UpdaterLoaderTest, ReportsTwoUpdatersOfOneName) {
  Write("updaters/a.yml", kItem);
  Write("updaters/b.yml", std::string("name: a\n") + kItem);
  EXPECT_THAT(FaultTexts(), ElementsAre(HasSubstr("updaters/b.yml:1:1: error: there is an updater \"a\" already")));
}

}  // namespace
}  // namespace kck
