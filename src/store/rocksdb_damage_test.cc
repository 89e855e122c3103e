// Files that were damaged while the store was closed, or under it: it opens, says so, and never gives a wrong value.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <filesystem>
#include <fstream>

#include "store/open.h"
#include "store/rocksdb_open.h"
#include "testing/blocking_store.h"
#include "testing/entries.h"
#include "testing/temp_folder.h"
#include "testing/thread_scheduler.h"

namespace kck {
namespace {

namespace fs = std::filesystem;

constexpr int kKeys = 40;

std::string KeyOf(int number) { return "item/" + std::to_string(number); }

// Two versions of every key, the older one on lower levels.
std::string ValueOf(int number, std::uint64_t version) {
  return std::to_string(version) + std::string(15000, static_cast<char>('0' + number % 10));
}

fs::path OneFile(const std::string& folder, std::string_view begin, std::string_view end) {
  for (const auto& item : fs::directory_iterator(folder)) {
    const std::string name = item.path().filename().string();
    if (name.starts_with(begin) && name.ends_with(end) && item.file_size() > 0) return item.path();
  }
  ADD_FAILURE() << "no file " << begin << "*" << end;
  return {};
}

// Flips a bit in each of the bytes from `from` to `to`, shares of the file.
void Flip(const fs::path& path, double from, double to) {
  const auto size = static_cast<double>(fs::file_size(path));
  std::fstream bytes(path, std::ios::in | std::ios::out | std::ios::binary);
  for (auto at = static_cast<std::streamoff>(size * from); at < static_cast<std::streamoff>(size * to); ++at) {
    bytes.seekg(at);
    const int byte = bytes.get();
    bytes.seekp(at);
    bytes.put(static_cast<char>(byte ^ 0x20));
  }
}

struct Damage {
  const char* name;
  std::function<void(const std::string& folder)> make;
  bool sets_aside;  // already on open
};

const Damage kDamages[] = {
    {"CurrentIsNonsense", [](auto& folder) { std::ofstream(folder + "/CURRENT") << "nonsense"; }, true},
    {"CurrentIsEmpty", [](auto& folder) { std::ofstream(folder + "/CURRENT").flush(); }, true},
    {"CurrentNamesNothing", [](auto& folder) { std::ofstream(folder + "/CURRENT") << "MANIFEST-999999\n"; }, true},
    {"ManifestIsNonsense", [](auto& folder) { Flip(OneFile(folder, "MANIFEST-", ""), 0, 1); }, true},
    {"ManifestIsGone", [](auto& folder) { fs::remove(OneFile(folder, "MANIFEST-", "")); }, true},
    {"DataIsGone", [](auto& folder) { fs::remove(OneFile(folder, "", ".sst")); }, true},
    {"DataIsCutShort", [](auto& folder) { fs::resize_file(OneFile(folder, "", ".sst"), 1000); }, true},
    {"DataIsNonsense", [](auto& folder) { Flip(OneFile(folder, "", ".sst"), 0, 1); }, true},
    {"DataBegins", [](auto& folder) { Flip(OneFile(folder, "", ".sst"), 0, 0.1); }, false},
    {"DataEnds", [](auto& folder) { Flip(OneFile(folder, "", ".sst"), 0.9, 1); }, true},
    {"LogIsNonsense", [](auto& folder) { Flip(OneFile(folder, "", ".log"), 0.3, 0.6); }, false},
};

class RocksDbDamage : public testing::TestWithParam<Damage> {
 protected:
  void TearDown() override { store_->Close(); }

  void Open() {
    store_ = OpenRocksDbStore(folder_.path(), scheduler_, kLimits).value();
    calls_.emplace(*store_);
  }

  // Files of data, and a log with writes that are in none.
  void Fill() {
    for (const std::uint64_t version : {1U, 2U}) {
      Open();
      for (int i = 0; i < kKeys; ++i) ASSERT_TRUE(Put(i, version));
      store_->Close();
      store_ = nullptr;
      if (version == 1) {
        const auto files = OpenRocksDb(folder_.path(), scheduler_, kLimits).value();
        ASSERT_TRUE(files->CompactRange({}, nullptr, nullptr).ok());
      }
    }
  }

  Result<void> Put(int number, std::uint64_t version) {
    return calls_->Put(KeyOf(number), MakeEntry(KeyOf(number), ValueOf(number, version), {1, version, 0}));
  }

  // How many keys have a value, which must then be the newest that was written.
  int Present(std::uint64_t version, bool older_may_be = false) {
    int present = 0;
    for (int i = 0; i < kKeys; ++i) {
      const Result<EntryPtr> entry = calls_->Get(KeyOf(i));
      EXPECT_TRUE(entry.has_value());
      if (!entry || !*entry) continue;
      ++present;
      const bool newest = (*entry)->value() == ValueOf(i, version);
      const bool older = older_may_be && (*entry)->value() == ValueOf(i, version - 1);
      EXPECT_TRUE(newest || older) << KeyOf(i) << ": " << (*entry)->value().substr(0, 3);
    }
    return present;
  }

  static constexpr RocksDbLimits kLimits{.block_cache_bytes = 1U << 20U, .write_buffer_bytes = 64U << 10U};

  TempFolder folder_;
  ThreadScheduler scheduler_;
  std::unique_ptr<Store> store_;
  std::optional<BlockingStore> calls_;
};

INSTANTIATE_TEST_SUITE_P(Damages, RocksDbDamage, testing::ValuesIn(kDamages),
                         [](const auto& damage) { return damage.param.name; });

TEST_P(RocksDbDamage, IsSaidAndTheServiceGoesOn) {
  Fill();
  std::ofstream(folder_.path() + "/notes.txt") << "not RocksDB's";
  GetParam().make(folder_.path());
  Open();
  EXPECT_EQ(store_->health().set_aside, GetParam().sets_aside ? 1U : 0U);
  // A log is read up to its damage: what was written behind it is lost, and the state before it is whole.
  const bool log = std::string_view(GetParam().name) == "LogIsNonsense";
  const int present = Present(2, log);
  EXPECT_TRUE(!GetParam().sets_aside || present == 0) << present;
  EXPECT_TRUE(fs::exists(folder_.path() + "/notes.txt"));

  // Written until compactions have met all that is damaged; a write may fail on the way, and then sets the files aside.
  for (std::uint64_t version = 3; version < 9; ++version) {
    for (int i = 0; i < kKeys; ++i) {
      if (Put(i, version)) continue;
      scheduler_.Advance(std::chrono::seconds(2));
      EXPECT_TRUE(Put(i, version)) << KeyOf(i);
    }
  }
  const bool whole = store_->health().set_aside == (GetParam().sets_aside ? 1U : 0U);
  EXPECT_EQ(Present(8), kKeys) << (whole ? "" : "after the files were set aside");
  EXPECT_TRUE(log || store_->health().set_aside + store_->health().damaged > 0) << "nobody was told";
}

}  // namespace
}  // namespace kck
