#include "model/folder_state.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <filesystem>
#include <string>
#include <vector>

namespace kck {
namespace {

namespace fs = std::filesystem;

// `deep`: the folders below as well.
void AddFolder(const fs::path& folder, bool deep, std::vector<std::string>& files) {
  std::error_code error;
  for (fs::directory_iterator item(folder, error), end; !error && item != end; item.increment(error)) {
    // Python writes there what it has compiled, as it imports the files beside it.
    if (item->path().filename() == "__pycache__") continue;
    files.push_back(FileState(item->path().string()));
    if (deep && item->is_directory() && !item->is_symlink()) AddFolder(item->path(), true, files);
  }
}

}  // namespace

std::string FileState(const std::string& path) {
  struct stat found{};
  if (stat(path.c_str(), &found) != 0) return {};
  return fmt::format("{}\n{} {} {} {}\n", path, found.st_size, found.st_ino, found.st_mtim.tv_sec,
                     found.st_mtim.tv_nsec);
}

std::uint64_t FolderState(const Settings& settings, const std::vector<std::string>& modules) {
  std::vector<std::string> files{FileState((fs::path(settings.folder) / "kck.yml").string())};
  for (const std::string& folder : {settings.products_folder, settings.updaters_folder, settings.processes_folder}) {
    AddFolder(folder, settings.http.compat_06, files);
  }
  for (const AuthKeySettings& key : settings.auth.keys) {
    if (!key.file.empty()) files.push_back(FileState(key.file));
  }
  if (!settings.auth.jwks_file.empty()) files.push_back(FileState(settings.auth.jwks_file));
  for (const std::string& module : modules) files.push_back(FileState(module));
  std::ranges::sort(files);
  std::string all;
  for (const std::string& file : files) all += file;
  return XXH3_64bits(all.data(), all.size());
}

}  // namespace kck
