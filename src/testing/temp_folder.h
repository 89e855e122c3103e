// A folder of a test's own, removed with all that is in it.
#pragma once

#include <string>

namespace kck {

class TempFolder {
 public:
  TempFolder();  // throws where none can be made
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace kck
