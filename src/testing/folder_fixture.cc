#include "testing/folder_fixture.h"

#include <filesystem>
#include <fstream>

namespace kck {

namespace fs = std::filesystem;

FolderFixture::FolderFixture() { Write("kck.yml", "databases: {main: {url: \"postgresql://u:secret@h/d\"}}\n"); }

void FolderFixture::Write(const std::string& name, const std::string& text) const {
  const fs::path path = fs::path(folder_.path()) / name;
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

void FolderFixture::Remove(const std::string& name) const { fs::remove(fs::path(folder_.path()) / name); }

Folder FolderFixture::LoadSound() const {
  Folder folder = Load();
  for (const Fault& fault : folder.faults) ADD_FAILURE() << FaultText(fault);
  return folder;
}

std::vector<std::string> FolderFixture::FaultTexts() const {
  std::vector<std::string> texts;
  for (const Fault& fault : Load().faults) texts.push_back(FaultText(fault));
  return texts;
}

std::string FolderFixture::FaultOf(const std::string& name, const std::string& text) const {
  Write(name, text);
  const auto texts = FaultTexts();
  return texts.size() == 1 ? texts[0] : testing::PrintToString(texts);
}

}  // namespace kck
