#include "model/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "model/folder_readers.h"
#include "model/folder_state.h"

namespace kck {
namespace {

namespace fs = std::filesystem;

// The folder that nobody named may be absent: KCK is a general-purpose cache as well.
std::vector<std::string> FilesOf(const Settings& settings, Faults& faults) {
  const std::string& folder = settings.products_folder;
  std::error_code error;
  if (folder == (fs::path(settings.folder) / "products").string() && !fs::exists(folder, error)) return {};
  std::vector<std::string> files;
  for (const auto& item : fs::directory_iterator(folder, error)) {
    // Editors keep locks and copies in hidden files beside the file.
    if (!item.path().filename().string().starts_with('.')) files.push_back(item.path().string());
  }
  if (error) {
    faults.push_back({{folder, 0, 0},
                      fmt::format("the folder of products cannot be read: {}", error.message()),
                      "make it, or name another one by products: in kck.yml"});
  }
  std::ranges::sort(files);
  return files;
}

bool IsYaml(const std::string& path) { return path.ends_with(".yml") || path.ends_with(".yaml"); }

void RefuseForNow(const std::string& folder, const char* part, Faults& faults) {
  std::error_code error;
  for (const auto& item : fs::directory_iterator(fs::path(folder) / part, error)) {
    const std::string name = fmt::format("{}/{}", part, item.path().filename().string());
    if (IsYaml(name) || name.ends_with(".py")) {
      faults.push_back({{name, 0, 0}, fmt::format("{} are not in this version", part), "take the file out", false});
    }
  }
}

void ReportDuplicates(Folder& folder) {
  std::map<std::string, Location> seen;
  for (const ProductPtr& product : folder.products) {
    const auto [first, added] = seen.emplace(product->name, product->location);
    if (added) continue;
    folder.faults.push_back({product->location, fmt::format("there is a product \"{}\" already", product->name),
                             fmt::format("the other one is in {}:{}", first->second.file, first->second.line), false});
  }
}

void ReadProducts(Folder& folder, const std::string& root) {
  std::vector<std::string> query_files;
  const std::vector<std::string> files = FilesOf(folder.settings, folder.faults);
  auto shown = [&root](const std::string& path) { return fs::path(path).lexically_relative(root).string(); };
  auto add = [&folder](std::vector<ProductPtr> products) {
    std::ranges::move(products, std::back_inserter(folder.products));
  };
  for (const std::string& path : files) {
    if (IsYaml(path)) add(ReadYamlProducts(folder.settings, path, shown(path), folder.faults, query_files));
    if (path.ends_with(".py")) {
      folder.faults.push_back(
          {{shown(path), 0, 0}, "Python products are not in this version", "take the file out", false});
    }
  }
  for (const std::string& path : files) {
    if (!path.ends_with(".sql") || std::ranges::find(query_files, path) != query_files.end()) continue;
    add(ReadSqlProduct(folder.settings, path, shown(path), folder.faults));
  }
}

}  // namespace

Folder LoadFolder(const std::string& path) {
  Folder folder;
  std::error_code error;
  const std::string root = fs::absolute(path, error).lexically_normal().string();
  const std::optional<std::string> text = ReadFile((fs::path(root) / "kck.yml").string());
  if (!text) {
    folder.faults.push_back({{(fs::path(path) / "kck.yml").lexically_normal().string(), 0, 0},
                             "there is no kck.yml here",
                             "go to the folder that has one, name it by --folder, or make one with kck init",
                             false});
    return folder;
  }
  folder.settings = ReadSettings(root, "kck.yml", *text, folder.faults);
  folder.state = FolderState(folder.settings);
  ReadProducts(folder, root);
  ReportDuplicates(folder);
  RefuseForNow(root, "updaters", folder.faults);
  RefuseForNow(root, "processes", folder.faults);
  std::ranges::sort(folder.faults, {}, [](const Fault& fault) {
    return std::tuple(fault.location.file, fault.location.line, fault.location.column, fault.message);
  });
  return folder;
}

}  // namespace kck
