// Reading processes: what is read, and that every fault is told with its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/folder_fixture.h"

namespace kck {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ProcessLoaderTest : public FolderFixture {
 protected:
  ProcessLoaderTest() {
    Write("products/ids.yml", "query: {template: select 1}\n");
    Write("products/item.yml",
          "parameters: [{name: id, type: int}]\nquery: {template: \"select :id\"}\nrefresh: {domain_key: ids}\n");
  }

  // The one fault of processes/p.yml.
  std::string FaultOf(const std::string& yaml) { return FolderFixture::FaultOf("processes/p.yml", yaml); }
};

TEST_F(ProcessLoaderTest, ReadsProcesses) {
  Write("processes/clean_up.yml",
        "database: main\ncron: \"0 3 * * *\"\ntimezone: Europe/Berlin\njitter: 0.2\nmissed: all\n"
        "sql: |\n  delete from log\n  where at < now() - interval '30 days'\n");
  Write("processes/more.yml",
        "name: items\nevery: 10m\ndomain: item\n---\nname: named\nevery: 1h\nmissed: skip\nsql: {file: named.sql}\n");
  Write("processes/named.sql", "refresh materialized view v\n");
  const Folder folder = LoadSound();
  ASSERT_EQ(folder.processes.size(), 3U);
  const Process& clean_up = *folder.processes[0];
  EXPECT_EQ(clean_up.name, "clean_up");
  EXPECT_EQ(clean_up.database, "main");
  EXPECT_TRUE(clean_up.schedule.cron);
  EXPECT_EQ(clean_up.schedule.jitter, 0.2);
  EXPECT_EQ(clean_up.missed, MissedRuns::kAll);
  EXPECT_EQ(clean_up.statement->sql.text[0], "delete from log\nwhere at < now() - interval '30 days'\n");
  EXPECT_EQ(clean_up.template_start.line, 7);
  EXPECT_EQ(clean_up.template_start.column, 3);
  EXPECT_THAT(clean_up.domain, IsEmpty());
  const Process& items = *folder.processes[1];
  EXPECT_EQ(items.domain, "item");
  EXPECT_EQ(items.domain_location.line, 3);
  EXPECT_EQ(items.statement, nullptr);
  EXPECT_EQ(items.schedule.every, std::chrono::minutes(10));
  EXPECT_EQ(items.schedule.text, "every 10m");
  EXPECT_EQ(items.missed, MissedRuns::kOnce);
  EXPECT_EQ(folder.processes[2]->missed, MissedRuns::kSkip);
  EXPECT_EQ(folder.processes[2]->database, "main") << "the only one";
  EXPECT_EQ(folder.processes[2]->template_start.file, "processes/named.sql");
}

TEST_F(ProcessLoaderTest, AnotherFolderMayHoldTheProcesses) {
  Write("kck.yml", "databases: {main: {url: \"postgresql://u@h/d\"}}\nprocesses: jobs\n");
  Write("jobs/p.yml", "every: 1h\ndomain: item\n");
  EXPECT_EQ(LoadSound().processes.size(), 1U);
  Write("kck.yml", "databases: {main: {url: \"postgresql://u@h/d\"}}\nprocesses: elsewhere\n");
  EXPECT_THAT(FaultTexts(), ElementsAre(HasSubstr("elsewhere: error: the folder of processes cannot be read")));
}

TEST_F(ProcessLoaderTest, PlacesTheFaultsOfTimes) {
  EXPECT_EQ(FaultOf("domain: item\n"),
            "processes/p.yml:1:1: error: the process has no times (add every: 1h, or cron: \"0 3 * * *\")");
  EXPECT_EQ(FaultOf("domain: item\nevery: 1h\ncron: \"@daily\"\n"),
            "processes/p.yml:3:7: error: every and cron are both given (keep one of them)");
  EXPECT_THAT(FaultOf("domain: item\nevery: never\n"), HasSubstr("p.yml:2:8: error: \"every\" has to be a duration"));
  EXPECT_THAT(FaultOf("domain: item\ncron: \"0 25 * * *\"\n"),
              HasSubstr("p.yml:2:7: error: \"cron\" is not one: hour \"25\": not from 0 to 23"));
  EXPECT_EQ(FaultOf("domain: item\nevery: 1h\nmissed: twice\n"),
            "processes/p.yml:3:9: error: \"missed\" cannot be \"twice\" (it is one of: skip, once, all)");
}

TEST_F(ProcessLoaderTest, PlacesTheFaultsOfWork) {
  EXPECT_EQ(FaultOf("every: 1h\n"), "processes/p.yml:1:1: error: the process has no work (add sql: or domain:)");
  EXPECT_EQ(FaultOf("every: 1h\nsql: delete from log\ndomain: item\n"),
            "processes/p.yml:3:9: error: the process has both sql and domain (keep one of them, and make a process of "
            "its own of the other)");
  EXPECT_EQ(
      FaultOf("every: 1h\ndomain: item\npython: jobs:run\n"),
      "processes/p.yml:3:9: error: a process in Python stands in a Python file (write a .py file in processes/, with "
      "@kck.process(every=…) before the function)");
  EXPECT_EQ(FaultOf("every: 1h\ndomain: item\ndatabase: main\n"),
            "processes/p.yml:3:11: error: database has no meaning without sql (take it out)");
  EXPECT_EQ(FaultOf("every: 1h\nsql: delete from log where id = :id\n"),
            "processes/p.yml:2:33: error: the SQL uses :id, which is not declared (a process has no parameters: write "
            "the value, or have the SQL compute it)");
  EXPECT_THAT(FaultOf("every: 1h\nsql: delete from log; delete from t\n"), HasSubstr("p.yml:2:23: error: a second"));
  EXPECT_THAT(FaultOf("every: 1h\nsql: [delete from log]\n"),
              HasSubstr("p.yml:2:6: error: \"sql\" has to be SQL text"));
  EXPECT_EQ(FaultOf("every: 1h\nsql: {}\n"),
            "processes/p.yml:2:6: error: sql names no file (as sql: {file: clean_up.sql}, or write the SQL itself)");
  EXPECT_THAT(FaultOf("every: 1h\nsql: {file: none.sql}\n"), HasSubstr("p.yml:2:13: error: cannot read \"none.sql\""));
  EXPECT_THAT(FaultOf("every: 1h\nsql: {fil: none.sql}\n"), HasSubstr("unknown field \\\"fil\\\" in sql"));
  EXPECT_THAT(FaultOf("every: 1h\nsql: delete from log\ndatabase: mian\n"),
              HasSubstr("p.yml:3:11: error: there is no database \"mian\" (kck.yml has: main)"));
  EXPECT_EQ(FaultOf("evry: 1h\nevery: 1h\ndomain: item\n"),
            "processes/p.yml:1:1: error: unknown field \"evry\" in the process (did you mean \"every\"?)");
  EXPECT_THAT(FaultOf("every: 1h\ndomain: item\n---\nname: b\nevery: 1h\ndomain: item\n"),
              HasSubstr("p.yml:1:1: error: one of several processes in a file has no name"));
  EXPECT_THAT(FaultOf("# later\n"), HasSubstr("p.yml: error: the file holds no process"));
  EXPECT_THAT(Load().processes, IsEmpty());
}

TEST_F(ProcessLoaderTest, ReportsTwoProcessesOfOneName) {
  Write("processes/a.yml", "every: 1h\ndomain: item\n");
  Write("processes/b.yml", "name: a\nevery: 1h\ndomain: item\n");
  EXPECT_THAT(FaultTexts(),
              ElementsAre("processes/b.yml:1:1: error: there is a process \"a\" already (the other one is in "
                          "processes/a.yml:1)"));
}

}  // namespace
}  // namespace kck
