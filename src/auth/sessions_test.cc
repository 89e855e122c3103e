#include "auth/sessions.h"

#include <gtest/gtest.h>

#include "store/open.h"
#include "testing/manual_scheduler.h"

namespace kck {
namespace {

constexpr std::int64_t kNow = 1000000;
constexpr std::int64_t kEnd = kNow + 3600;

Identity SessionNamed(std::string name) {
  Identity identity;
  identity.session = std::move(name);
  identity.token_id = "a token";
  identity.expires_unix_s = kEnd;
  return identity;
}

class SessionsTest : public testing::Test {
 protected:
  void Start(std::int64_t now = kNow) {
    sessions_.emplace(*store_);
    sessions_->Start(now, [](const Result<void>& started) { ASSERT_TRUE(started); });
    scheduler_.RunReady();
  }

  void End(const Identity& identity, std::int64_t until = kEnd, std::int64_t now = kNow) {
    bool done = false;
    sessions_->End(identity, until, now, [&](const Result<void>& ended) { done = ended.has_value(); });
    scheduler_.RunReady();
    EXPECT_TRUE(done);
  }

  bool Turn(const Identity& identity, std::uint64_t turn, std::int64_t now = kNow) {
    bool taken = false;
    sessions_->TakeTurn(identity, turn, kEnd, now, [&](const Result<void>& result) { taken = result.has_value(); });
    scheduler_.RunReady();
    return taken;
  }

  ManualScheduler scheduler_;
  std::unique_ptr<Store> store_ = OpenMemoryStore(scheduler_);
  std::optional<Sessions> sessions_;
};

TEST_F(SessionsTest, EndOfOneIsNotThatOfAnother) {
  Start();
  const std::uint64_t before = sessions_->generation();
  End(SessionNamed("one"));
  EXPECT_TRUE(sessions_->IsEnded(SessionNamed("one")));
  EXPECT_FALSE(sessions_->IsEnded(SessionNamed("two")));
  EXPECT_GT(sessions_->generation(), before);
}

TEST_F(SessionsTest, EndOfATokenWithoutSessionIsItsOwn) {
  Start();
  End(SessionNamed(""));
  EXPECT_TRUE(sessions_->IsEnded(SessionNamed("")));
  EXPECT_FALSE(sessions_->IsEnded(SessionNamed("a token")));
  Identity other = SessionNamed("");
  other.token_id = "another";
  EXPECT_FALSE(sessions_->IsEnded(other));
}

TEST_F(SessionsTest, EndsOutliveARestart) {
  Start();
  End(SessionNamed("one"));
  Start();
  EXPECT_TRUE(sessions_->IsEnded(SessionNamed("one")));
  EXPECT_FALSE(sessions_->IsEnded(SessionNamed("two")));
}

TEST_F(SessionsTest, EndsAreForgottenWhenTheTokensHaveEndedByThemselves) {
  Start();
  End(SessionNamed("one"));
  End(SessionNamed("two"), kEnd + 10, kEnd + 1);
  EXPECT_EQ(sessions_->size(), 1U);
  EXPECT_FALSE(sessions_->IsEnded(SessionNamed("one")));
  Start(kEnd + 1);
  EXPECT_EQ(sessions_->size(), 1U);
  Start(kEnd + 11);
  EXPECT_EQ(sessions_->size(), 0U);
}

TEST_F(SessionsTest, AnEndThatIsProlongedIsNotForgotten) {
  Start();
  End(SessionNamed("one"), kNow + 10);
  End(SessionNamed("one"), kNow + 20);
  End(SessionNamed("two"), kNow + 100, kNow + 15);
  EXPECT_TRUE(sessions_->IsEnded(SessionNamed("one")));
}

TEST_F(SessionsTest, ARefreshTokenIsGoodOnce) {
  Start();
  EXPECT_TRUE(Turn(SessionNamed("one"), 1));
  EXPECT_TRUE(Turn(SessionNamed("one"), 2, kNow + 100));
  EXPECT_FALSE(sessions_->IsEnded(SessionNamed("one")));
  EXPECT_FALSE(Turn(SessionNamed("one"), 1, kNow + 100));
  EXPECT_TRUE(sessions_->IsEnded(SessionNamed("one")));
  EXPECT_FALSE(Turn(SessionNamed("one"), 3, kNow + 100));
}

TEST_F(SessionsTest, AnAnswerThatWasLostIsAskedForAgain) {
  Start();
  EXPECT_TRUE(Turn(SessionNamed("one"), 1));
  EXPECT_TRUE(Turn(SessionNamed("one"), 1, kNow + Sessions::kReuseSeconds));
  EXPECT_FALSE(Turn(SessionNamed("one"), 1, kNow + Sessions::kReuseSeconds + 1));
}

TEST_F(SessionsTest, TurnsOutliveARestart) {
  Start();
  EXPECT_TRUE(Turn(SessionNamed("one"), 1));
  EXPECT_TRUE(Turn(SessionNamed("one"), 2));
  Start();
  EXPECT_FALSE(Turn(SessionNamed("one"), 1));
  Start();
  EXPECT_TRUE(sessions_->IsEnded(SessionNamed("one")));
}

TEST_F(SessionsTest, ARecordThatCannotBeReadIsAnEnd) {
  Start();
  End(SessionNamed("one"));
  std::string name;
  store_->GetRecords("session/", [&](auto records) { name = records->at(0).first; });
  scheduler_.RunReady();
  store_->PutRecord(name, "garbled", [](const Result<void>&) {});
  scheduler_.RunReady();
  Start();
  EXPECT_TRUE(sessions_->IsEnded(SessionNamed("one")));
}

}  // namespace
}  // namespace kck
