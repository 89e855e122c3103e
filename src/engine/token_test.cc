// Tokens: sealed, opened, and what is made of those that were changed on the way.
#include "engine/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/base64.h"
#include "store/open.h"
#include "testing/entries.h"
#include "testing/manual_scheduler.h"

namespace kck {
namespace {

using testing::HasSubstr;

// A seal whose key is in the store of one node.
struct SealedNode {
  SealedNode() { Start(seal); }

  void Start(TokenSeal& started) {
    bool done = false;
    started.Start([&](const Result<void>& result) { done = result.has_value(); });
    scheduler.RunReady();
    EXPECT_TRUE(done);
  }

  ManualScheduler scheduler;
  std::unique_ptr<Store> store = OpenMemoryStore(scheduler);
  TokenSeal seal{*store};
};

const WriteToken kToken{"main", 1764018512, 734, 99};

TEST(TokenSeal, OpensWhatItSealed) {
  SealedNode node;
  const std::string text = node.seal.Seal(kToken);
  EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos);
  EXPECT_EQ(node.seal.Open(text), WriteTokens{kToken});
  WriteToken other = kToken;
  other.transaction.reset();
  EXPECT_EQ(node.seal.Open(" " + text + " ,\t" + node.seal.Seal(other)), (WriteTokens{kToken, other}));
}

TEST(TokenSeal, ItsKeyOutlivesARestart) {
  SealedNode node;
  TokenSeal after(*node.store);
  node.Start(after);
  EXPECT_EQ(after.Open(node.seal.Seal(kToken)), WriteTokens{kToken});
}

TEST(TokenSeal, RefusesWhatItDidNotSeal) {
  SealedNode node;
  SealedNode elsewhere;
  const std::string text = node.seal.Seal(kToken);
  for (const std::string& wrong :
       {std::string(), std::string("x"), std::string("%%%"), elsewhere.seal.Seal(kToken), text + ",", "," + text,
        text + "A", "\"" + text + "\"", text + text, std::string(200, 'A')}) {
    const auto opened = node.seal.Open(wrong);
    ASSERT_FALSE(opened) << wrong;
    EXPECT_EQ(opened.error().code, ErrorCode::kBadRequest);
  }
  EXPECT_THAT(node.seal.Open(text + ", x").error().message, HasSubstr("token 2 is not one"));
}

TEST(TokenSeal, TakesABoundedNumber) {
  SealedNode node;
  const std::string text = node.seal.Seal(kToken);
  std::string list = text;
  for (int i = 1; i < 32; ++i) list += "," + text;
  EXPECT_EQ(node.seal.Open(list)->size(), 32U);
  EXPECT_THAT(node.seal.Open(list + "," + text).error().message, HasSubstr("32 tokens at most"));
}

TEST(TokenSeal, ATokenThatIsCutOrChangedAnywhereIsRefused) {
  SealedNode node;
  const std::string text = node.seal.Seal(kToken);
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_FALSE(node.seal.Open(text.substr(0, i)));
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(node.seal.Open(changed)) << i;
  }
}

RC_GTEST_PROP(TokenSealProperty, BringsBackEveryField,
              (const std::string& database, std::uint32_t epoch, std::uint64_t transaction, std::uint64_t sequence,
               bool has_transaction)) {
  static SealedNode node;
  WriteToken token{database, epoch, std::nullopt, sequence};
  if (has_transaction) token.transaction = transaction;
  RC_ASSERT(node.seal.Open(node.seal.Seal(token)) == WriteTokens{token});
}

// What an entry shows that was filled at `sequence`, by a snapshot where `stamp` is one, in that epoch.
bool ShowsToken(std::uint64_t sequence, const char* stamp, std::uint32_t epoch) {
  const EntryPtr entry = MakeEntry("item/1", "1", {epoch, 1, 0}, [&](EntryFacts& facts) {
    facts.fill_sequence = sequence;
    facts.stamp = InternStamp(stamp);
  });
  return Shows(*entry, kToken);
}

TEST(Shows, FollowsStampsAndWhereThereAreNoneTheSequence) {
  EXPECT_FALSE(ShowsToken(99, "", kToken.epoch)) << "no stamp, and it began before";
  EXPECT_TRUE(ShowsToken(100, "", kToken.epoch));
  EXPECT_FALSE(ShowsToken(100, "730:740:734", kToken.epoch)) << "the transaction was in progress";
  EXPECT_TRUE(ShowsToken(99, "730:740:735", kToken.epoch));
  EXPECT_FALSE(ShowsToken(100, "730:740:735", kToken.epoch + 1)) << "a stamp of another history says nothing";
}

}  // namespace
}  // namespace kck
