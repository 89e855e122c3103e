#include "model/folder_state.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "testing/temp_folder.h"

namespace kck {
namespace {

namespace fs = std::filesystem;

class FolderStateTest : public testing::Test {
 protected:
  FolderStateTest() {
    settings_.folder = folder_.path();
    settings_.products_folder = folder_.path() + "/products";
    settings_.updaters_folder = folder_.path() + "/updaters";
    fs::create_directory(settings_.products_folder);
    settings_.processes_folder = folder_.path() + "/processes";
    fs::create_directory(settings_.updaters_folder);
    fs::create_directory(settings_.processes_folder);
    Write("kck.yml", "databases: {}");
    Write("products/a.yml", "database: main");
  }

  void Write(const std::string& name, const std::string& text) { std::ofstream(folder_.path() + "/" + name) << text; }

  // True where it is another one than at the last call.
  bool Changed() {
    const std::uint64_t before = state_;
    state_ = FolderState(settings_);
    return state_ != before;
  }

  TempFolder folder_;
  Settings settings_;
  std::uint64_t state_ = 0;
};

TEST_F(FolderStateTest, ChangesWithTheFiles) {
  EXPECT_TRUE(Changed());
  EXPECT_FALSE(Changed());
  Write("products/a.yml", "database: other");
  EXPECT_TRUE(Changed()) << "another size";
  Write("products/b.sql", "select 1");
  EXPECT_TRUE(Changed()) << "a new file";
  fs::remove(folder_.path() + "/products/b.sql");
  EXPECT_TRUE(Changed()) << "a file is gone";
  Write("updaters/u.yml", "database: main");
  EXPECT_TRUE(Changed());
  Write("processes/p.yml", "every: 1h");
  EXPECT_TRUE(Changed());
  Write("kck.yml", "memory: 64MiB");
  EXPECT_TRUE(Changed());
  Write("notes.txt", "beside them");
  EXPECT_FALSE(Changed()) << "not a file that KCK reads";
}

TEST_F(FolderStateTest, ChangesWithAFileOfTheSameSizeAndTime) {
  Changed();
  const std::string path = folder_.path() + "/products/a.yml";
  const auto time = fs::last_write_time(path);
  Write("products/new", "database: side");
  fs::rename(folder_.path() + "/products/new", path);
  fs::last_write_time(path, time);
  EXPECT_TRUE(Changed()) << "as an editor replaces a file";
}

TEST_F(FolderStateTest, AFolderThatIsGoneIsAStateToo) {
  Changed();
  fs::remove_all(settings_.products_folder);
  EXPECT_TRUE(Changed());
  EXPECT_FALSE(Changed());
}

}  // namespace
}  // namespace kck
