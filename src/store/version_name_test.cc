#include "store/version_name.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "testing/entries.h"

namespace kck {
namespace {

EntryPtr EntryOf(const Version& version, std::uint64_t sequence) {
  return MakeEntry("a", "1", version, [sequence](EntryFacts& facts) { facts.fill_sequence = sequence; });
}

// Few different small numbers, so that fields are often equal, and any number now and then.
template <typename Number>
rc::Gen<Number> Numbers() {
  return rc::gen::oneOf(rc::gen::inRange<Number>(0, 3), rc::gen::arbitrary<Number>(),
                        rc::gen::just(std::numeric_limits<Number>::max()));
}

EntryPtr AnyEntry() {
  const Version version{*Numbers<std::uint32_t>(), *Numbers<std::uint64_t>(), *Numbers<std::uint32_t>()};
  return EntryOf(version, *Numbers<std::uint64_t>());
}

RC_GTEST_PROP(VersionName, ComparesAsTheEntriesDo, ()) {
  const EntryPtr one = AnyEntry();
  const EntryPtr other = AnyEntry();
  RC_ASSERT((VersionName(*one) >= VersionName(*other)) == Supersedes(*one, *other));
  RC_ASSERT(VersionName(*one).size() == kVersionNameBytes);
}

TEST(VersionName, IsReadableInHexadecimal) {
  EXPECT_EQ(VersionName({1, 0x0203, 4}, 5), std::string("\0\0\0\1"
                                                        "\0\0\0\0\0\0\2\3"
                                                        "\0\0\0\4"
                                                        "\0\0\0\0\0\0\0\5",
                                                        kVersionNameBytes));
}

}  // namespace
}  // namespace kck
