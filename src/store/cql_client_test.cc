#include "store/cql_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/cql_fixture.h"

namespace kck {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Bytes = std::string;

constexpr auto kInsertItem = "insert into kck_cql_test.item (k, v, n, i, b) values (?, ?, ?, ?, ?)";
constexpr auto kSelectItem = "select k, v, n, i, b from kck_cql_test.item where k = ?";
constexpr auto kInsertLine = "insert into kck_cql_test.line (k, c, v) values (?, ?, ?)";
constexpr auto kSelectLines = "select c, v from kck_cql_test.line where k = ?";

class CqlClientTest : public CqlTest {
 protected:
  std::string ValueOf(const std::string& key) {
    CqlResult read = Execute(kSelectItem, {CqlValue::Bytes(key)}, {.consistency = CqlConsistency::kQuorum});
    EXPECT_TRUE(read.ok()) << read.message();
    return read.rows() == 1 ? Bytes(read.Bytes(0, 1)) : "no row";
  }
};

TEST_F(CqlClientTest, EachTypeComesBackAsItWent) {
  const Bytes blob("\0\xff\x01 blob", 8);
  const auto key = Key("text ü");
  const auto wrote =
      Execute(kInsertItem, {CqlValue::Bytes(key), CqlValue::Bytes(blob), CqlValue::Bigint(-5'000'000'000),
                            CqlValue::Int(-7), CqlValue::Boolean(true)});
  ASSERT_TRUE(wrote.ok()) << wrote.message();
  EXPECT_EQ(wrote.rows(), 0U);
  const auto read = Execute(kSelectItem, {CqlValue::Bytes(key)});
  ASSERT_TRUE(read.ok()) << read.message();
  ASSERT_EQ(read.rows(), 1U);
  ASSERT_EQ(read.columns(), 5U);
  EXPECT_EQ(read.Bytes(0, 0), key);
  EXPECT_EQ(read.Bytes(0, 1), blob);
  EXPECT_EQ(read.Bigint(0, 2), -5'000'000'000);
  EXPECT_EQ(read.Int(0, 3), -7);
  EXPECT_EQ(read.Boolean(0, 4), true);
}

TEST_F(CqlClientTest, NullAndEmptyAreTwoThings) {
  const auto key = Key();
  ASSERT_TRUE(Execute(kInsertItem,
                      {CqlValue::Bytes(key), CqlValue::Bytes(""), CqlValue::Null(), CqlValue::Null(), CqlValue::Null()})
                  .ok());
  const auto read = Execute(kSelectItem, {CqlValue::Bytes(key)});
  ASSERT_EQ(read.rows(), 1U);
  EXPECT_FALSE(read.IsNull(0, 1));
  EXPECT_EQ(read.Bytes(0, 1), "");
  EXPECT_TRUE(read.IsNull(0, 2));
  EXPECT_EQ(read.Bigint(0, 2), std::nullopt);
  EXPECT_EQ(read.Int(0, 3), std::nullopt);
  EXPECT_EQ(read.Boolean(0, 4), std::nullopt);
}

TEST_F(CqlClientTest, NoRowIsNoError) {
  const std::string nobody = Key("nobody");
  const auto read = Execute(kSelectItem, {CqlValue::Bytes(nobody)});
  EXPECT_TRUE(read.ok());
  EXPECT_EQ(read.rows(), 0U);
}

TEST_F(CqlClientTest, RowsComeInTheOrderOfTheTable) {
  const auto key = Key();
  const auto insert = Prepare(kInsertLine);
  for (const int line : {2, 0, 1}) {
    const auto text = fmt::format("line {}", line);
    ASSERT_TRUE(Execute(insert, {CqlValue::Bytes(key), CqlValue::Int(line), CqlValue::Bytes(text)}).ok());
  }
  const auto read = Execute(kSelectLines, {CqlValue::Bytes(key)});
  ASSERT_EQ(read.rows(), 3U);
  for (const int line : {0, 1, 2}) {
    EXPECT_EQ(read.Int(line, 0), line);
    EXPECT_EQ(read.Bytes(line, 1), fmt::format("line {}", line));
  }
}

TEST_F(CqlClientTest, ABatchIsOneRequestAndPagesBringEachRowOnce) {
  constexpr int kRows = 10'000;
  constexpr int kRowsABatch = 500;
  const auto key = Key();
  const auto insert = Prepare(kInsertLine);
  const auto requests_before = client_.counts().requests;
  for (int begin = 0; begin < kRows; begin += kRowsABatch) {
    std::vector<CqlBatchItem> items;
    for (int row = begin; row < begin + kRowsABatch; ++row) {
      items.push_back({insert, {CqlValue::Bytes(key), CqlValue::Int(row), CqlValue::Bytes("text")}});
    }
    const auto wrote = Await([&](CqlClient::Callback done) { client_.ExecuteBatch(items, {}, std::move(done)); });
    ASSERT_TRUE(wrote.ok()) << wrote.message();
  }
  EXPECT_EQ(client_.counts().requests - requests_before, kRows / kRowsABatch);
  const auto select = Prepare(kSelectLines);
  CqlOptions options{.page_size = 100};
  int next = 0;
  int pages = 0;
  do {
    const auto page = Execute(select, {CqlValue::Bytes(key)}, options);
    ASSERT_TRUE(page.ok()) << page.message();
    ASSERT_LE(page.rows(), 100U);
    for (std::uint32_t row = 0; row < page.rows(); ++row) ASSERT_EQ(page.Int(row, 0), next++);
    options.paging_state = page.paging_state();
    ++pages;
  } while (!options.paging_state.empty());
  EXPECT_EQ(next, kRows);
  EXPECT_GE(pages, kRows / 100);
  EXPECT_EQ(Execute(select, {CqlValue::Bytes(key)}).rows(), static_cast<std::uint32_t>(kRows)) << "without pages";
}

TEST_F(CqlClientTest, LargeBlobs) {
  const auto insert = Prepare(kInsertItem);
  const auto write = [&](const std::string& key, std::size_t size) {
    const std::string blob = Bytes(size, 'x');
    return Execute(insert,
                   {CqlValue::Bytes(key), CqlValue::Bytes(blob), CqlValue::Null(), CqlValue::Null(), CqlValue::Null()});
  };
  constexpr std::size_t kMiB = std::size_t{1} << 20U;
  const auto fits = write(Key("fits"), 3 * kMiB);
  ASSERT_TRUE(fits.ok()) << fits.message();
  EXPECT_EQ(ValueOf(Key("fits")).size(), 3 * kMiB);
  // Half a segment of the commit log, which these nodes have small ones of.
  const auto too_large = write(Key("too large"), 8 * kMiB);
  EXPECT_EQ(too_large.status(), CqlStatus::kBadRequest);
  EXPECT_THAT(std::string(too_large.message()), AllOf(HasSubstr("oversized mutation"), Not(HasSubstr("keys are"))));
  // What no node takes.
  const auto refused = write(Key("refused"), 16 * kMiB);
  EXPECT_EQ(refused.status(), CqlStatus::kBadRequest) << refused.message();
  EXPECT_THAT(std::string(refused.message()), HasSubstr("16777216"));
  EXPECT_EQ(ValueOf(Key("refused")), "no row");
}

TEST_F(CqlClientTest, TheLaterTimestampWinsWhateverComesFirst) {
  const auto insert = Prepare(kInsertItem);
  const auto key = Key();
  const auto write = [&](const std::string& value, std::int64_t timestamp_us) {
    return Execute(insert,
                   {CqlValue::Bytes(key), CqlValue::Bytes(value), CqlValue::Null(), CqlValue::Null(), CqlValue::Null()},
                   {.consistency = CqlConsistency::kQuorum, .timestamp_us = timestamp_us});
  };
  ASSERT_TRUE(write("second", 2000).ok());
  ASSERT_TRUE(write("first", 1000).ok());
  EXPECT_EQ(ValueOf(key), "second");
  ASSERT_TRUE(write("third", 3000).ok());
  EXPECT_EQ(ValueOf(key), "third");
}

TEST_F(CqlClientTest, ABatchHasATimestampToo) {
  const auto insert = Prepare("insert into kck_cql_test.item (k, v) values (?, ?)");
  const auto key = Key();
  const auto write = [&](const Bytes& value, std::int64_t timestamp_us) {
    const std::vector<CqlBatchItem> items{{insert, {CqlValue::Bytes(key), CqlValue::Bytes(value)}}};
    return Await([&](CqlClient::Callback done) {
      client_.ExecuteBatch(items, {.timestamp_us = timestamp_us}, std::move(done));
    });
  };
  ASSERT_TRUE(write("second", 2000).ok());
  ASSERT_TRUE(write("first", 1000).ok());
  EXPECT_EQ(ValueOf(key), "second");
}

TEST_F(CqlClientTest, ALightweightTransactionSaysWhetherItWasApplied) {
  const auto insert = Prepare("insert into kck_cql_test.item (k, n) values (?, ?) if not exists");
  const auto update = Prepare("update kck_cql_test.item set n = ? where k = ? if n = ?");
  const auto key = Key();
  const CqlOptions serial{.serial_consistency = CqlConsistency::kSerial};
  EXPECT_TRUE(Execute(insert, {CqlValue::Bytes(key), CqlValue::Bigint(1)}, serial).applied());

  const auto again = Execute(insert, {CqlValue::Bytes(key), CqlValue::Bigint(2)}, serial);
  ASSERT_TRUE(again.ok()) << again.message();
  EXPECT_FALSE(again.applied());
  EXPECT_GT(again.columns(), 1U) << "what is there comes along";

  const auto wrong = Execute(update, {CqlValue::Bigint(5), CqlValue::Bytes(key), CqlValue::Bigint(4)}, serial);
  ASSERT_TRUE(wrong.ok()) << wrong.message();
  EXPECT_FALSE(wrong.applied());
  EXPECT_EQ(wrong.Bigint(0, 1), 1);
  EXPECT_TRUE(Execute(update, {CqlValue::Bigint(5), CqlValue::Bytes(key), CqlValue::Bigint(1)}, serial).applied());

  const auto read = Execute("select n from kck_cql_test.item where k = ?", {CqlValue::Bytes(key)},
                            {.consistency = CqlConsistency::kSerial});
  ASSERT_EQ(read.rows(), 1U) << read.message();
  EXPECT_EQ(read.Bigint(0, 0), 5);
}

TEST_F(CqlClientTest, WhatIsWrongIsABadRequestThatSaysWhy) {
  const auto prepared = client_.Prepare("selec k from kck_cql_test.item");
  ASSERT_FALSE(prepared);
  EXPECT_EQ(prepared.error().code, ErrorCode::kStoreError);
  EXPECT_THAT(prepared.error().message, HasSubstr("bad_request"));
  EXPECT_THAT(prepared.error().message, HasSubstr("selec"));

  const auto no_table = client_.Prepare("select k from kck_cql_test.nothing");
  ASSERT_FALSE(no_table);
  EXPECT_THAT(no_table.error().message, HasSubstr("nothing"));

  const auto too_few = Execute(kInsertItem, {CqlValue::Bytes("k")});
  EXPECT_EQ(too_few.status(), CqlStatus::kBadRequest);
  EXPECT_THAT(std::string(too_few.message()), HasSubstr("5 parameters, and 1 values"));

  const auto wrong_type = Execute(kInsertLine, {CqlValue::Bytes("k"), CqlValue::Bigint(1), CqlValue::Null()});
  EXPECT_EQ(wrong_type.status(), CqlStatus::kBadRequest) << wrong_type.message();

  const auto query = client_.Query("create table kck_cql_test.item (k text primary key)");
  ASSERT_FALSE(query);
  EXPECT_THAT(query.error().message, HasSubstr("exist"));
}

TEST_F(CqlClientTest, PreparesAndChangesTheSchemaWithoutBlocking) {
  const auto created = Await([&](CqlClient::Callback done) {
    client_.Query("create table if not exists kck_cql_test.later (k text primary key)", {.timeout_ms = 60000},
                  std::move(done));
  });
  ASSERT_TRUE(created.ok()) << created.message();
  ASSERT_TRUE(client_.AwaitSchemaAgreement());
  CqlStatementPtr statement;
  const auto prepared = Await([&](CqlClient::Callback done) {
    client_.Prepare("select k from kck_cql_test.later where k = ?", [&, done](Result<CqlStatementPtr> made) {
      if (made) statement = *made;
      done(CqlResult(CqlStatus::kOk, made ? "" : made.error().message));
    });
  });
  ASSERT_NE(statement, nullptr) << prepared.message();
  EXPECT_TRUE(Execute(statement, {CqlValue::Bytes("x")}).ok());
}

TEST_F(CqlClientTest, AStatementThatTheNodesForgotIsPreparedAgain) {
  const auto select = Prepare("select k from kck_cql_test.item where k = ?");
  ASSERT_TRUE(client_.Query("alter table kck_cql_test.item add extra text", {.timeout_ms = 60000}));
  EXPECT_TRUE(Execute(select, {CqlValue::Bytes("x")}).ok());
  ASSERT_TRUE(client_.Query("alter table kck_cql_test.item drop extra", {.timeout_ms = 60000}));
  EXPECT_TRUE(Execute(select, {CqlValue::Bytes("x")}).ok());
}

TEST_F(CqlClientTest, CountsByStatus) {
  const auto before = client_.counts();
  ASSERT_TRUE(Execute(kSelectItem, {CqlValue::Bytes("x")}).ok());
  ASSERT_FALSE(Execute(kInsertItem, {CqlValue::Bytes("x")}).ok());
  const auto after = client_.counts();
  const auto grown = [&](CqlStatus status) {
    const auto at = static_cast<std::size_t>(status);
    return after.results[at] - before.results[at];
  };
  EXPECT_EQ(after.requests - before.requests, 4U) << "two prepares, two executes";
  EXPECT_EQ(grown(CqlStatus::kOk), 3U);
  EXPECT_EQ(grown(CqlStatus::kBadRequest), 1U);
}

}  // namespace
}  // namespace kck
