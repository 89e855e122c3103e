// Fills under a role and settings, from a real PostgreSQL: row-level security holds, and nothing of one fill is there
// for the next.
#include "source/pg_run_as.h"

#include <gtest/gtest.h>

#include <future>
#include <utility>

#include "source/sources.h"
#include "testing/pg_client.h"
#include "testing/pg_server.h"
#include "testing/statements.h"

namespace kck {
namespace {

using std::chrono::milliseconds;
using Statement = std::shared_ptr<const SqlStatement>;
using Keys = std::vector<std::vector<ParamValue>>;

const Param kTenant = {"tenant", ParamType::kString};
const Param kId = {"id", ParamType::kInt};
// A setting that was local once is empty ever after, and not unknown any more.
constexpr const char* kWho = "select current_user::text, coalesce(current_setting('app.tenant', true), '')";
constexpr const char* kNobody = "[[\"postgres\",\"\"]]";

RunAsSetting FromParam(std::string name, std::size_t param) { return {std::move(name), "", param, {}}; }
RunAsSetting Constant(std::string name, std::string value) { return {std::move(name), std::move(value), {}, {}}; }

class PgRunAsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    static bool made = false;  // for the suite that is built on this one
    if (std::exchange(made, true)) return;
    Sql("create role run_reader; create role run_auditor; create role run_outsider;"
        "create table run_note (tenant text, id int, text text);"
        "insert into run_note select t, i, t || ' ' || i from unnest(array['acme', 'beta']) t, generate_series(1, 50) "
        "i;"
        "alter table run_note enable row level security;"
        "create policy of_tenant on run_note to run_reader using (tenant = current_setting('app.tenant', true));"
        "create policy of_all on run_note to run_auditor using (true);"
        "grant select, insert on run_note to run_reader, run_auditor;"
        "create schema run_one; create table run_one.shape as select 1 as a;"
        "create schema run_two; create table run_two.shape as select 'two' as a, true as b;"
        "grant usage on schema run_one, run_two to run_reader;"
        "grant select on run_one.shape, run_two.shape to run_reader;"
        "create role run_login login; grant run_reader to run_login");
  }

  static std::shared_ptr<Source> Open(milliseconds statement_timeout = milliseconds(10000)) {
    DatabaseSettings settings = SharedPgServer().Settings();
    settings.pool = 1;
    settings.statement_timeout = statement_timeout;
    return OpenPgSource(settings);
  }

  static std::string Text(const Result<Rows>& rows) {
    if (!rows) return std::string(ErrorName(rows.error().code)) + " " + rows.error().message;
    return rows->json + (rows->stamp ? "" : " without a stamp");
  }

  static std::vector<std::string> Sql(const std::string& sql) { return SharedPgServer().Run(sql); }

  std::string Ask(const Statement& statement, std::vector<ParamValue> params = {}) {
    return Text(RunFill(*source_, statement, std::move(params)));
  }

  // Who a statement without a role is, on the one connection.
  std::string Who() { return Ask(MakeStatement(kWho)); }

  // All at once: they share the pipeline, and those of one statement batches.
  std::vector<std::string> Together(const Statement& statement, const Keys& keys, bool behind = false) {
    std::vector<std::promise<std::string>> answers(keys.size());
    std::vector<Source::FillRequest> requests;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      requests.push_back({keys[i], [&answer = answers[i]](const Result<Rows>& rows) { answer.set_value(Text(rows)); }});
    }
    const TimePoint deadline = Clock::now() + std::chrono::seconds(30);
    if (behind) {
      source_->FillBehind(statement, std::move(requests), deadline);
    } else {
      for (auto& request : requests) {
        source_->Fill(statement, std::move(request.params), deadline, std::move(request.done));
      }
    }
    std::vector<std::string> texts;
    for (auto& answer : answers) texts.push_back(answer.get_future().get());
    return texts;
  }

  std::shared_ptr<Source> source_ = Open();
};

TEST_F(PgRunAsTest, TheRoleDecidesWhichRowsThereAre) {
  const Statement count = MakeStatement("select count(*), current_user::text from run_note");
  EXPECT_EQ(Ask(RunningAs(count, {"run_auditor", {}, {}})), R"([[100,"run_auditor"]])");
  EXPECT_EQ(Ask(RunningAs(count, {"run_reader", {Constant("app.tenant", "acme")}, {}})), R"([[50,"run_reader"]])");
  EXPECT_EQ(Ask(RunningAs(count, {"run_reader", {}, {}})), R"([[0,"run_reader"]])") << "nothing of the fill before";
  EXPECT_EQ(Ask(count), R"([[100,"postgres"]])");
  EXPECT_EQ(Ask(RunningAs(count, {"run_auditor", {}, {}})), R"([[100,"run_auditor"]])");
}

// The two share the text, and so the plan that each would have alone must not be the other's.
TEST_F(PgRunAsTest, OneTextUnderTwoRolesInterleaved) {
  const Statement text = MakeStatement("select text from run_note where id = :id order by 1", {kId});
  const Statement reader = RunningAs(text, {"run_reader", {Constant("app.tenant", "beta")}, {}});
  const Statement auditor = RunningAs(text, {"run_auditor", {}, {}});
  std::vector<std::promise<std::string>> answers(100);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::string id = std::to_string(i / 2 + 1);
    source_->Fill(i % 2 == 0 ? reader : auditor, {id}, Clock::now() + std::chrono::seconds(30),
                  [&answer = answers[i]](const Result<Rows>& rows) { answer.set_value(Text(rows)); });
  }
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::string id = std::to_string(i / 2 + 1);
    const std::string beta = "[\"beta " + id + "\"]";
    EXPECT_EQ(answers[i].get_future().get(), i % 2 == 0 ? "[" + beta + "]" : "[[\"acme " + id + "\"]," + beta + "]");
  }
}

TEST_F(PgRunAsTest, BatchesNeverMixTenants) {
  const Statement statement = RunningAs(
      MakeStatement("select text, current_setting('app.tenant') from run_note where id = :id", {kTenant, kId}),
      {"run_reader", {FromParam("app.tenant", 0)}, {}});
  Keys keys;
  std::vector<std::string> expected;
  for (int id = 1; id <= 50; ++id) {
    for (const std::string tenant : {"acme", "beta", "none"}) {
      keys.push_back({tenant, std::to_string(id)});
      expected.push_back(tenant == "none" ? "[]"
                                          : "[[\"" + tenant + " " + std::to_string(id) + "\",\"" + tenant + "\"]]");
    }
  }
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(Ask(statement, keys[i]), expected[i]);
  EXPECT_EQ(Together(statement, keys), expected);
  EXPECT_EQ(Together(statement, keys, true), expected);
  const SourceStats stats = source_->stats();
  EXPECT_GT(stats.batches, 0U);
  EXPECT_GT(stats.batch_keys, 100U) << "keys of one tenant go together";
  EXPECT_EQ(Who(), kNobody);
}

TEST_F(PgRunAsTest, NothingIsLeftAfterAnError) {
  const RunAs as = {"run_reader", {Constant("app.tenant", "acme")}, {}};
  EXPECT_NE(Ask(RunningAs(MakeStatement("select 1 / (id - 1) from run_note"), as)).find("22012"), std::string::npos);
  EXPECT_EQ(Who(), kNobody);
  EXPECT_NE(Ask(RunningAs(MakeStatement("select * from run_nowhere"), as)).find("42P01"), std::string::npos);
  EXPECT_EQ(Who(), kNobody);
  EXPECT_NE(Ask(RunningAs(MakeStatement("select * from pg_authid"), as)).find("42501"), std::string::npos);
  EXPECT_EQ(Who(), kNobody);
}

TEST_F(PgRunAsTest, NothingIsLeftAfterATimeout) {
  source_ = Open(milliseconds(100));
  const RunAs as = {"run_reader", {Constant("app.tenant", "acme")}, {}};
  EXPECT_NE(Ask(RunningAs(MakeStatement("select pg_sleep(20)"), as)).find("KCKSourceTimeout"), std::string::npos);
  EXPECT_EQ(Who(), kNobody);
}

// The connection is asked while the fill that nobody waits for any more still runs on it.
TEST_F(PgRunAsTest, NothingIsLeftAfterADeadline) {
  const RunAs as = {"run_reader", {Constant("app.tenant", "acme")}, {}};
  const auto late = RunFill(*source_, RunningAs(MakeStatement("select pg_sleep(0.3)"), as), {}, milliseconds(50));
  EXPECT_EQ(late.error().code, ErrorCode::kSourceTimeout);
  EXPECT_EQ(Who(), kNobody);
}

TEST_F(PgRunAsTest, WritesAreRefusedAsReadOnly) {
  Sql("create or replace function run_write() returns int language sql volatile as "
      "'insert into run_note values (''acme'', 99, ''written'') returning id'");
  const std::string read_only =
      "KCKSourceError database main failed the statement (SQLSTATE 25006): it writes, and a product may only read";
  const RunAs as = {"run_auditor", {}, {}};
  EXPECT_EQ(Ask(RunningAs(MakeStatement("select run_write()"), as)), read_only);
  const std::string answer =
      Ask(RunningAs(MakeStatement("select set_config('transaction_read_only', 'off', true), run_write()"), as));
  EXPECT_FALSE(answer.starts_with("[")) << answer;
  EXPECT_EQ(Sql("select count(*) from run_note where id = 99")[0], "0");
}

TEST_F(PgRunAsTest, RefusalsOfRoleAndSettingsSayWhichAndQuoteNothing) {
  const Statement one = MakeStatement("select 1");
  const auto refused = [](const std::string& what) {
    return "KCKSourceError database main refuses " + what + "; run kck check";
  };
  EXPECT_EQ(Ask(RunningAs(one, {"run_missing", {Constant("app.tenant", "x")}, {}})),
            refused("the role of the product's `as` (SQLSTATE 22023): there is no such role"));
  EXPECT_EQ(Ask(RunningAs(one, {"run_reader", {Constant("work_mem", "secret")}, {}})),
            refused("a setting of the product's `as` (SQLSTATE 22023): it has no such value"));
  EXPECT_EQ(Ask(RunningAs(one, {"", {Constant("no_such_setting", "x")}, {}})),
            refused("a setting of the product's `as` (SQLSTATE 42704): there is no such setting"));
  EXPECT_EQ(Who(), kNobody);

  DatabaseSettings settings = SharedPgServer().Settings();
  settings.url = SharedPgServer().Url("run_login");
  settings.pool = 1;
  source_ = OpenPgSource(settings);
  EXPECT_EQ(Ask(RunningAs(MakeStatement("select current_user::text"), {"run_reader", {}, {}})), R"([["run_reader"]])");
  EXPECT_EQ(Ask(RunningAs(one, {"run_outsider", {}, {}})),
            refused("the role of the product's `as` (SQLSTATE 42501): the user of the url is no member of it"));
  EXPECT_EQ(Ask(RunningAs(one, {"", {Constant("log_statement", "all")}, {}})),
            refused("a setting of the product's `as` (SQLSTATE 42501): the user of the url may not set it"));
  EXPECT_EQ(Ask(MakeStatement("select current_user::text")), R"([["run_login"]])");
}

// Those behind it in the pipeline counted on its PREPARE, which did not take place.
TEST_F(PgRunAsTest, AValueThatASettingRefusesFailsItsOwnKeysAlone) {
  const Statement statement = RunningAs(MakeStatement("select :id, current_setting('work_mem')", {kTenant, kId}),
                                        {"run_reader", {FromParam("work_mem", 0)}, {}});
  Keys keys;
  for (int id = 1; id <= 60; ++id) keys.push_back({id % 3 == 0 ? "8MB" : "bad", std::to_string(id)});
  for (const bool behind : {false, false, true}) {
    const std::vector<std::string> texts = Together(statement, keys, behind);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (*keys[i][0] == "bad") {
        EXPECT_NE(texts[i].find("22023"), std::string::npos) << texts[i];
      } else {
        EXPECT_EQ(texts[i], "[[" + *keys[i][1] + ",\"8MB\"]]");
      }
    }
  }
  EXPECT_EQ(Ask(MakeStatement("select current_setting('work_mem')")), R"([["4MB"]])");
}

TEST_F(PgRunAsTest, SearchPathIsThereWhenTheStatementIsParsed) {
  const Statement statement = RunningAs(MakeStatement("select *, :id as id from shape", {kTenant, kId}),
                                        {"run_reader", {FromParam("search_path", 0)}, {}});
  Keys keys;
  std::vector<std::string> expected;
  for (int id = 1; id <= 40; ++id) {
    const bool one = id % 2 == 1;
    keys.push_back({one ? "run_one" : "run_two", std::to_string(id)});
    expected.push_back((one ? "[[1," : "[[\"two\",true,") + std::to_string(id) + "]]");
  }
  EXPECT_EQ(Together(statement, keys), expected);
  EXPECT_EQ(Together(statement, keys, true), expected);
  EXPECT_NE(Ask(statement, {"run_none", "1"}).find("42P01"), std::string::npos);
  EXPECT_EQ(Ask(statement, keys[0]), expected[0]);
}

TEST_F(PgRunAsTest, ValuesAreNeverPasted) {
  const std::string nasty = "x', true); drop table run_note; --\"\\$1";
  const Statement statement = RunningAs(MakeStatement("select :tenant = current_setting('app.tenant')", {kTenant}),
                                        {"run_reader", {FromParam("app.tenant", 0)}, {}});
  EXPECT_EQ(Ask(statement, {nasty}), "[[true]]");
  EXPECT_NE(Ask(RunningAs(MakeStatement("select 1"), {nasty, {}, {}})).find("there is no such role"),
            std::string::npos);
  EXPECT_EQ(Sql("select count(*) from run_note")[0], "100");
}

// Names of prepared statements are never shared, though more are made than a connection keeps.
TEST_F(PgRunAsTest, EvictedStatementsTakeNoRoleWithThem) {
  for (int i = 0; i < 1100; ++i) {
    const std::string number = std::to_string(i);
    const Statement plain = MakeStatement("select current_user::text, " + number);
    ASSERT_EQ(Ask(RunningAs(plain, {"run_reader", {}, {}})), "[[\"run_reader\"," + number + "]]");
  }
  EXPECT_EQ(Who(), kNobody);
}

TEST_F(PgRunAsTest, TheStampIsOfTheSnapshotThatWasRead) {
  PgClient writer(SharedPgServer().Url());
  writer.Run("begin; insert into run_note values ('acme', 1000, 'uncommitted')");
  const std::string transaction = writer.Run("select pg_current_xact_id()")[0];
  const Statement statement = RunningAs(MakeStatement("select count(*) from run_note where id = 1000"),
                                        {"run_reader", {Constant("app.tenant", "acme")}, {}});
  const auto before = RunFill(*source_, statement);
  writer.Run("commit");
  const auto after = RunFill(*source_, statement);
  Sql("delete from run_note where id = 1000");
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->json, "[[0]]");
  EXPECT_FALSE(before->stamp->Sees(std::stoull(transaction)));
  EXPECT_EQ(after->json, "[[1]]");
  EXPECT_TRUE(after->stamp->Sees(std::stoull(transaction)));
}

class PgRunAsDescribe : public PgRunAsTest {
 protected:
  // What is against it, or the columns.
  std::string Describe(std::string_view sql, RunAs as, const std::vector<Param>& params = {}) {
    const auto description = source_->Describe(*RunningAs(MakeStatement(sql, params), std::move(as)));
    if (!description) return description.error().message;
    if (!description->run_as_refused.empty()) return "refused: " + description->run_as_refused;
    std::string text = description->filled_singly;
    for (const std::string& column : description->columns) text += "/" + column;
    return text;
  }
};

TEST_F(PgRunAsDescribe, SaysWhatTheRoleLacks) {
  EXPECT_EQ(Describe("select text from run_note", {"run_reader", {}, {}}), "/text");
  EXPECT_EQ(Describe("select text from run_note where id = :id", {"run_outsider", {}, {}}, {kId}),
            "refused: permission denied for table run_note");
  EXPECT_EQ(Describe("select a from run_one.shape", {"run_outsider", {}, {}}),
            "refused: permission denied for schema run_one");
  EXPECT_EQ(Describe("select 1", {"run_missing", {}, {}}), "refused: role \"run_missing\" does not exist");
  EXPECT_EQ(Describe("select 1", {"", {Constant("work_mem", "much")}, {}}).substr(0, 46),
            "refused: invalid value for parameter \"work_mem");
  EXPECT_EQ(Describe("select txt from run_note", {"run_reader", {}, {}}).substr(0, 50),
            "line 1 column 8: column \"txt\" does not exist (Perh");
}

TEST_F(PgRunAsDescribe, ExamplesStandForParameters) {
  const std::string sql = "select a, :tenant from shape";
  RunAsSetting path = FromParam("search_path", 0);
  EXPECT_NE(Describe(sql, {"run_reader", {path}, {}}, {kTenant}).find("give that one an example"), std::string::npos);
  path.example = "run_one";
  EXPECT_EQ(Describe(sql, {"run_reader", {path}, {}}, {kTenant}), "/a/?column?");
  const std::string tenant = "select current_setting('app.tenant')::int as n where :tenant <> ''";
  EXPECT_EQ(Describe(tenant, {"run_reader", {FromParam("app.tenant", 0)}, {}}, {kTenant}), "/n");
}

}  // namespace
}  // namespace kck
