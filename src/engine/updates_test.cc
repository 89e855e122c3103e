// Writes through updaters, and readers who wait to see them: the races, made to happen.
#include <fmt/format.h>

#include "testing/engine_fixture.h"

namespace kck {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Updates : public EngineFixture {
 protected:
  // A compute that ends with a value of a source without snapshots.
  void AnswerPlain(std::size_t which, const std::string& value) {
    Primed primed;
    primed.value = value;
    primer_.Answer(which, std::move(primed));
    scheduler_.RunReady();
  }
};

TEST_F(Updates, AnswerBringsWhatTheDatabaseDid) {
  std::optional<Result<Updated>> updated;
  engine_->RunUpdater({engine_->catalog()->FindUpdater("item"), WriteAction::kDelete, {"7"}, {}}, TimePoint::max(),
                      [&](Result<Updated> result) { updated = std::move(result); });
  EXPECT_EQ(writer_->params(0), std::vector<ParamValue>{"7"});
  kck::Written written = WrittenAt(20);
  written.rows = 3;
  written.returning = "[[1]]";
  EXPECT_FALSE(updated) << "not before the commit";
  writer_->Answer(0, written);
  ASSERT_TRUE(updated && *updated);
  EXPECT_EQ((*updated)->rows, 3U);
  EXPECT_EQ((*updated)->returning, "[[1]]");
  EXPECT_TRUE(engine_->OpenTokens((*updated)->token));
}

TEST_F(Updates, AreCountedByResult) {
  Update(WrittenAt(20));
  engine_->RunUpdater({engine_->catalog()->FindUpdater("item"), WriteAction::kDelete, {}, {}}, TimePoint::max(),
                      [](const Result<Updated>& result) { EXPECT_FALSE(result); });
  scheduler_.Advance(seconds(2));
  writer_->Answer(1, kck::Fail(ErrorCode::kBadRequest, "no"));
  const auto counts = engine_->updater_counts();
  EXPECT_EQ(counts.at("item").results.at("done"), 1U);
  EXPECT_EQ(counts.at("item").results.at("KCKBadRequest"), 1U);
  EXPECT_EQ(counts.at("item").time_us, 2000000U);
}

TEST_F(Updates, AHitThatShowsTheWriteIsServedAtOnce) {
  const std::string token = Update(WrittenAt(20));
  Fetch("item/1");
  Answer(0, "[1]", 21);
  EXPECT_EQ(Text(FetchAfter("item/1", token)), "[1]");
  EXPECT_EQ(primer_.begun(), 1U);
}

TEST_F(Updates, AHitThatDoesNotIsComputedAgainForTheReaderWithTheTokenAlone) {
  Fetch("item/1");
  Answer(0, "[1]", 20);
  const std::string token = Update(WrittenAt(20));
  auto writer = FetchAfter("item/1", token);
  EXPECT_EQ(Text(writer), "waits");
  EXPECT_EQ(Text(Fetch("item/1")), "[1]") << "a write marks nothing";
  Answer(1, "[2]", 21);
  EXPECT_EQ(Text(writer), "[2]");
  EXPECT_EQ(Peek("item/1"), "[2]");
}

TEST_F(Updates, AFlightThatBeganBeforeTheWriteIsNotItsReadersResult) {
  Fetch("item/9");
  Answer(0, "[9]", 5);
  auto before = Fetch("item/1");
  const std::string token = Update(WrittenAt(20));
  auto after = FetchAfter("item/1", token);
  EXPECT_EQ(primer_.begun(), 2U) << "it joined, since it may see the write";
  Answer(1, "[1]", 20);
  EXPECT_EQ(Text(before), "[1]");
  EXPECT_EQ(Text(after), "waits");
  EXPECT_EQ(primer_.begun(), 3U) << "the next flight begins at once";
  Answer(2, "[2]", 21);
  EXPECT_EQ(Text(after), "[2]");
}

TEST_F(Updates, AFlightThatSeesTheWriteServesEveryone) {
  Fetch("item/9");
  Answer(0, "[9]", 5);
  auto before = Fetch("item/1");
  auto after = FetchAfter("item/1", Update(WrittenAt(20)));
  Answer(1, "[2]", 21);
  EXPECT_EQ(Text(before), "[2]");
  EXPECT_EQ(Text(after), "[2]");
  EXPECT_EQ(primer_.begun(), 2U);
}

TEST_F(Updates, ACommitThatIsNotVisibleYetIsLookedForUntilItIs) {
  const std::string token = Update(WrittenAt(20));
  auto fetched = FetchAfter("item/1", token, seconds(5));
  for (std::size_t i = 0; i < 6; ++i) {
    Answer(i, "[1]", 20);
    EXPECT_EQ(Text(fetched), "waits");
    scheduler_.Advance(milliseconds(250));
    EXPECT_EQ(primer_.begun(), i + 2) << "with a pause, then again";
  }
  Answer(6, "[2]", 21);
  EXPECT_EQ(Text(fetched), "[2]");
}

TEST_F(Updates, TheWaitForItEndsAtTheDeadline) {
  const std::string token = Update(WrittenAt(20));
  auto fetched = FetchAfter("item/1", token, milliseconds(600));
  for (std::size_t i = 0; Text(fetched) == "waits"; ++i) {
    Answer(i, "[1]", 20);
    scheduler_.Advance(milliseconds(200));
  }
  EXPECT_EQ(Text(fetched), "error KCKSourceTimeout");
  const std::size_t begun = primer_.begun();
  scheduler_.Advance(seconds(10));
  EXPECT_EQ(primer_.begun(), begun) << "and nobody tries on";
}

TEST_F(Updates, AStaleEntryIsNoConsolation) {
  Define([](Product& product) { product.stale_after = seconds(1); });
  Fetch("item/1");
  Answer(0, "[1]", 20);
  const std::string token = Update(WrittenAt(20));
  scheduler_.Advance(seconds(2));
  auto plain = Fetch("item/1");
  auto fetched = FetchAfter("item/1", token);
  EXPECT_EQ(Text(plain), "stale [1]");
  EXPECT_EQ(Text(fetched), "waits");
  Fail(1);
  EXPECT_EQ(Text(fetched), "error KCKSourceError") << "never older data";
  EXPECT_EQ(Peek("item/1"), "stale [1]");
}

TEST_F(Updates, NorUnderOnStaleWait) {
  Define([](Product& product) {
    product.stale_after = seconds(1);
    product.on_stale = OnStale::kWait;
    product.wait_max = milliseconds(100);
  });
  Fetch("item/1");
  Answer(0, "[1]", 20);
  scheduler_.Advance(seconds(2));
  auto plain = Fetch("item/1");
  auto fetched = FetchAfter("item/1", Update(WrittenAt(20)), seconds(1));
  scheduler_.Advance(milliseconds(200));
  EXPECT_EQ(Text(plain), "stale [1]");
  EXPECT_EQ(Text(fetched), "waits");
  scheduler_.Advance(seconds(1));
  EXPECT_EQ(Text(fetched), "error KCKSourceTimeout");
}

TEST_F(Updates, AnOlderEntryOfTheStoreIsComputedAgain) {
  Fetch("item/1");
  Answer(0, "[1]", 20);
  const std::string token = Update(WrittenAt(20));
  Restart();
  auto fetched = FetchAfter("item/1", token);
  EXPECT_EQ(Text(fetched), "waits") << "the token is good after a restart";
  EXPECT_EQ(Text(Fetch("item/1")), "[1]");
  Answer(1, "[2]", 21);
  EXPECT_EQ(Text(fetched), "[2]");
}

TEST_F(Updates, AWriteThatChangedNothingIsShownByAnything) {
  Fetch("item/1");
  Answer(0, "[1]", 20);
  EXPECT_EQ(Text(FetchAfter("item/1", Update(WrittenAt(0)))), "[1]");
}

TEST_F(Updates, SeveralTokensAreAllHeld) {
  const std::string tokens = Update(WrittenAt(20)) + ", " + Update(WrittenAt(30));
  auto fetched = FetchAfter("item/1", tokens);
  Answer(0, "[1]", 25);
  EXPECT_EQ(Text(fetched), "waits");
  Answer(1, "[2]", 31);
  EXPECT_EQ(Text(fetched), "[2]");
}

TEST_F(Updates, ADeletedRowIsAbsentForItsDeleter) {
  Fetch("item/1");
  Answer(0, "[1]", 20);
  auto fetched = FetchAfter("item/1", Update(WrittenAt(20)));
  Primed none = PrimedAt("[]", 21);
  none.empty = true;
  primer_.Answer(1, none);
  scheduler_.RunReady();
  EXPECT_EQ(Text(fetched), "error KCKKeyNotSetException");
}

TEST_F(Updates, TheTokenOfAnotherDatabaseIsIgnored) {
  Fetch("item/1");
  Answer(0, "[1]", 20);
  const std::string token = Update(WrittenAt(20));
  Define([](Product& product) { product.database = "other"; });
  EXPECT_EQ(Text(FetchAfter("item/1", token)), "[1]");
  Set("free/1", "1");
  EXPECT_EQ(Text(FetchAfter("free/1", token)), "1");
}

TEST_F(Updates, TheTokenOfAnotherDatabaseMeetsWhatAFunctionComputes) {
  Define([](Product& product) {
    product.database = "other";
    product.function = std::make_shared<PythonFunction>();
  });
  Fetch("item/1");
  primer_.Answer(0, PrimedAt("[1]", 20));
  scheduler_.RunReady();
  const auto fetched = FetchAfter("item/1", Update(WrittenAt(20)));
  EXPECT_EQ(Text(fetched), "waits");
}

TEST_F(Updates, ATokenOfAnotherHistoryIsLost) {
  const std::string token = Update(WrittenAt(20));
  Fetch("item/1");
  Primed elsewhere = PrimedAt("[1]", 90);
  elsewhere.identity.timeline = 2;
  primer_.Answer(0, elsewhere);
  scheduler_.RunReady();
  EXPECT_EQ(Text(FetchAfter("item/1", token)), "error KCKTokenLost");
}

TEST_F(Updates, ARestoreDuringTheWaitLosesTheToken) {
  Fetch("item/1");
  Answer(0, "[1]", 20);
  auto fetched = FetchAfter("item/1", Update(WrittenAt(25)));
  Answer(1, "[0]", 10);  // fewer transactions than a completed fill had seen
  EXPECT_EQ(Text(fetched), "error KCKTokenLost");
}

TEST_F(Updates, AWriteOnAnotherServerBeginsAnEpoch) {
  Fetch("item/1");
  Answer(0, "[1]", 100);
  kck::Written elsewhere = WrittenAt(20);
  elsewhere.identity.timeline = 2;
  const std::string token = Update(elsewhere);
  EXPECT_EQ(Peek("item/1"), "suspect [1]");
  elsewhere.identity.timeline = 1;
  EXPECT_EQ(Text(FetchAfter("item/1", Update(elsewhere))), "error KCKTokenLost") << "the old server's write is gone";
  auto fetched = FetchAfter("item/1", token);
  Primed after = PrimedAt("[2]", 21);
  after.identity.timeline = 2;
  primer_.Answer(primer_.begun() - 1, after);
  scheduler_.RunReady();
  EXPECT_NE(Text(fetched), "error KCKTokenLost");
}

TEST_F(Updates, WithoutSnapshotsAFillHasToBeginAfterTheWrite) {
  auto before = Fetch("item/1");
  kck::Written written;
  auto fetched = FetchAfter("item/1", Update(written));
  AnswerPlain(0, "[1]");
  EXPECT_EQ(Text(before), "[1]");
  EXPECT_EQ(Text(fetched), "waits");
  AnswerPlain(1, "[2]");
  EXPECT_EQ(Text(fetched), "[2]");
  EXPECT_EQ(primer_.begun(), 2U);
}

TEST_F(Updates, AValueThatWasSetAfterTheWriteStands) {
  Define([](Product& product) { product.settable = true; });
  const std::string token = Update(WrittenAt(20));
  Set("item/1", "\"mine\"");
  EXPECT_EQ(Text(FetchAfter("item/1", token)), "\"mine\"");
  const std::string later = Update(WrittenAt(30));
  auto fetched = FetchAfter("item/1", later);
  Answer(0, "[2]", 31);
  EXPECT_EQ(Text(fetched), "[2]");
}

TEST_F(Updates, ADiscardedFillServesItsReaderWhereItShowsTheWrite) {
  auto fetched = FetchAfter("item/1", Update(WrittenAt(20)));
  Purge("item/1");
  Answer(0, "[2]", 21);
  EXPECT_EQ(Text(fetched), "stale [2]") << "it asked before the purge";
}

TEST_F(Updates, AForgedTokenIsRefused) {
  const std::string token = Update(WrittenAt(20));
  EXPECT_EQ(engine_->OpenTokens(token + "x").error().code, ErrorCode::kBadRequest);
}

// The epochs of two databases say nothing of each other.
TEST_F(Updates, ATokenOfAnotherDatabaseIsNotLostToAFunctionsKey) {
  Fetch("item/9");
  Answer(0, "[9]", 50);
  auto product = std::make_shared<Product>(*engine_->FindProduct("item"));
  product->function = std::make_shared<PythonFunction>();
  auto updater = std::make_shared<Updater>(*engine_->catalog()->FindUpdater("item"));
  updater->database = "other";
  engine_->SetCatalog(
      std::make_shared<Catalog>(std::vector<ProductPtr>{product}, std::vector<UpdaterPtr>{std::move(updater)}));
  scheduler_.Advance(seconds(10));  // the other history begins later, and has another epoch
  const std::string token = Update(WrittenAt(20));
  const auto fetched = FetchAfter("item/1", token);
  AnswerPlain(1, "[1]");
  EXPECT_EQ(Text(fetched), "[1]");
}

}  // namespace
}  // namespace kck
