#include "model/stamp.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace kck {
namespace {

TEST(Stamp, SeesWhatHadFinished) {
  const Stamp stamp = *ParseStamp("10:20:12,15");
  EXPECT_TRUE(stamp.Sees(9));
  EXPECT_TRUE(stamp.Sees(10));
  EXPECT_FALSE(stamp.Sees(12)) << "in progress";
  EXPECT_TRUE(stamp.Sees(13));
  EXPECT_FALSE(stamp.Sees(15));
  EXPECT_TRUE(stamp.Sees(19));
  EXPECT_FALSE(stamp.Sees(20)) << "not begun";
}

TEST(Stamp, ItsNumberRisesWhenATransactionBecomesVisible) {
  EXPECT_EQ(ParseStamp("10:20:12,15")->VersionNumber(), 18U);
  EXPECT_EQ(ParseStamp("15:20:15")->VersionNumber(), 19U);
}

TEST(Stamp, RefusesWhatIsNone) {
  for (const char* text :
       {"", "1", "1:2", "2:1:", "1:2:3", "1:5:3,2", "1:5:x", "1:5:2,", "1:5:,2", "1:2:3:4", "-1:2:", "1 :2:"}) {
    EXPECT_FALSE(ParseStamp(text)) << text;
  }
}

TEST(Stamp, IsShared) {
  EXPECT_EQ(InternStamp("10:20:12"), InternStamp("10:20:12"));
  EXPECT_EQ(InternStamp("nonsense"), nullptr);
}

RC_GTEST_PROP(Stamp, ReadsBackWhatItPrints, (std::uint32_t xmin, const std::set<std::uint16_t>& in_progress)) {
  Stamp stamp{xmin, xmin + std::uint64_t{70000}, {}};
  for (const std::uint16_t offset : in_progress) stamp.in_progress.push_back(xmin + offset);
  const std::optional<Stamp> read = ParseStamp(stamp.Text());
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->xmin == stamp.xmin && read->xmax == stamp.xmax && read->in_progress == stamp.in_progress);
}

}  // namespace
}  // namespace kck
