#include "model/entry.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "model/fault.h"

namespace kck {
namespace {

Entry At(Version version, std::uint64_t sequence) {
  Entry entry;
  entry.version = version;
  entry.fill_sequence = sequence;
  return entry;
}

TEST(Supersedes, GoesByVersionThenBySequence) {
  EXPECT_TRUE(Supersedes(At({1, 11, 0}, 1), At({1, 10, 9}, 2)));
  EXPECT_FALSE(Supersedes(At({1, 10, 9}, 2), At({1, 11, 0}, 1))) << "however late it comes";
  EXPECT_TRUE(Supersedes(At({2, 1, 0}, 1), At({1, 99, 0}, 2))) << "an epoch outranks any number";
  EXPECT_TRUE(Supersedes(At({1, 10, 1}, 1), At({1, 10, 0}, 2)));
  EXPECT_TRUE(Supersedes(At({1, 10, 0}, 2), At({1, 10, 0}, 1)));
  EXPECT_FALSE(Supersedes(At({1, 10, 0}, 1), At({1, 10, 0}, 2)));
}

TEST(Version, ReadsBackWhatItPrints) {
  const Version version{4294967295U, 18446744073709551615U, 7};
  EXPECT_EQ(ParseVersion(VersionText(version)), version);
  for (const char* text : {"", "1", "1.2", "1.2.", "1.2.3.4", "a.2.3", "1.2.3 ", "-1.2.3", "4294967296.0.0"}) {
    EXPECT_FALSE(ParseVersion(text)) << text;
  }
}

TEST(Content, IsTheAnswersBody) {
  const ContentPtr content = MakeContent("it\"em/1", R"([{"a":1.10}])", {1, 2, 3}, 1700000000007);
  EXPECT_EQ(content->body,
            R"({"success":true,"key":"it\"em/1","version":"1.2.3","value":[{"a":1.10}],"modified":1700000000.007})");
  EXPECT_EQ(content->value(), R"([{"a":1.10}])");
  EXPECT_TRUE(IsJson(content->body));
}

TEST(Fault, SaysWhereWhatAndWhatToDo) {
  EXPECT_EQ(FaultText({{"a.yml", 3, 5}, "unknown field \"exire\"", "did you mean \"expire_seconds\"?", false}),
            "a.yml:3:5: error: unknown field \"exire\" (did you mean \"expire_seconds\"?)");
  EXPECT_EQ(FaultText({{"a.yml", 0, 0}, "empty", "", true}), "a.yml: warning: empty");
}

}  // namespace
}  // namespace kck
