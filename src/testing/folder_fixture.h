// A user's folder of a test's own, and what loading it says.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/loader.h"
#include "testing/temp_folder.h"

namespace kck {

class FolderFixture : public testing::Test {
 protected:
  // With a kck.yml that has one database, `main`.
  FolderFixture();

  // `name` is relative to the folder.
  void Write(const std::string& name, const std::string& text) const;
  void Remove(const std::string& name) const;

  Folder Load() const { return LoadFolder(folder_.path()); }

  // Requires that there is no fault.
  Folder LoadSound() const;

  std::vector<std::string> FaultTexts() const;

  // Writes a file, and returns the folder's one fault; where there is not one, all of them.
  std::string FaultOf(const std::string& name, const std::string& text) const;

  const std::string& path() const { return folder_.path(); }

 private:
  TempFolder folder_;
};

}  // namespace kck
