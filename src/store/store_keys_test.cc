#include "store/store_keys.h"

#include <gtest/gtest.h>

namespace kck {
namespace {

TEST(StoreKeys, TellTheirParts) {
  const std::string name = EntryName("item/1", 0x0102030405060708);
  EXPECT_EQ(name, std::string("eitem/1\0\1\2\3\4\5\6\7\10", 16));
  EXPECT_EQ(PrefixOfName(name), EntryPrefix("item/1"));
  EXPECT_EQ(FingerprintOfName(name), 0x0102030405060708U);
  EXPECT_EQ(PrefixOfName(EntryName("a", 0)), EntryPrefix("a")) << "zeros in the fingerprint end no key";
}

TEST(StoreKeys, KeepKeysThatBeginAlikeApart) {
  EXPECT_FALSE(EntryName("item/12", 1).starts_with(EntryPrefix("item/1")));
  EXPECT_FALSE(EntryName("item/1/2", 1).starts_with(EntryPrefix("item/1")));
}

TEST(StoreKeys, ARecordHasNoPrefixOfAKey) {
  EXPECT_EQ(PrefixOfName(RecordName("epoch/main")), "");
  EXPECT_EQ(PrefixOfName(""), "");
  EXPECT_EQ(PrefixOfName("e"), "") << "the name of no entry";
}

}  // namespace
}  // namespace kck
