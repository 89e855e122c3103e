// What the store in Cassandra does beyond what every store keeps to, on a node that is up.
#include "store/cassandra_store.h"

#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "testing/cassandra_fixture.h"
#include "testing/cassandra_server.h"
#include "testing/entries.h"

namespace kck {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kProduct = 7;

EditFacts By(std::uint64_t fingerprint, const EditFacts& more = {}) {
  return [fingerprint, more](EntryFacts& facts) {
    facts.fingerprint = fingerprint;
    if (more) more(facts);
  };
}

std::string Hex(std::string_view bytes) {
  std::string text = "0x";
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

class CassandraStoreRunning : public CassandraStoreTest {
 protected:
  ~CassandraStoreRunning() override { store_->Close(); }

  void Put(const EntryPtr& entry) {
    const Result<void> put = calls_.Put(std::string(entry->key()), entry);
    ASSERT_TRUE(put) << put.error().message;
  }

  std::string Value(const std::string& key, std::uint64_t fingerprint = kProduct) {
    const Result<EntryPtr> entry = calls_.Get(key, fingerprint);
    return entry ? std::string(ValueOf(*entry)) : "error " + entry.error().message;
  }

  EditFacts Until(Duration life, std::uint64_t sequence = 1) {
    return By(kProduct, [expires = scheduler_.Now() + life, sequence](EntryFacts& facts) {
      facts.expires_at = expires;
      facts.fill_sequence = sequence;
    });
  }

  std::vector<std::string> Rows(const std::string& columns, const std::string& table, const std::string& key) {
    return Cql("SELECT " + columns + " FROM {}." + table + " WHERE key = '" + key + "' ALLOW FILTERING");
  }

  std::unique_ptr<CassandraStore> store_ = OpenTestStore(scheduler_);
  BlockingStore calls_{*store_};
};

TEST_F(CassandraStoreRunning, CassandraForgetsWhatIsPastItsLife) {
  for (const std::uint64_t fingerprint : {std::uint64_t{0}, kProduct}) {
    const std::string table = fingerprint == 0 ? "settable" : "entry";
    const std::string lasting = TestKey("lasting");
    const std::string brief = TestKey("brief");
    Put(MakeEntry(lasting, "1", {1, 1, 0}, By(fingerprint)));
    Put(MakeEntry(brief, "1", {1, 1, 0},
                  By(fingerprint, [this](EntryFacts& facts) { facts.expires_at = scheduler_.Now() + seconds(2); })));
    EXPECT_TRUE(BecomesTrue([&] { return Rows("key", table, brief).empty(); }));
    EXPECT_EQ(Rows("key", table, lasting).size(), 1U);
    EXPECT_THAT(Rows("ttl(cell)", table, lasting), ElementsAre("")) << "it has no end";
  }
}

TEST_F(CassandraStoreRunning, ALifeThatCassandraCannotCountIsKeptAllTheSame) {
  const std::string key = TestKey();
  Put(MakeEntry(key, "1", {1, 1, 0}, Until(hours(24 * 366 * 30))));
  EXPECT_EQ(Value(key), "1");
  EXPECT_THAT(Rows("ttl(cell)", "entry", key), ElementsAre(""));
}

// What Cassandra has of an entry that it deleted, or that expired, hides nothing that is put later: not in memory, not
// in files, not after compaction.
TEST_F(CassandraStoreRunning, WhatIsPutAfterAPurgeIsSeenWithTheSameVersionToo) {
  const std::string key = TestKey();
  const auto purge = [&](std::uint64_t sequence) {
    Put(MakeTombstone(key, {1, 10, 0}, Until(seconds(1), sequence)));
    EXPECT_TRUE(BecomesTrue([&] { return Value(key) == "none"; }));
  };
  const auto refill = [&](std::uint64_t sequence) {
    const std::string value = std::to_string(sequence);
    Put(MakeEntry(key, value, {1, 10, 0}, Until(hours(1), sequence)));
    EXPECT_EQ(Value(key), value);
  };
  refill(1);
  purge(2);
  refill(3);
  purge(4);
  SharedCassandraServer().Stop(1);  // in order: what was in memory is in files then
  SharedCassandraServer().Start(1);
  AwaitConnected(*store_);
  refill(5);
  EXPECT_EQ(Rows("version", "entry", key).size(), 1U) << "each write took along what it superseded";
}

TEST_F(CassandraStoreRunning, WhatIsPastItsLifeStandsInNobodysWay) {
  const std::string key = TestKey();
  Put(MakeEntry(key, "20", {1, 20, 0}, Until(seconds(1))));
  EXPECT_TRUE(BecomesTrue([&] { return Value(key) == "none"; }));
  Put(MakeEntry(key, "10", {1, 10, 0}, Until(hours(1))));
  EXPECT_EQ(Value(key), "10");
}

TEST_F(CassandraStoreRunning, AnOperatorsDeleteDeletesAndHidesNothingLater) {
  const std::string key = TestKey();
  const EntryPtr entry = MakeEntry(key, "1", {1, 10, 0}, By(kProduct));
  Put(entry);
  Cql("DELETE FROM {}.entry WHERE key = '" + key + "'");
  EXPECT_EQ(Value(key), "none");
  Put(entry);
  EXPECT_EQ(Value(key), "1");
}

TEST_F(CassandraStoreRunning, TwoDefinitionsLiveSideBySideForADay) {
  const std::string key = TestKey();
  Put(MakeEntry(key, "old", {1, 50, 0}, By(1)));
  Put(MakeEntry(key, "new", {1, 10, 0}, By(2)));
  Put(MakeEntry(key, "old again", {1, 51, 0}, By(1)));
  EXPECT_EQ(Value(key, 1), "old again");
  EXPECT_EQ(Value(key, 2), "new");
  EXPECT_EQ(Value(key, 3), "old again") << "of the others, the one written last";
  scheduler_.Advance(hours(25));
  Put(MakeEntry(key, "newer", {1, 11, 0}, By(2)));
  EXPECT_EQ(Value(key, 1), "newer");
}

class Large : public CassandraStoreRunning, public testing::WithParamInterface<std::uint64_t> {
 protected:
  EntryPtr Of(std::uint64_t number) const { return MakeEntry(key_, ValueOf(number), {1, number, 0}, By(GetParam())); }

  static std::string ValueOf(std::uint64_t number) {
    std::string value = "[";
    while (value.size() < 3 * CassandraLimits{}.value_bytes_whole) value += std::to_string(number * value.size()) + ",";
    return value + "0]";
  }

  std::size_t Parts() { return Rows("part", "chunk", key_).size(); }

  const std::string key_ = TestKey();
};

INSTANTIATE_TEST_SUITE_P(Definitions, Large, testing::Values(0, kProduct));

TEST_P(Large, ValuesLieInPartsThatGoWithTheirEntry) {
  Put(Of(1));
  EXPECT_EQ(Value(key_, GetParam()), ValueOf(1));
  EXPECT_EQ(Parts(), 4U);
  EXPECT_TRUE(calls_.PutIf(key_, Of(2), {1, 1, 0}));
  EXPECT_EQ(Value(key_, GetParam()), ValueOf(2));
  EXPECT_TRUE(BecomesTrue([this] { return Parts() == 4; }));
  Put(MakeEntry(key_, "small", {1, 3, 0}, By(GetParam())));
  EXPECT_EQ(Value(key_, GetParam()), "small");
  EXPECT_TRUE(BecomesTrue([this] { return Parts() == 0; }));
}

TEST_P(Large, AMissingPartMakesItNone) {
  Put(Of(1));
  Cql("TRUNCATE {}.chunk");
  EXPECT_EQ(Value(key_, GetParam()), "none");
  EXPECT_EQ(store_->health().damaged, 0U);
  Put(Of(2));
  EXPECT_EQ(Value(key_, GetParam()), ValueOf(2));
}

TEST_P(Large, APartThatDiffersIsDamage) {
  Put(Of(1));
  for (int part = 0; part < 4; ++part) {
    Cql(fmt::format("UPDATE {{}}.chunk SET data = 0x00 WHERE key = '{}' AND fingerprint = {} AND id = {} AND part = {}",
                    key_, GetParam(), Hex(Rows("id", "chunk", key_).front()), part));
  }
  EXPECT_EQ(Value(key_, GetParam()), "none");
  EXPECT_GE(store_->health().damaged, 1U);
}

TEST_F(CassandraStoreRunning, ADamagedEntryCountsAsNone) {
  const std::string key = TestKey();
  const EntryPtr entry = MakeEntry(key, "1", {1, 10, 0}, By(kProduct));
  Put(entry);
  Cql(fmt::format("UPDATE {{}}.entry SET cell = 0x0304 WHERE key = '{}' AND fingerprint = 7 AND version = {}", key,
                  Hex(Rows("version", "entry", key).front())));
  EXPECT_EQ(Value(key), "none");
  EXPECT_EQ(store_->health().damaged, 1U);
  Put(MakeEntry(key, "2", {1, 11, 0}, By(kProduct)));
  EXPECT_EQ(Value(key), "2");
}

TEST_F(CassandraStoreRunning, AnEmptyKeyIsRefused) {
  EXPECT_EQ(Value(""), "none");
  EXPECT_THAT(calls_.Put("", MakeEntry("", "1", {1, 1, 0})).error().message, HasSubstr("without letters"));
}

// As two nodes: the same tables, and nothing else in common.
class CassandraStoreTwo : public CassandraStoreRunning {
 protected:
  ~CassandraStoreTwo() override { other_->Close(); }

  std::unique_ptr<CassandraStore> other_ = OpenTestStore(scheduler_);
  BlockingStore other_calls_{*other_};
};

TEST_F(CassandraStoreTwo, AnOldEntryThatComesLateLoses) {
  const std::string key = TestKey();
  EXPECT_TRUE(other_calls_.Put(key, MakeEntry(key, "20", {1, 20, 0}, By(kProduct))));
  Put(MakeEntry(key, "10", {1, 10, 0}, By(kProduct)));
  EXPECT_EQ(Value(key), "20");
  EXPECT_EQ(Rows("version", "entry", key).size(), 1U) << "it was dropped";
}

// A row as a node writes it that read before the newer entry was there, and writes after it.
TEST_F(CassandraStoreTwo, AnOldEntryWhoseWriteOvertakesNothingNeverComesForward) {
  const std::string key = TestKey();
  Put(MakeEntry(key, "10", {1, 10, 0}, By(kProduct)));
  const std::string version = Hex(Rows("version", "entry", key).front());
  const std::string bytes = Hex(Rows("cell", "entry", key).front());
  const std::int64_t late_us = (scheduler_.UnixMillis() + 500) * 1000;
  EXPECT_TRUE(other_calls_.Put(key, MakeEntry(key, "20", {1, 20, 0}, Until(seconds(5)))));
  Cql(
      fmt::format("INSERT INTO {{}}.entry (key, fingerprint, version, cell) VALUES ('{}', 7, {}, {}) "
                  "USING TIMESTAMP {}",
                  key, version, bytes, late_us));
  EXPECT_THAT(Value(key), testing::AnyOf("20", "none"));
  EXPECT_TRUE(BecomesTrue([&] { return Rows("version", "entry", key).empty(); }));
  EXPECT_EQ(Value(key), "none") << "not the one that the newer had replaced";
}

TEST_F(CassandraStoreTwo, TheNewestOfManyWritersStays) {
  constexpr std::uint64_t kWrites = 100;
  const std::string key = TestKey();
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      threads.emplace_back([&, seed] {
        BlockingStore& calls = seed % 2 == 0 ? calls_ : other_calls_;
        for (std::uint64_t i = 0; i < kWrites; ++i) {
          const std::uint64_t number = (i * 37 % kWrites) * 4 + seed;
          EXPECT_TRUE(calls.Put(key, MakeEntry(key, std::to_string(number), {1, number, 0}, By(kProduct))));
          const EntryPtr read = *calls.Get(key, kProduct);
          EXPECT_TRUE(read && read->version().number >= number);
        }
      });
    }
  }
  EXPECT_EQ(Value(key), std::to_string(4 * kWrites - 1));
}

TEST_F(CassandraStoreTwo, OfCompareAndSetsAgainstOneVersionExactlyOneWins) {
  constexpr int kThreads = 8;
  const std::string key = TestKey();
  Version kept{0, 1, 0};
  Put(MakeEntry(key, "0", kept));
  for (std::uint64_t round = 2; round < 14; ++round) {
    std::atomic<int> winner{-1};
    std::atomic<int> won{0};
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&, i] {
          BlockingStore& calls = i % 2 == 0 ? calls_ : other_calls_;
          const Version version{0, round, static_cast<std::uint32_t>(i)};
          const Result<void> put = calls.PutIf(key, MakeEntry(key, std::to_string(i), version), kept);
          if (!put) EXPECT_EQ(put.error().code, ErrorCode::kVersionMismatch) << put.error().message;
          if (!put) return;
          ++won;
          winner = i;
        });
      }
    }
    EXPECT_EQ(won, 1);
    EXPECT_EQ(Value(key, 0), std::to_string(winner));
    kept = {0, round, static_cast<std::uint32_t>(winner)};
  }
}

}  // namespace
}  // namespace kck
