// SIGKILL at any moment: no entry is torn, none acknowledged is lost, none goes back.
//
// This program, started as `kck_store_test --writer FOLDER FIRST`, is the process that is killed: it writes versions of
// a few keys, and reports each that the store has acknowledged.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <random>

#include "store/open.h"
#include "testing/blocking_store.h"
#include "testing/entries.h"
#include "testing/temp_folder.h"
#include "testing/thread_scheduler.h"

namespace kck {
namespace {

constexpr std::uint64_t kKeys = 8;
constexpr int kReportFd = 3;
constexpr const char* kRecord = "written";

std::string KeyOf(std::uint64_t number) { return "key/" + std::to_string(number % kKeys); }

// JSON that tells its version, of a size that varies, up to several pages.
std::string ValueAt(std::uint64_t number) {
  std::string value = "[" + std::to_string(number);
  for (std::uint64_t i = 0; i < number * 7919 % 3000; ++i) value += "," + std::to_string(number + i);
  return value + "]";
}

// Bounds the writes that are under way.
class InFlight {
 public:
  void Enter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return count_ < kCountMax; });
    ++count_;
  }

  void Leave() {
    const std::lock_guard lock(mutex_);
    --count_;
    changed_.notify_one();
  }

 private:
  static constexpr int kCountMax = 32;
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

[[noreturn]] void WriteUntilKilled(const std::string& folder, std::uint64_t first) {
  ThreadScheduler scheduler;
  const std::unique_ptr<Store> store = OpenRocksDbStore(folder, scheduler).value();
  InFlight in_flight;
  for (std::uint64_t number = first;; ++number) {
    in_flight.Enter();
    store->PutRecord(kRecord, std::to_string(number), [](const Result<void>& result) {
      if (!result) std::abort();
    });
    store->Put(KeyOf(number), MakeEntry(KeyOf(number), ValueAt(number), {1, number, 0}),
               [&, number](const auto& result) {
                 // A pipe takes eight bytes whole. A failure must not look like an acknowledgement.
                 if (!result || write(kReportFd, &number, sizeof(number)) != sizeof(number)) std::abort();
                 in_flight.Leave();
               });
  }
}

class Writer {
 public:
  Writer(const std::string& folder, std::uint64_t first) {
    std::array<int, 2> pipe_fds;
    if (pipe2(pipe_fds.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], kReportFd);
    std::string program = "/proc/self/exe";
    std::string mode = "--writer";
    std::string folder_argument = folder;
    std::string first_argument = std::to_string(first);
    std::array<char*, 5> arguments{program.data(), mode.data(), folder_argument.data(), first_argument.data(), nullptr};
    if (posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments.data(), environ) != 0) {
      throw std::runtime_error("the writer does not start");
    }
    posix_spawn_file_actions_destroy(&actions);
    close(pipe_fds[1]);
    reports_ = pipe_fds[0];
  }

  ~Writer() { close(reports_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // The next acknowledged number; nothing once the writer is dead and all is read.
  std::optional<std::uint64_t> NextReport() const {
    std::uint64_t number = 0;
    if (read(reports_, &number, sizeof(number)) != sizeof(number)) return std::nullopt;
    return number;
  }

  // True where the signal is what ended it.
  bool Kill() const {
    kill(pid_, SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  }

 private:
  pid_t pid_ = 0;
  int reports_ = -1;
};

// What has been acknowledged so far: the newest number of each key.
using Acknowledged = std::array<std::uint64_t, kKeys>;

void Note(Acknowledged& acknowledged, std::uint64_t number) {
  std::uint64_t& newest = acknowledged[number % kKeys];
  newest = std::max(newest, number);
}

// Lets a writer write until `reports` have come, and kills it.
void WriteAndKill(const std::string& folder, std::uint64_t first, std::uint64_t reports, Acknowledged& acknowledged) {
  const Writer writer(folder, first);
  for (std::uint64_t i = 0; i < reports; ++i) {
    const auto number = writer.NextReport();
    ASSERT_TRUE(number) << "the writer ended by itself";
    Note(acknowledged, *number);
  }
  ASSERT_TRUE(writer.Kill());
  while (const auto number = writer.NextReport()) Note(acknowledged, *number);
}

// Holds what is on disk against what was acknowledged; returns the newest number that was written.
std::uint64_t Check(const std::string& folder, const Acknowledged& acknowledged) {
  ThreadScheduler scheduler;
  const std::unique_ptr<Store> store = OpenRocksDbStore(folder, scheduler).value();
  BlockingStore calls(*store);
  std::uint64_t newest = 0;
  for (std::uint64_t key = 0; key < kKeys; ++key) {
    const EntryPtr entry = *calls.Get(KeyOf(key));
    const std::uint64_t number = entry ? entry->version().number : 0;
    EXPECT_GE(number, acknowledged[key]) << KeyOf(key) << " went back";
    if (entry) {
      EXPECT_EQ(number % kKeys, key);
      EXPECT_TRUE(entry->value() == ValueAt(number)) << KeyOf(key) << " is torn";
    }
    newest = std::max(newest, number);
  }
  const auto records = *calls.GetRecords(kRecord);
  const std::uint64_t recorded = records.empty() ? 0 : std::stoull(records.front().second);
  EXPECT_GE(recorded, *std::max_element(acknowledged.begin(), acknowledged.end())) << "a record went back";
  EXPECT_GE(recorded, newest) << "it was written before the entry";
  EXPECT_EQ(store->health().damaged, 0U);
  store->Close();
  return std::max(newest, recorded);
}

TEST(RocksDbKill, LosesNothingAcknowledged) {
  constexpr unsigned kSeed = 20;
  constexpr int kRounds = 20;
  const TempFolder folder;
  std::mt19937 random(kSeed);
  Acknowledged acknowledged{};
  std::uint64_t newest = 0;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(testing::Message() << "seed " << kSeed << ", round " << round);
    ASSERT_NO_FATAL_FAILURE(WriteAndKill(folder.path(), newest + 1, random() % 400, acknowledged));
    newest = Check(folder.path(), acknowledged);
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(newest, 1000U) << "the rounds wrote";
}

}  // namespace
}  // namespace kck

int main(int count, char** arguments) {
  if (count == 4 && std::string_view(arguments[1]) == "--writer") {
    kck::WriteUntilKilled(arguments[2], std::stoull(arguments[3]));
  }
  testing::InitGoogleMock(&count, arguments);
  return RUN_ALL_TESTS();
}
