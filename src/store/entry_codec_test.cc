#include "store/entry_codec.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <xxhash.h>

#include <limits>

#include "testing/entries.h"

namespace kck {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

const Moment kMoment{TimePoint{} + hours(1000), 1'700'000'000'000};

Version AnyVersion() {
  return {*rc::gen::arbitrary<std::uint32_t>(), *rc::gen::arbitrary<std::uint64_t>(),
          *rc::gen::arbitrary<std::uint32_t>()};
}

TimePoint AnyDeadline() {
  if (*rc::gen::arbitrary<bool>()) return TimePoint::max();
  return kMoment.now + milliseconds(*rc::gen::arbitrary<std::int32_t>());
}

EntryPtr AnyEntry() {
  const EntryPtr entry = MakeEntry(*rc::gen::arbitrary<std::string>(), *rc::gen::arbitrary<std::string>(), AnyVersion(),
                                   [](EntryFacts& e) {
                                     e.kind = static_cast<EntryKind>(*rc::gen::inRange(0, 4));
                                     e.fingerprint = *rc::gen::arbitrary<std::uint64_t>();
                                     e.slot_generation = *rc::gen::arbitrary<std::uint32_t>();
                                     e.version = AnyVersion();
                                     e.fill_sequence = *rc::gen::arbitrary<std::uint64_t>();
                                     if (*rc::gen::arbitrary<bool>()) e.stamp = InternStamp("10:20:12,15");
                                     e.as_of_unix_ms = *rc::gen::arbitrary<std::int32_t>() * std::int64_t{1000};
                                     e.as_of = kMoment.now - milliseconds(*rc::gen::inRange(0, 1'000'000'000));
                                     e.stale_at = AnyDeadline();
                                     e.expires_at = AnyDeadline();
                                     e.cost_us = *rc::gen::arbitrary<std::uint32_t>();
                                   });
  return entry->kind() == EntryKind::kTombstone ? Entry::MakeTombstone(entry->key(), entry->facts()) : entry;
}

RC_GTEST_PROP(EntryCodec, ReadsBackWhatItWrote, ()) {
  const EntryPtr entry = AnyEntry();
  const Result<EntryPtr> decoded = DecodeEntry(entry->key(), EncodeEntry(*entry, kMoment), kMoment);
  RC_ASSERT(decoded.has_value());
  const Entry& read = **decoded;
  RC_ASSERT(read.kind() == entry->kind());
  RC_ASSERT(read.fingerprint() == entry->fingerprint());
  RC_ASSERT(read.slot_generation() == entry->slot_generation());
  RC_ASSERT(read.version() == entry->version());
  RC_ASSERT(read.fill_sequence() == entry->fill_sequence());
  RC_ASSERT(read.stamp() == entry->stamp());
  RC_ASSERT(read.as_of_unix_ms() == entry->as_of_unix_ms());
  RC_ASSERT(read.as_of() == entry->as_of());
  RC_ASSERT(read.stale_at() == entry->stale_at());
  RC_ASSERT(read.expires_at() == entry->expires_at());
  RC_ASSERT(read.cost_us() == entry->cost_us());
  RC_ASSERT(read.key() == entry->key());
  RC_ASSERT(read.has_content() == entry->has_content());
  RC_ASSERT(read.content_version() == entry->content_version());
  RC_ASSERT(read.content().modified_unix_ms == entry->content().modified_unix_ms);
  RC_ASSERT(read.value() == entry->value());
}

Result<EntryPtr> Decode(std::string_view bytes, const Moment& moment) { return DecodeEntry("item/1", bytes, moment); }

EntryPtr Whole() {
  return MakeEntry("item/1", R"([{"a":1}])", {3, 20, 1}, [](EntryFacts& entry) {
    entry.stamp = InternStamp("10:20:12,15");
    entry.as_of = kMoment.now - seconds(5);
    entry.stale_at = kMoment.now + seconds(10);
    entry.expires_at = kMoment.now + seconds(60);
  });
}

TEST(EntryCodec, LivesOnByTheWallClock) {
  // Another process: its monotonic clock began anew, and 20 seconds have passed.
  const Moment later{TimePoint{} + seconds(7), kMoment.unix_ms + 20'000};
  const EntryPtr read = *Decode(EncodeEntry(*Whole(), kMoment), later);
  EXPECT_EQ(read->expires_at() - later.now, seconds(40));
  EXPECT_EQ(read->stale_at() - later.now, seconds(-10));
  EXPECT_EQ(later.now - read->as_of(), seconds(25));
}

TEST(EntryCodec, GainsNoLifeByRounding) {
  const EntryPtr entry = MakeEntry("a", "1", {}, [](EntryFacts& e) {
    e.as_of = kMoment.now - milliseconds(1);
    e.expires_at = kMoment.now + std::chrono::microseconds(1999);
    e.stale_at = kMoment.now - std::chrono::microseconds(1);
  });
  const EntryPtr read = *DecodeEntry(entry->key(), EncodeEntry(*entry, kMoment), kMoment);
  EXPECT_EQ(read->expires_at(), kMoment.now + milliseconds(1));
  EXPECT_LE(read->stale_at(), entry->stale_at());
}

TEST(EntryCodec, SurvivesAClockThatIsSetWrong) {
  const std::string bytes = EncodeEntry(*Whole(), kMoment);
  for (const std::int64_t unix_ms :
       {std::int64_t{0}, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max() - 1}) {
    const Moment wrong{kMoment.now, unix_ms};
    const EntryPtr read = *Decode(bytes, wrong);
    EXPECT_LE(read->as_of(), wrong.now) << "no value comes from the future";
    EXPECT_EQ(read->expires_at() > wrong.now, unix_ms < kMoment.unix_ms);
  }
}

TEST(EntryCodec, TellsTheExpiryWithoutTheRest) {
  const std::string bytes = EncodeEntry(*Whole(), kMoment);
  EXPECT_EQ(EncodedExpiryUnixMs(bytes), kMoment.unix_ms + 60'000);
  EXPECT_EQ(EncodedExpiryUnixMs(EncodeEntry(*MakeTombstone("a", {}), kMoment)),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(EncodedExpiryUnixMs(bytes.substr(0, 9)), std::nullopt);
  EXPECT_EQ(EncodedExpiryUnixMs("\x01" + bytes.substr(1)), std::nullopt) << "another format's bytes may mean anything";
}

TEST(EntryCodec, RefusesWhatWasCutAtAnyLength) {
  const std::string bytes = EncodeEntry(*Whole(), kMoment);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Decode(bytes.substr(0, size), kMoment)) << size;
  }
  EXPECT_FALSE(Decode(bytes + '\0', kMoment));
}

TEST(EntryCodec, RefusesAChangeOfAnyBit) {
  const std::string bytes = EncodeEntry(*Whole(), kMoment);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(Decode(damaged, kMoment)) << bit;
  }
}

TEST(EntryCodec, SaysThatAFormatIsNotKnown) {
  std::string bytes = EncodeEntry(*Whole(), kMoment);
  bytes[0] = 99;
  EXPECT_NE(Decode(bytes, kMoment).error().message.find("format"), std::string::npos);
}

// The checksum keeps damage away from the fields; these say that the fields would stand it alone.
std::string Resealed(std::string bytes) {
  const std::size_t size = bytes.size() - sizeof(std::uint64_t);
  const std::uint64_t checksum = XXH3_64bits(bytes.data(), size);
  for (std::size_t i = 0; i < sizeof(checksum); ++i) bytes[size + i] = static_cast<char>(checksum >> (8 * i));
  return bytes;
}

// What a reader of an entry relies on.
bool IsSound(const Entry& entry, std::size_t bytes) {
  return entry.has_content() == (entry.kind() != EntryKind::kTombstone) && entry.value().size() <= bytes;
}

TEST(EntryCodec, AValidChecksumOverWrongFieldsDoesNoHarm) {
  const std::string bytes = EncodeEntry(*Whole(), kMoment);
  ASSERT_TRUE(Decode(Resealed(bytes), kMoment));
  for (std::size_t place = 0; place < bytes.size() - sizeof(std::uint64_t); ++place) {
    for (const int value : {0, 1, 0x7f, 0x80, 0xff}) {
      std::string damaged = bytes;
      damaged[place] = static_cast<char>(value);
      const Result<EntryPtr> read = Decode(Resealed(damaged), kMoment);
      EXPECT_TRUE(!read || IsSound(**read, bytes.size())) << place;
    }
  }
  for (std::size_t size = sizeof(std::uint64_t) + 1; size < bytes.size(); ++size) {
    EXPECT_FALSE(Decode(Resealed(bytes.substr(0, size)), kMoment)) << size;
  }
}

}  // namespace
}  // namespace kck
