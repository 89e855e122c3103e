#include "testing/temp_folder.h"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace kck {

TempFolder::TempFolder() : path_((std::filesystem::temp_directory_path() / "kck_test_XXXXXX").string()) {
  if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary folder can be made: " + path_);
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace kck
