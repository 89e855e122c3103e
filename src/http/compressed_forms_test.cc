// The forms of one store, made, found again, and never sent for another content.
#include "http/compressed_forms.h"

#include <gtest/gtest.h>

#include <random>

#include "http/compressor.h"
#include "http/entry_text.h"
#include "store/open.h"
#include "testing/entries.h"
#include "testing/thread_scheduler.h"

namespace kck {
namespace {

constexpr std::size_t kBytesMax = std::size_t{1} << 20U;

std::string Rows(int first) {
  std::string rows = "[";
  for (int i = first; i < first + 500; ++i) rows += std::to_string(i) + ",\"a name that is often the same\",";
  return rows + "0]";
}

std::string Noise() {
  std::mt19937 random(7);
  std::string text = "\"";
  while (text.size() < 5000) text += static_cast<char>('#' + random() % 220);
  return text + "\"";
}

std::string Compressed(const Entry& entry, ContentCoding coding) {
  std::string body;
  AppendBeforeValue(body, entry, false);
  body += entry.value();
  AppendBehindValue(body, entry.content());
  std::string out;
  AppendCompressed(out, coding, body, body.size());
  return out;
}

class CompressedFormsTest : public testing::Test {
 public:
  ~CompressedFormsTest() override {
    if (forms_) forms_->Stop();
    store_->Close();
  }

 protected:
  // As after a restart, where there was one before.
  void Start(std::size_t memory_bytes = kBytesMax) {
    if (forms_) forms_->Stop();
    CompressionSettings settings;
    settings.memory_bytes = memory_bytes;
    retired_.push_back(std::move(forms_));
    forms_ = std::make_unique<CompressedForms>(scheduler_, *store_, settings, false);
  }

  CompressedForms::Form Find(const EntryPtr& entry, ContentCoding coding) {
    CodingList wanted;
    wanted.Add(coding);
    return forms_->Find(entry, wanted, scheduler_.Now());
  }

  // Asks until `done`.
  template <typename Done>
  void AskUntil(const EntryPtr& entry, ContentCoding coding, Done done) {
    const TimePoint end = Clock::now() + std::chrono::seconds(30);
    while (!done(Find(entry, coding))) {
      ASSERT_LT(Clock::now(), end);
      std::this_thread::yield();
    }
  }

  std::string Await(const EntryPtr& entry, ContentCoding coding) {
    std::string bytes;
    AskUntil(entry, coding, [&](const CompressedForms::Form& form) {
      bytes = form.bytes;
      return form.owner != nullptr;
    });
    return bytes;
  }

  std::uint64_t made() const {
    std::uint64_t sum = 0;
    for (const auto& count : forms_->counters().made) sum += count;
    return sum;
  }

  std::vector<std::unique_ptr<CompressedForms>> retired_;  // callbacks may still name them
  std::unique_ptr<CompressedForms> forms_;
  ThreadScheduler scheduler_;  // ends before what its work names
  std::unique_ptr<Store> store_ = OpenMemoryStore(scheduler_);
};

TEST_F(CompressedFormsTest, EachFormIsMadeOnceAContent) {
  Start();
  const EntryPtr entry = MakeEntry("item/1", Rows(0), {1, 7, 0});
  for (const ContentCoding coding : forms_->codings()) {
    EXPECT_EQ(Await(entry, coding), Compressed(*entry, coding)) << CodingName(coding);
    EXPECT_EQ(Await(entry, coding), Compressed(*entry, coding));
  }
  EXPECT_EQ(made(), 3U);
  EntryFacts facts = entry->facts();
  facts.version.number = 9;
  EXPECT_EQ(Await(Entry::MakeRenewal(entry, facts), ContentCoding::kZstd), Compressed(*entry, ContentCoding::kZstd));
  EXPECT_EQ(made(), 3U) << "a renewal keeps the content";
  Await(MakeEntry("item/1", Rows(1), {1, 10, 0}), ContentCoding::kZstd);
  EXPECT_EQ(made(), 4U);
}

TEST_F(CompressedFormsTest, AfterARestartTheStoreHasThem) {
  Start();
  const EntryPtr entry = MakeEntry("item/1", Rows(0), {1, 7, 0});
  const std::string form = Await(entry, ContentCoding::kBrotli);
  Start();
  EXPECT_EQ(Await(entry, ContentCoding::kBrotli), form);
  EXPECT_EQ(made(), 0U);
  EXPECT_EQ(forms_->counters().loaded, 1U);
}

TEST_F(CompressedFormsTest, AStoredFormOfAnotherBodyIsMadeAnew) {
  Start();
  Await(MakeEntry("item/1", Rows(0), {1, 7, 0}), ContentCoding::kGzip);
  Start();
  const EntryPtr same_version = MakeEntry("item/1", Rows(9), {1, 7, 0});
  EXPECT_EQ(Await(same_version, ContentCoding::kGzip), Compressed(*same_version, ContentCoding::kGzip));
  EXPECT_EQ(made(), 1U);
}

TEST_F(CompressedFormsTest, WhatDoesNotPayIsRemembered) {
  const EntryPtr entry = MakeEntry("item/1", Noise(), {1, 7, 0});
  Start();
  AskUntil(entry, ContentCoding::kZstd, [&](const auto&) { return forms_->counters().unpaid == 1U; });
  Start();
  AskUntil(entry, ContentCoding::kZstd, [&](const auto&) { return forms_->counters().loaded == 1U; });
  EXPECT_EQ(forms_->counters().unpaid, 0U);
  EXPECT_EQ(Find(entry, ContentCoding::kZstd).owner, nullptr);
}

TEST_F(CompressedFormsTest, AFormThatIsTooLargeForTheBudgetIsNotKept) {
  Start(1024);
  const EntryPtr entry = MakeEntry("item/1", Rows(0), {1, 7, 0});
  AskUntil(entry, ContentCoding::kBrotli, [&](const auto&) { return made() >= 1U; });
  EXPECT_EQ(Find(entry, ContentCoding::kBrotli).owner, nullptr);
  EXPECT_LE(forms_->memory_bytes(), 1024U);
}

TEST_F(CompressedFormsTest, AStoredFormOutlivesTheLifeThatItsEntryHadThen) {
  Start();
  const auto entry_until = [&](Duration life) {
    return MakeEntry("item/1", Rows(0), {1, 7, 0},
                     [&](EntryFacts& facts) { facts.expires_at = scheduler_.Now() + life; });
  };
  Await(entry_until(std::chrono::minutes(10)), ContentCoding::kBrotli);
  for (int i = 0; i < 5; ++i) {
    scheduler_.Advance(std::chrono::minutes(11));
    Await(entry_until(std::chrono::minutes(10)), ContentCoding::kBrotli);  // a renewal has come
  }
  Start();
  Await(entry_until(std::chrono::minutes(10)), ContentCoding::kBrotli);
  EXPECT_EQ(made(), 0U);
}

// While contents change, every form that is found is of the content that it was asked for.
TEST_F(CompressedFormsTest, FormsAreNeverOfAnotherContent) {
  Start();
  constexpr int kVersions = 60;
  std::vector<EntryPtr> entries;
  std::vector<std::string> expected;
  for (int i = 0; i < kVersions; ++i) {
    entries.push_back(MakeEntry("item/1", Rows(i), {1, static_cast<std::uint64_t>(i + 1), 0}));
    expected.push_back(Compressed(*entries.back(), ContentCoding::kZstd));
  }
  std::atomic<std::size_t> published{0};
  std::atomic<int> found{0};
  const auto read = [&] {
    while (true) {
      const std::size_t at = published;
      const CompressedForms::Form form = Find(entries[at], ContentCoding::kZstd);
      if (!form.owner) continue;
      EXPECT_EQ(form.bytes, expected[at]);
      ++found;
      if (at + 1 == entries.size()) return;
    }
  };
  std::thread one(read);
  std::thread two(read);
  for (std::size_t at = 1; at < entries.size(); ++at) {
    const int before = found;
    published = at;
    if (at % 2 == 0) continue;  // the next follows while this one's form is being made
    while (found == before) std::this_thread::yield();
  }
  one.join();
  two.join();
}

}  // namespace
}  // namespace kck
