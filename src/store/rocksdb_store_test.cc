// What the RocksDB store adds to the contract: files that outlive the process, and what may be wrong with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>

#include "base/pause_point.h"
#include "store/entry_codec.h"
#include "store/open.h"
#include "store/rocksdb_open.h"
#include "store/store_keys.h"
#include "testing/blocking_store.h"
#include "testing/entries.h"
#include "testing/temp_folder.h"
#include "testing/thread_scheduler.h"

namespace kck {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class RocksDbStoreTest : public testing::Test {
 protected:
  void TearDown() override { Close(); }

  void Open(const RocksDbLimits& limits = {}) {
    store_ = OpenRocksDbStore(folder_.path(), scheduler_, limits).value();
    calls_.emplace(*store_);
  }

  void Close() {
    if (store_) store_->Close();
    store_ = nullptr;
  }

  // Closes the store and opens its files.
  std::unique_ptr<rocksdb::DB> OpenFiles() {
    Close();
    return OpenRocksDb(folder_.path(), scheduler_, {}).value();
  }

  std::string Value(const std::string& key, std::uint64_t fingerprint = 0) {
    const Result<EntryPtr> entry = calls_->Get(key, fingerprint);
    return entry ? std::string(ValueOf(*entry)) : "error " + entry.error().message;
  }

  std::string OpenError(const std::string& path) {
    const auto opened = OpenRocksDbStore(path, scheduler_);
    return opened ? "it opened" : opened.error().message;
  }

  EntryPtr Living(const std::string& value, Duration life) {
    return MakeEntry("key", value, {1, 1, 0}, [&](EntryFacts& entry) { entry.expires_at = scheduler_.Now() + life; });
  }

  TempFolder folder_;
  ThreadScheduler scheduler_;
  std::unique_ptr<Store> store_;
  std::optional<BlockingStore> calls_;
};

TEST_F(RocksDbStoreTest, KeepsAllOverARestart) {
  Open();
  ASSERT_TRUE(calls_->Put("a", MakeEntry("a", "1", {1, 10, 0})));
  ASSERT_TRUE(calls_->Put("b", MakeTombstone("b", {1, 10, 0})));
  ASSERT_TRUE(calls_->Put("c", Living("3", minutes(10))));
  ASSERT_TRUE(calls_->PutRecord("epoch", "7"));
  Close();
  scheduler_.Advance(minutes(4));
  Open();
  EXPECT_EQ(Value("a"), "1");
  EXPECT_EQ(Value("b"), "tombstone");
  EXPECT_EQ(Value("c"), "3");
  const Duration left = (*calls_->Get("c"))->expires_at() - scheduler_.Now();
  EXPECT_LE(left, minutes(6)) << "the time that it was closed counts";
  EXPECT_GT(left, minutes(5));
  EXPECT_THAT(*calls_->GetRecords(""), ElementsAre(Pair("epoch", "7")));
  EXPECT_TRUE(calls_->Put("a", MakeEntry("a", "0", {1, 9, 0})));
  EXPECT_EQ(Value("a"), "1") << "an older entry loses to one kept before the restart";
  Close();
  scheduler_.Advance(minutes(7));
  Open();
  EXPECT_EQ(Value("c"), "none");
}

std::vector<std::string> Names(rocksdb::DB& files) {
  std::vector<std::string> names;
  const std::unique_ptr<rocksdb::Iterator> name(files.NewIterator({}));
  for (name->SeekToFirst(); name->Valid(); name->Next()) names.push_back(name->key().ToString());
  return names;
}

TEST_F(RocksDbStoreTest, CompactionGivesUpWhatIsPastItsLife) {
  Open();
  ASSERT_TRUE(calls_->Put("forever", MakeEntry("forever", "1", {})));
  ASSERT_TRUE(calls_->Put("short", Living("2", minutes(1))));
  ASSERT_TRUE(calls_->Put("long", Living("3", hours(1))));
  ASSERT_TRUE(calls_->PutRecord("mark", std::string(64, '\1')));
  const auto files = OpenFiles();
  ASSERT_TRUE(files->Put({}, EntryName("unknown"), "\x63" + std::string(64, '\1')).ok());
  EXPECT_EQ(Names(*files).size(), 5U);
  scheduler_.Advance(minutes(2));
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  ASSERT_TRUE(files->CompactRange(options, nullptr, nullptr).ok());
  EXPECT_THAT(Names(*files),
              ElementsAre(EntryName("forever"), EntryName("long"), EntryName("unknown"), RecordName("mark")));
}

TEST_F(RocksDbStoreTest, ADamagedEntryCountsAsAbsent) {
  Open();
  ASSERT_TRUE(calls_->Put("a", MakeEntry("a", "1", {1, 10, 0})));
  {
    const auto files = OpenFiles();
    std::string bytes;
    ASSERT_TRUE(files->Get({}, EntryName("a"), &bytes).ok());
    bytes[bytes.size() / 2] ^= 1;
    ASSERT_TRUE(files->Put({}, EntryName("a"), bytes).ok());
    ASSERT_TRUE(files->Put({}, EntryName("b"), "nonsense").ok());
  }
  Open();
  EXPECT_EQ(Value("a"), "none");
  EXPECT_EQ(store_->health().damaged, 1U);
  EXPECT_EQ(Value("b", 2), "none") << "by another definition neither";
  EXPECT_EQ(store_->health().damaged, 2U);
  EXPECT_EQ(calls_->PutIf("a", MakeEntry("a", "2", {1, 11, 0}), {1, 10, 0}).error().code, ErrorCode::kVersionMismatch);
  EXPECT_TRUE(calls_->Put("a", MakeEntry("a", "3", {1, 1, 0})));
  EXPECT_EQ(Value("a"), "3") << "it stands in nobody's way";
  EXPECT_TRUE(calls_->Put("b", MakeEntry("b", "4", {1, 1, 0})));
  EXPECT_THAT(Names(*OpenFiles()), ElementsAre(EntryName("a"), EntryName("b")));
}

TEST_F(RocksDbStoreTest, ADamagedBlockIsNoticedAndCountsAsEmpty) {
  Open();
  const std::string value(2000, '7');
  ASSERT_TRUE(calls_->Put("a", MakeEntry("a", value, {1, 10, 0})));
  ASSERT_TRUE(OpenFiles()->CompactRange({}, nullptr, nullptr).ok());
  int changed = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
    if (file.path().extension() != ".sst") continue;
    std::fstream bytes(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(20);  // in the file's first block, which holds entries
    bytes.put('\x55');
    ++changed;
  }
  ASSERT_EQ(changed, 1);
  Open();
  EXPECT_EQ(Value("a"), "none");
  EXPECT_EQ(store_->health().damaged, 1U);
  EXPECT_TRUE(calls_->Put("a", MakeEntry("a", "2", {1, 1, 0})));
  EXPECT_EQ(Value("a"), "2");
}

TEST_F(RocksDbStoreTest, SaysWhoHoldsTheFolder) {
  Open();
  EXPECT_THAT(OpenError(folder_.path()), HasSubstr(folder_.path() + " is in use by another process: stop that one"));
}

TEST_F(RocksDbStoreTest, SaysWhatIsWrongWithTheFolder) {
  const std::string file = folder_.path() + "/file";
  std::ofstream(file) << "x";
  EXPECT_THAT(OpenError(file + "/store"), HasSubstr(file + "/store cannot be made"));
  EXPECT_THAT(OpenError(file), HasSubstr(file));
}

TEST_F(RocksDbStoreTest, MakesAFolderThatIsTheOwnersAlone) {
  const std::string path = folder_.path() + "/deep/store";
  OpenRocksDbStore(path, scheduler_).value()->Close();
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms::owner_all);
}

// A file-size limit stands for a full disk: the write-ahead log cannot grow.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limited{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limited);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, SIG_DFL);
  }

 private:
  rlimit before_{};
};

TEST_F(RocksDbStoreTest, ADiskThatRefusesIsAnErrorAndReadsGoOn) {
  Open();
  ASSERT_TRUE(calls_->Put("a", MakeEntry("a", "1", {1, 1, 0})));
  const EntryPtr large = MakeEntry("b", std::string(std::size_t{2} << 20U, '1'), {1, 1, 0});
  {
    const FileSizeLimit limit(std::size_t{1} << 20U);
    const Result<void> put = calls_->Put("b", large);
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().code, ErrorCode::kStoreError);
    EXPECT_EQ(put.error().message.find(folder_.path()), std::string::npos) << "a client may see it";
    EXPECT_EQ(Value("a"), "1");
    EXPECT_EQ(Value("b"), "none");
  }
  EXPECT_TRUE(calls_->Put("c", MakeEntry("c", "3", {1, 1, 0}))) << "the disk takes it again";
  Close();
  Open();
  EXPECT_EQ(Value("a"), "1");
  EXPECT_EQ(Value("b"), "none");
  EXPECT_EQ(Value("c"), "3");
}

#ifdef KCK_TEST_HOOKS
// Holds the writer before it looks at what it took, so that what comes meanwhile is taken together.
class HeldWriter : public RocksDbStoreTest {
 protected:
  using Written = std::future<Result<void>>;

  void Hold() {
    ArmPausePoint("store.commit");
    held_ = Put("held", MakeEntry("held", "1", {}));
    AwaitPausePoint("store.commit");
  }

  void LetGo() {
    ReleasePausePoint("store.commit");
    EXPECT_TRUE(held_.get());
  }

  Written Put(const std::string& key, const EntryPtr& entry, std::optional<Version> condition = {}) {
    auto promise = std::make_shared<std::promise<Result<void>>>();
    auto done = [promise](Result<void> result) { promise->set_value(std::move(result)); };
    if (condition) {
      store_->PutIf(key, entry, PutCondition{*condition}, std::move(done));
    } else {
      store_->Put(key, entry, std::move(done));
    }
    return promise->get_future();
  }

  Written held_;
};

TEST_F(HeldWriter, WritesOfOneKeyTogetherAreJudgedInTheirOrder) {
  Open();
  ASSERT_TRUE(calls_->Put("a", MakeEntry("a", "10", {1, 10, 0})));
  Hold();
  Written first = Put("a", MakeEntry("a", "11", {1, 11, 0}), Version{1, 10, 0});
  Written second = Put("a", MakeEntry("a", "12", {1, 12, 0}), Version{1, 10, 0});
  Written newer = Put("b", MakeEntry("b", "30", {1, 30, 0}));
  Written older = Put("b", MakeEntry("b", "20", {1, 20, 0}));
  Written old_definition = Put("c", MakeEntry("c", "1", {}, [](EntryFacts& entry) { entry.fingerprint = 1; }));
  Written new_definition = Put("c", MakeEntry("c", "2", {}, [](EntryFacts& entry) { entry.fingerprint = 2; }));
  LetGo();
  EXPECT_TRUE(first.get());
  EXPECT_EQ(second.get().error().code, ErrorCode::kVersionMismatch);
  for (Written* written : {&newer, &older, &old_definition, &new_definition}) EXPECT_TRUE(written->get());
  EXPECT_EQ(Value("a"), "11");
  EXPECT_EQ(Value("b"), "30");
  EXPECT_EQ((*calls_->Get("c", 2))->fingerprint(), 2U);
  EXPECT_THAT(Names(*OpenFiles()), ElementsAre(EntryName("a"), EntryName("b"), EntryName("c"), EntryName("held")));
}

TEST_F(HeldWriter, WaitingWritesAreBounded) {
  RocksDbLimits limits;
  limits.writes_waiting_max = 2;
  limits.write_bytes_waiting_max = 100'000;
  Open(limits);
  Hold();
  Written large = Put("a", MakeEntry("a", std::string(90'000, '1'), {}));
  EXPECT_EQ(Put("b", MakeEntry("b", std::string(20'000, '1'), {})).get().error().code, ErrorCode::kOverloaded);
  Written small = Put("c", MakeEntry("c", "1", {}));
  EXPECT_EQ(calls_->PutRecord("d", "1").error().code, ErrorCode::kOverloaded);
  LetGo();
  EXPECT_TRUE(large.get());
  EXPECT_TRUE(small.get());
  EXPECT_EQ(Value("b"), "none");
}
#endif

}  // namespace
}  // namespace kck
