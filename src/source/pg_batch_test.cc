// Fills of many keys by one statement bring what fills of one key bring.
#include "source/pg_batch.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <set>

#include "source/sources.h"
#include "testing/pg_client.h"
#include "testing/pg_server.h"
#include "testing/statements.h"

namespace kck {
namespace {

const Param kId = {"id", ParamType::kInt};
const Param kText = {"t", ParamType::kString, true};

TEST(PgBatch, JoinsTheKeysWithTheTemplate) {
  const auto statement = MakeStatement("select a from t where id = :id and (:t is null or n = :t)", {kId, kText});
  EXPECT_EQ(
      PgBatchTemplate(*statement),
      "select kck_keys.ord, case when kck_keys.ord = 1 then "
      "pg_catalog.pg_current_snapshot()::pg_catalog.text end, kck_rows.* from "
      "unnest((select $1::pg_catalog.int8[]), (select $2::pg_catalog.text[])) with ordinality as kck_keys(p1, p2, ord) "
      "left join lateral (select true as kck_hit, kck_template.* from "
      "(select a from t where id = (operator(pg_catalog.+) kck_keys.p1) and "
      "((kck_keys.p2 operator(pg_catalog.||) '') is null or n = (kck_keys.p2 operator(pg_catalog.||) ''))\n) "
      "as kck_template) as kck_rows on true");
}

TEST(PgBatch, NumbersTheRowsOfAnOrderedTemplateOnly) {
  EXPECT_TRUE(PgIsOrdered(*MakeStatement("select a from t where b = :id ORDER\n by 1", {kId})));
  EXPECT_FALSE(PgIsOrdered(*MakeStatement("select a from orders where reorder = :id", {kId})));
}

TEST(PgBatch, WritesArraysThatReadBack) {
  const std::vector<ParamValue> one = {"1", "a\"b\\c,{}"};
  const std::vector<ParamValue> two = {"2", std::nullopt};
  const std::vector<ParamValue> three = {"3", ""};
  EXPECT_EQ(PgBatchArray({&one, &two, &three}, 0), R"({"1","2","3"})");
  EXPECT_EQ(PgBatchArray({&one, &two, &three}, 1), R"({"a\"b\\c,{}",NULL,""})");
}

TEST(PgBatch, FindsWhatMayBeACall) {
  EXPECT_EQ(PgCalledFunctions(*MakeStatement("select a.RANDOM (), \"pg_sleep\"(:id), b, (1) from t", {kId})),
            (std::vector<std::string>{"random", "pg_sleep"}));
}

TEST(PgBatch, TakesAsManyKeysAsFitInItsTime) {
  PgBatchState state;
  state.calls = PgBatchState::Calls::kHarmless;
  EXPECT_EQ(state.KeysMax(), 1U) << "nothing is known";
  state.Note(1000, 1);
  state.calls = PgBatchState::Calls::kAsked;
  EXPECT_EQ(state.KeysMax(), 1U) << "the answer is not there";
  state.calls = PgBatchState::Calls::kHarmless;
  EXPECT_EQ(state.KeysMax(), 10U) << "only one key was measured";
  state.Note(10000, 10);
  EXPECT_EQ(state.KeysMax(), 50U);
  state.Note(500, 50);
  EXPECT_GT(state.KeysMax(), 100U);
  state.Note(1e9, 1);
  EXPECT_EQ(state.KeysMax(), 1U);
  state.Note(0, 500);
  EXPECT_GE(state.KeysMax(), 1U);
}

TEST(PgBatch, ABatchThatFailsTellsOnlyThatKeysAreSlow) {
  PgBatchState state;
  state.calls = PgBatchState::Calls::kHarmless;
  state.Note(1000, 10);
  const std::size_t keys_max = state.KeysMax();
  state.NoteFailed(50, 100);
  EXPECT_EQ(state.KeysMax(), keys_max) << "it failed at an early key";
  state.NoteFailed(10e6, 100);
  EXPECT_EQ(state.KeysMax(), 1U) << "it was stopped";
}

TEST(PgBatch, ASingleFillBesideBatchesTellsLittle) {
  PgBatchState state;
  state.calls = PgBatchState::Calls::kHarmless;
  state.Note(300, 1);
  state.Note(500, 100);
  const std::size_t keys_max = state.KeysMax();
  EXPECT_GT(keys_max, 900U);
  state.Note(900, 1);
  EXPECT_EQ(state.KeysMax(), keys_max) << "the way there and back";
  state.Note(20000, 1);
  EXPECT_LT(state.KeysMax(), 20U) << "a slow key";
}

TEST(PgBatch, CountsTheStatementsThatAreFilledSingly) {
  PgBatches batches;
  const auto refused = MakeStatement("select 1 limit :id", {kId});
  batches.Of(*MakeStatement("select :id", {kId}));
  batches.Of(*MakeStatement("select 1"));
  EXPECT_EQ(batches.filled_singly(), 0U) << "without parameters there is nothing to fill together";
  for (int i = 0; i < 2; ++i) batches.Of(*refused)->Refuse();
  EXPECT_EQ(batches.filled_singly(), 1U);
  EXPECT_EQ(batches.Of(*refused)->KeysMax(), 1U);
}

// A source with one connection, which a first fill keeps busy while others queue up behind it.
class PgBatchFills : public testing::Test {
 public:
  PgBatchFills() {
    DatabaseSettings settings = SharedPgServer().Settings();
    settings.pool = 1;
    source_ = OpenPgSource(settings);
  }

  using Keys = std::vector<std::vector<ParamValue>>;
  using Statement = std::shared_ptr<const SqlStatement>;

  // What each key brings alone, one after another. Also lets the source measure the statement.
  std::vector<std::string> Alone(const Statement& statement, const Keys& keys) {
    std::vector<std::string> texts;
    for (const auto& key : keys) texts.push_back(Text(RunFill(*source_, statement, key)));
    return texts;
  }

  std::vector<std::string> Together(const Statement& statement, const Keys& keys) {
    std::vector<std::pair<Statement, std::vector<ParamValue>>> fills;
    for (const auto& key : keys) fills.emplace_back(statement, key);
    return Together(fills);
  }

  std::vector<std::string> Together(const std::vector<std::pair<Statement, std::vector<ParamValue>>>& fills) {
    const auto sleep = MakeStatement("select pg_sleep(0.01)::text, :id::text", {kId});
    std::vector<std::string> texts(fills.size());
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t missing = fills.size() + 2;
    const auto fill = [&](const auto& what, const std::vector<ParamValue>& key, std::string* text) {
      source_->Fill(what, key, Clock::now() + std::chrono::seconds(30), [&, text](const Result<Rows>& rows) {
        const std::lock_guard lock(mutex);
        if (text != nullptr) *text = Text(rows);
        if (--missing == 0) changed.notify_all();
      });
    };
    for (int i = 0; i < 2; ++i) fill(sleep, {std::to_string(i)}, nullptr);
    for (std::size_t i = 0; i < fills.size(); ++i) fill(fills[i].first, fills[i].second, &texts[i]);
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return missing == 0; });
    return texts;
  }

  // The same by FillBehind, in one group.
  std::vector<std::string> Behind(const Statement& statement, const Keys& keys) {
    std::vector<std::promise<std::string>> answers(keys.size());
    std::vector<Source::FillRequest> requests;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      requests.push_back({keys[i], [&answer = answers[i]](const Result<Rows>& rows) { answer.set_value(Text(rows)); }});
    }
    source_->FillBehind(statement, std::move(requests), Clock::now() + std::chrono::seconds(30));
    std::vector<std::string> texts;
    for (auto& answer : answers) texts.push_back(answer.get_future().get());
    return texts;
  }

  SourceStats stats() const { return source_->stats(); }

  static std::string Text(const Result<Rows>& rows) {
    if (!rows) return std::string(ErrorName(rows.error().code)) + " " + rows.error().message;
    return rows->json + (rows->stamp ? "" : " without a stamp");
  }

  static void Make(const std::string& sql) { SharedPgServer().Run(sql); }

 private:
  std::shared_ptr<Source> source_;
};

PgBatchFills::Keys Ids(int from, int to) {
  PgBatchFills::Keys keys;
  for (int id = from; id <= to; ++id) keys.push_back({std::to_string(id)});
  return keys;
}

// How many statements computed the values, each of which is the time of its statement.
TEST_F(PgBatchFills, FillsThatWaitTogetherAreOneStatement) {
  const auto statement = MakeStatement("select statement_timestamp()::text, 0 * :id", {kId});
  Alone(statement, Ids(1, 3));
  const std::vector<std::string> together = Together(statement, Ids(1, 40));
  EXPECT_LE(std::set(together.begin(), together.end()).size(), 6U);
  const std::vector<std::string> behind = Behind(statement, Ids(1, 40));
  EXPECT_LE(std::set(behind.begin(), behind.end()).size(), 2U);
}

TEST_F(PgBatchFills, VolatileFunctionsAreCalledForEachKeyByItself) {
  Make(
      "create or replace function batch_volatile(int8) returns text language sql volatile as "
      "'select statement_timestamp()::text'");
  const auto statement = MakeStatement("select batch_volatile(:id)", {kId});
  Alone(statement, Ids(1, 3));
  const std::vector<std::string> together = Together(statement, Ids(1, 20));
  EXPECT_EQ(std::set(together.begin(), together.end()).size(), 20U);
  const std::vector<std::string> behind = Behind(statement, Ids(1, 20));
  EXPECT_EQ(std::set(behind.begin(), behind.end()).size(), 20U);
  EXPECT_EQ(stats().filled_singly, 2U) << "this one, and that which keeps the connection busy";
}

TEST_F(PgBatchFills, WhatIsNotThereTodayIsTriedAgain) {
  const std::string make = "create table batch_late as select generate_series(1, 20)::int8 as id";
  Make("drop table if exists batch_late; " + make);
  const auto statement = MakeStatement("select id from batch_late where id = :id", {kId});
  const std::vector<std::string> alone = Alone(statement, Ids(1, 20));
  Make("drop table batch_late");
  for (const std::string& text : Behind(statement, Ids(1, 20)))
    EXPECT_NE(text.find("42P01"), std::string::npos) << text;
  Make(make);
  EXPECT_EQ(Alone(statement, Ids(1, 1)).front(), alone.front());
  const SourceStats before = stats();
  EXPECT_EQ(before.filled_singly, 0U);
  EXPECT_EQ(Behind(statement, Ids(1, 20)), alone);
  EXPECT_GT(stats().batches, before.batches);
  EXPECT_LT(stats().statements, before.statements + 10);
}

TEST_F(PgBatchFills, WhatTheFormForbidsIsNotTriedAgain) {
  const auto statement = MakeStatement("select sum(:id), count(*) from generate_series(1, 5)", {kId});
  const std::vector<std::string> alone = Alone(statement, Ids(1, 5));
  EXPECT_EQ(Behind(statement, Ids(1, 5)), alone);
  EXPECT_EQ(stats().filled_singly, 1U);
  const std::uint64_t batches = stats().batches;
  EXPECT_EQ(Behind(statement, Ids(1, 5)), alone);
  EXPECT_EQ(stats().batches, batches);
}

TEST_F(PgBatchFills, StatementsOfOneTextKeepTheirShapes) {
  const auto rows = MakeStatement("select :id as id", {kId});
  const auto objects = MakeStatement("select :id as id", {kId}, SqlDialect::kPostgres, RowShape::kDicts);
  Alone(rows, Ids(1, 2));
  std::vector<std::pair<Statement, std::vector<ParamValue>>> fills;
  std::vector<std::string> expected;
  for (int id = 0; id < 20; ++id) {
    fills.emplace_back(id % 2 == 0 ? rows : objects, std::vector<ParamValue>{std::to_string(id)});
    expected.push_back(id % 2 == 0 ? "[[" + std::to_string(id) + "]]" : "[{\"id\":" + std::to_string(id) + "}]");
  }
  EXPECT_EQ(Together(fills), expected);
}

TEST_F(PgBatchFills, OneBadKeyFailsAlone) {
  const auto statement = MakeStatement("select 100 / (:id - 7)", {kId});
  const std::vector<std::string> alone = Alone(statement, Ids(1, 20));
  EXPECT_EQ(Together(statement, Ids(1, 20)), alone);
  EXPECT_EQ(Behind(statement, Ids(1, 20)), alone);
  EXPECT_TRUE(alone[6].starts_with("KCKSourceError")) << alone[6];
  EXPECT_EQ(alone[7], "[[100]]");
}

TEST_F(PgBatchFills, AZeroByteFailsAlone) {
  const auto statement = MakeStatement("select :t", {kText});
  const Keys keys = {{"a"}, {std::string("b\0c", 3)}, {"d"}, {std::nullopt}, {""}};
  const std::vector<std::string> alone = Alone(statement, keys);
  EXPECT_EQ(Together(statement, keys), alone);
  EXPECT_EQ(Behind(statement, keys), alone);
  EXPECT_TRUE(alone[1].starts_with("KCKBadKey")) << alone[1];
}

void MakeItems() {
  SharedPgServer().Run(
      "create table if not exists batch_item(id int8 primary key, owner int8, price numeric, name text, tags text[]);"
      "truncate batch_item;"
      "insert into batch_item select g, g % 7, case when g % 5 = 0 then null else g * 1.10 end, 'n' || g % 3, "
      "array['a', g::text] from generate_series(1, 100) g");
}

// Of each form that KCK does not fill in batches, or fills with care, and of those that it does.
TEST_F(PgBatchFills, BringWhatSingleFillsBring) {
  MakeItems();
  for (const char* sql : {
           "select * from batch_item where id = :id",
           "select id, price, name, tags from batch_item where owner = :id order by price desc nulls last, id",
           "select id from batch_item where owner = :id order by id desc limit 3 offset 1",
           "select id from batch_item order by id limit :id",
           "select sum(:id), count(*) from batch_item",
           "select count(*), sum(price), min(name) from batch_item where owner = :id",
           "select owner, count(*) from batch_item where id <= :id group by owner having count(*) > 1 order by 1",
           "with a as (select * from batch_item where owner = :id), b as (select max(id) m from a) "
           "select a.id from a, b where a.id < b.m order by 1",
           "select id, row_number() over (order by id desc), sum(price) over (partition by name) from batch_item "
           "where owner = :id order by 1",
           "select id from batch_item where owner = :id union select :id * 1000 order by 1",
           "select id from batch_item where owner = :id except select 8 order by 1",
           "select distinct name from batch_item where owner = :id order by name",
           "select null::int, null::text where :id = 3",
           "select :id, :id, null",
           "select to_jsonb(r) from (select :id, :id::int4, owner from batch_item where id = :id) r",
           "select where :id > 2",
           "values (:id), (null)",
           "select x.id as a, y.id as a from batch_item x left join batch_item y on y.id = x.id + :id where x.id = :id",
           "select (select name from batch_item i where i.id = :id), exists (select from batch_item where id = :id)",
           "select g from generate_series(1, :id) g order by g desc -- to the end",
           "select jsonb_build_object('id', :id), array[:id, null], row(:id, 'x')",
           "select interval '1 day' * :id, date '2020-01-01' + (:id)::int",
           "select id from batch_item where owner = :id for update",
       }) {
    const auto statement = MakeStatement(sql, {kId});
    const std::vector<std::string> alone = Alone(statement, Ids(0, 12));
    EXPECT_EQ(Together(statement, Ids(0, 12)), alone) << sql;
    EXPECT_EQ(Behind(statement, Ids(0, 12)), alone) << sql;
    const auto objects = MakeStatement(sql, {kId}, SqlDialect::kPostgres, RowShape::kDicts);
    const std::vector<std::string> objects_alone = Alone(objects, Ids(0, 12));
    EXPECT_EQ(Together(objects, Ids(0, 12)), objects_alone) << sql;
    EXPECT_EQ(Behind(objects, Ids(0, 12)), objects_alone) << sql;
  }
}

// As the columns of rows, and as the members of objects that the template makes of them.
TEST_F(PgBatchFills, ParametersOfEveryTypeNameNoColumn) {
  const std::vector<std::pair<ParamType, std::vector<std::string>>> values = {
      {ParamType::kInt, {"1", "-9223372036854775808"}},
      {ParamType::kFloat, {"1.5", "NaN", "-Infinity", "-0"}},
      {ParamType::kString, {"", "x y", "NULL"}},
      {ParamType::kDate, {"2013-01-01", "infinity"}},
      {ParamType::kTimestamp, {"2013-01-01T05:00:00Z", "2013-07-01T05:00:00.123456Z"}},
      {ParamType::kUuid, {"00000000-0000-0000-0000-000000000001", "ffffffff-0000-0000-0000-000000000001"}},
      {ParamType::kBool, {"true", "false"}},
  };
  for (const auto& [type, texts] : values) {
    const Param param = {"v", type, true};
    Keys keys = {{std::nullopt}};
    for (const std::string& text : texts) keys.push_back({text});
    for (const char* sql : {"select :v", "select to_jsonb(r), :v is null as n from (select :v) r"}) {
      const auto statement = MakeStatement(sql, {param}, SqlDialect::kPostgres, RowShape::kDicts);
      const std::vector<std::string> alone = Alone(statement, keys);
      EXPECT_EQ(Together(statement, keys), alone) << sql;
      EXPECT_EQ(Behind(statement, keys), alone) << sql;
      EXPECT_TRUE(alone.front().starts_with("[{")) << alone.front();
    }
  }
}

// The order of all rows is given, or there is one row: without that, a database may answer either way.
std::string AnyTemplate() {
  const std::string from = *rc::gen::elementOf(std::vector<std::string>{
      "batch_item a",
      "batch_item a left join batch_item b on b.id = a.id + :id",
      "(select * from batch_item where id > :id) a",
      "(select * from batch_item union all select :id, :id, null, 'u', null) a",
      "(select distinct on (owner) * from batch_item order by owner, id) a",
      "batch_item a cross join lateral (select max(c.id) m from batch_item c where c.owner = a.owner - :id) d",
  });
  const std::string where = *rc::gen::elementOf(std::vector<std::string>{
      "true",
      "a.owner = :id",
      "a.id between :id and :id + 5",
      "a.price > :id * 10",
      "a.owner = :id and false",
      "a.name = 'n' || (:id % 3)",
      "exists (select from batch_item e where e.id = a.id + :id)",
      "a.id in (select owner + :id from batch_item)",
  });
  const std::string form = *rc::gen::elementOf(std::vector<std::string>{
      "select a.id, a.price, a.tags, :id * 2 as twice, :id FROM order by 1, 2",
      "select count(*), sum(a.price), max(a.name), min(:id) filter (where a.id > 3) FROM",
      "select a.name, count(*), avg(a.price) FROM group by a.name having count(*) > 1 order by 1 nulls first",
      "select distinct a.owner, :id FROM order by 1",
      "select a.id, row_number() over (order by a.id, a.price) as n, sum(a.id) over (partition by a.name) FROM "
      "order by 1, 2",
      "with w as (select a.* FROM), v as (select max(id) as m from w) select w.id, v.m from w, v order by 1, 2 limit 3",
      "select array_agg(a.id order by a.id, a.price) FROM",
      "(select a.id FROM order by 1 limit 2) union select :id order by 1",
      "select a.id FROM intersect select id from batch_item where id < 20 + :id order by 1",
      "select 10 / (a.id - :id) as share, a.id FROM order by a.id",
      "select a.owner, grouping(a.owner), count(*) FROM group by rollup (a.owner) order by 1, 2",
      "select a.id FROM order by a.id offset :id limit 2",
  });
  return std::string(form).replace(form.find("FROM"), 4, "from " + from + " where " + where);
}

RC_GTEST_FIXTURE_PROP(PgBatchFills, BringWhatSingleFillsBringForAnyTemplate, ()) {
  MakeItems();
  const std::string sql = AnyTemplate();
  RC_LOG(sql);
  const RowShape shape = *rc::gen::element(RowShape::kRows, RowShape::kDicts);
  const auto statement = MakeStatement(sql, {kId}, SqlDialect::kPostgres, shape);
  const int first = *rc::gen::inRange(-2, 8);
  Keys keys = Ids(first, first + 6);
  for (std::size_t twice = *rc::gen::inRange<std::size_t>(0, 3); twice > 0; --twice) keys.push_back(keys[twice]);
  const std::vector<std::string> alone = Alone(statement, keys);
  RC_ASSERT(Together(statement, keys) == alone);
  RC_ASSERT(Behind(statement, keys) == alone);
}

RC_GTEST_FIXTURE_PROP(PgBatchFills, BringWhateverTextTheyAreAskedFor, ()) {
  const auto statement = MakeStatement("select :t, length(:t), :id", {kText, kId});
  Keys keys;
  for (const std::string& text : *rc::gen::container<std::vector<std::string>>(rc::gen::string<std::string>())) {
    keys.push_back({text, std::to_string(keys.size())});
  }
  if (*rc::gen::arbitrary<bool>()) keys.push_back({std::nullopt, "7"});
  const std::vector<std::string> alone = Alone(statement, keys);
  RC_ASSERT(Together(statement, keys) == alone);
  RC_ASSERT(Behind(statement, keys) == alone);
}

}  // namespace
}  // namespace kck
