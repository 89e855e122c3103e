// What processes share: the store in Cassandra, and the one in memory that tests of the engine take for it.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <future>
#include <set>

#include "testing/cassandra_fixture.h"
#include "testing/entries.h"
#include "testing/shared_memory.h"

namespace kck {
namespace {

constexpr std::uint64_t kProduct = 7;

class SharedStoreConformance : public testing::TestWithParam<std::string> {
 protected:
  SharedStoreConformance() : memory_(scheduler_), one_(Open("one")), other_(Open("other")) {}
  ~SharedStoreConformance() override {
    one_->Close();
    other_->Close();
  }

  std::unique_ptr<SharedStore> Open(const std::string& process) {
    if (GetParam() == "Memory") return memory_.Open(process);
    CassandraSettings settings = TestCassandra();
    settings.scope = process;
    auto store = OpenCassandraStore(settings, scheduler_).value();
    AwaitConnected(*store);
    return store;
  }

  template <typename T>
  static T Await(const std::function<void(std::function<void(T)>)>& begin) {
    std::promise<T> ended;
    begin([&ended](T result) { ended.set_value(std::move(result)); });
    return ended.get_future().get();
  }

  Result<SharedEntry> Get(SharedStore& store, const std::string& key) {
    return Await<Result<SharedEntry>>([&](auto done) { store.GetShared(key, kProduct, std::move(done)); });
  }
  void Put(SharedStore& store, const EntryPtr& entry, const KnownMarks& known) {
    const auto put = Await<Result<void>>([&](auto done) {
      store.PutShared(std::string(entry->key()), {entry, known, "main", {}}, std::nullopt, std::move(done));
    });
    ASSERT_TRUE(put) << put.error().message;
  }
  std::optional<std::string> Read(SharedStore& store, const std::string& name) {
    return Await<Result<std::optional<std::string>>>([&](auto done) { store.ReadRegister(name, std::move(done)); })
        .value();
  }
  std::string Swap(SharedStore& store, const std::string& name, const std::optional<std::string>& expected,
                   const std::string& value, int keep_s = 0) {
    return Await<Result<std::string>>(
               [&](auto done) { store.SwapRegister(name, expected, value, keep_s, std::move(done)); })
        .value();
  }
  std::uint64_t Number(SharedStore& store, const std::string& name) {
    return Await<Result<std::uint64_t>>([&](auto done) { store.ReadNumber(name, std::move(done)); }).value();
  }
  void Raise(SharedStore& store, const std::string& name, std::uint64_t number) {
    const auto raised = Await<Result<void>>([&](auto done) { store.RaiseNumber(name, number, std::move(done)); });
    ASSERT_TRUE(raised) << raised.error().message;
  }

  std::uint64_t Mark(SharedStore& store, const std::string& key, std::optional<MarkedTransaction> transaction = {}) {
    return Await<Result<std::uint64_t>>([&](auto done) { store.MarkShared(key, transaction, std::move(done)); })
        .value();
  }
  std::string Marks(const std::string& key) {
    std::vector<std::string> marks;
    const SharedEntry found = Get(*one_, key).value();
    for (const MarkedTransaction& mark : found.marks.transactions) {
      marks.push_back(fmt::format("{} {}.{}", mark.database, mark.epoch, mark.id));
    }
    std::ranges::sort(marks);
    return fmt::format("{}", fmt::join(marks, ", "));
  }

  static EntryPtr Stamped(const std::string& key, std::string_view stamp) {
    const StampPtr seen = InternStamp(stamp);
    return MakeEntry(key, "[1]", {1, seen->VersionNumber(), 0}, [&seen](EntryFacts& facts) {
      facts.fingerprint = kProduct;
      facts.stamp = seen;
    });
  }
  static EntryPtr Made(const std::string& key, std::uint64_t number) {
    return MakeEntry(key, "[1]", {1, number, 0}, [](EntryFacts& facts) { facts.fingerprint = kProduct; });
  }

  ThreadScheduler scheduler_;
  SharedMemory memory_;
  const std::unique_ptr<SharedStore> one_;
  const std::unique_ptr<SharedStore> other_;
  const std::string key_ = TestKey();
};

TEST_P(SharedStoreConformance, AnEntryIsForeignToAllButWhoPutIt) {
  Put(*one_, Made(key_, 10), {5, 0});
  const SharedEntry own = Get(*one_, key_).value();
  EXPECT_FALSE(own.entry->foreign());
  EXPECT_EQ(own.known.product, 5U);
  const SharedEntry taken = Get(*other_, key_).value();
  EXPECT_TRUE(taken.entry->foreign());
  EXPECT_EQ(taken.entry->value(), "[1]");
  EXPECT_EQ(taken.entry->began(), 0U);
  EXPECT_EQ(taken.entry->fill_sequence(), own.entry->fill_sequence());
  EXPECT_EQ(taken.known.product, 5U);
}

TEST_P(SharedStoreConformance, ASecondProcessOfOneNodeIsAnotherWriter) {
  if (GetParam() == "Memory") return;  // it knows processes by name alone
  Put(*one_, Made(key_, 10), {});
  const auto again = Open("one");
  EXPECT_TRUE(Get(*again, key_).value().entry->foreign());
  again->Close();
}

TEST_P(SharedStoreConformance, TheWriterAndTheMarkAreThoseOfTheEntryThatStands) {
  Put(*one_, Made(key_, 10), {5, 0});
  Put(*other_, Made(key_, 11), {6, 0});
  Put(*one_, Made(key_, 9), {7, 0});
  const SharedEntry found = Get(*one_, key_).value();
  EXPECT_TRUE(found.entry->foreign());
  EXPECT_EQ(found.entry->version().number, 11U);
  EXPECT_EQ(found.known.product, 6U);
}

TEST_P(SharedStoreConformance, AMarkIsReadWithItsKeyAndRises) {
  EXPECT_EQ(Get(*other_, key_)->marks.number, 0U);
  const std::uint64_t first = Mark(*one_, key_);
  EXPECT_GT(first, 0U);
  const SharedEntry none = Get(*other_, key_).value();
  EXPECT_FALSE(none.entry);
  EXPECT_EQ(none.marks.number, first);
  Put(*other_, Made(key_, 10), {0, first});
  const std::uint64_t second = Mark(*other_, key_);
  EXPECT_GT(second, first);
  const SharedEntry found = Get(*one_, key_).value();
  EXPECT_EQ(found.known.key, first);
  EXPECT_EQ(found.marks.number, second);
  Put(*one_, Made(key_, 11), {0, second});
  EXPECT_EQ(Get(*other_, key_)->marks.number, second) << "it stands, and the entry says that it knows it";
  EXPECT_EQ(Get(*other_, key_)->known.key, second);
}

TEST_P(SharedStoreConformance, ATransactionsMarkStandsUntilAStampSeesAllBeforeIt) {
  Put(*one_, Made(key_, 10), {});
  Mark(*one_, key_, MarkedTransaction{"main", 1, 12});
  Mark(*other_, key_, MarkedTransaction{"main", 1, 15});
  Mark(*other_, key_, MarkedTransaction{"main", 1, 15});
  Mark(*other_, key_, MarkedTransaction{"second", 1, 3});
  EXPECT_EQ(Marks(key_), "main 1.12, main 1.15, second 1.3");
  Put(*other_, Stamped(key_, "13:17:13"), {});
  EXPECT_EQ(Marks(key_), "main 1.15, second 1.3");
  Put(*one_, Stamped(key_, "14:17:14,16"), {});
  EXPECT_EQ(Marks(key_), "main 1.15, second 1.3") << "it is seen, and not all that is below";
  Put(*one_, Stamped(key_, "20:20:"), {});
  EXPECT_EQ(Marks(key_), "second 1.3");
  Mark(*one_, key_, MarkedTransaction{"main", 1, 22});
  EXPECT_EQ(Marks(key_), "main 1.22, second 1.3");
  const std::optional<MarkedTransaction> end{MarkedTransaction{"main", 1, 16}};
  EXPECT_EQ(Get(*other_, key_)->marks.forgotten, end) << "who does not show all before it may miss one";
}

TEST_P(SharedStoreConformance, WhatIsSetTakesTheTransactionsBeforeItAlong) {
  Put(*one_, Made(key_, 10), {});
  Mark(*one_, key_, MarkedTransaction{"main", 1, 12});
  Mark(*one_, key_, MarkedTransaction{"main", 1, 15});
  const auto set = [](EntryFacts& facts) {
    facts.fingerprint = kProduct;
    facts.kind = EntryKind::kSet;
  };
  Put(*other_, MakeEntry(key_, "[2]", {1, 11, 1}, set), {});
  EXPECT_EQ(Marks(key_), "");
  Mark(*one_, key_, MarkedTransaction{"main", 1, 15});
  EXPECT_EQ(Marks(key_), "main 1.15") << "though one of that name was there before";
}

TEST_P(SharedStoreConformance, AnAbsentKeyIsNone) { EXPECT_FALSE(Get(*one_, key_).value().entry); }

TEST_P(SharedStoreConformance, ARegisterIsChangedByWhoKnowsIt) {
  EXPECT_EQ(Read(*one_, key_), std::nullopt);
  EXPECT_EQ(Swap(*one_, key_, std::nullopt, "a"), "a");
  EXPECT_EQ(Swap(*other_, key_, std::nullopt, "b"), "a") << "what it holds, where that is not what was expected";
  EXPECT_EQ(Read(*other_, key_), "a");
  EXPECT_EQ(Swap(*other_, key_, "a", "b"), "b");
  EXPECT_EQ(Swap(*one_, key_, "a", "c"), "b");
  EXPECT_EQ(Read(*one_, key_), "b");
}

TEST_P(SharedStoreConformance, OfManyWhoClaimARegisterOneHasIt) {
  std::array<std::promise<Result<std::string>>, 8> claims;
  // All from the thread that answers: the store in memory has one.
  scheduler_.Post([this, &claims] {
    for (std::size_t i = 0; i < claims.size(); ++i) {
      SharedStore& store = i % 2 == 0 ? *one_ : *other_;
      store.SwapRegister(key_, std::nullopt, fmt::format("{}", i), 60,
                         [&claim = claims[i]](Result<std::string> held) { claim.set_value(std::move(held)); });
    }
  });
  std::set<std::string> held;
  for (auto& claim : claims) held.insert(claim.get_future().get().value());
  EXPECT_EQ(held.size(), 1U);
  EXPECT_EQ(Read(*one_, key_), *held.begin());
}

TEST_P(SharedStoreConformance, ANumberOnlyRises) {
  EXPECT_EQ(Number(*one_, key_), 0U);
  Raise(*one_, key_, 1795906328671006);
  Raise(*other_, key_, 100);
  EXPECT_EQ(Number(*other_, key_), 1795906328671006U);
  Raise(*other_, key_, 1795906328671007);
  EXPECT_EQ(Number(*one_, key_), 1795906328671007U);
}

INSTANTIATE_TEST_SUITE_P(Stores, SharedStoreConformance, testing::Values("Cassandra", "Memory"),
                         [](const auto& parameter) { return parameter.param; });

}  // namespace
}  // namespace kck
