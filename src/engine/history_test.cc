// A database's history where processes share the store: how its first epoch comes to be.
#include "engine/history.h"

#include <gtest/gtest.h>

#include "testing/manual_scheduler.h"
#include "testing/shared_memory.h"

namespace kck {
namespace {

constexpr std::uint32_t kFirstEpoch = 100;

class SharedHistory : public testing::Test {
 protected:
  std::shared_ptr<DatabaseHistory> HistoryIn(SharedStore& store, std::uint32_t first_epoch) {
    return std::make_shared<DatabaseHistory>("main", store, first_epoch);
  }

  // What the register holds; nothing where nobody has written it.
  std::optional<std::string> Held() {
    std::optional<std::string> held;
    store_->ReadRegister("epoch/main", [&held](const Result<std::optional<std::string>>& found) { held = *found; });
    scheduler_.RunReady();
    return held;
  }

  ManualScheduler scheduler_;
  SharedMemory shared_{scheduler_};
  const std::unique_ptr<SharedStore> store_ = shared_.Open("one");
  const std::shared_ptr<DatabaseHistory> history_ = HistoryIn(*store_, kFirstEpoch);
};

TEST_F(SharedHistory, WhoHasMetNoServerBeginsNoEpoch) {
  int told = 0;
  history_->Learn(std::nullopt, [&told] { ++told; });
  scheduler_.RunReady();
  EXPECT_EQ(told, 1);
  EXPECT_FALSE(history_->known());
  EXPECT_EQ(Held(), std::nullopt);
}

// The question of one who has met no server is under way as another comes who has: its answer, that nothing is known,
// is for both.
TEST_F(SharedHistory, AServerThatIsMetWhileTheRegisterIsAskedBeginsTheFirstEpoch) {
  std::vector<bool> known;
  const auto note = [this, &known] { known.push_back(history_->known()); };
  history_->Learn(std::nullopt, note);
  history_->Learn(DatabaseIdentity{7, 1}, note);
  history_->Learn(std::nullopt, note);
  scheduler_.RunReady();
  EXPECT_EQ(known, (std::vector{true, true, true}));
  EXPECT_EQ(history_->epoch(), kFirstEpoch);
  EXPECT_EQ(Held(), "100 7 1");
}

TEST_F(SharedHistory, OfTwoThatMeetANewDatabaseAtOnceOneBeginsItsEpochForBoth) {
  const std::unique_ptr<SharedStore> store = shared_.Open("other");
  const auto other = HistoryIn(*store, kFirstEpoch + 1);
  history_->Learn(DatabaseIdentity{7, 1}, [] {});
  other->Learn(DatabaseIdentity{7, 1}, [] {});
  scheduler_.RunReady();
  EXPECT_TRUE(other->known());
  EXPECT_EQ(other->epoch(), history_->epoch());
}

}  // namespace
}  // namespace kck
