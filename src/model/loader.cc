#include "model/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "model/definition_reader.h"
#include "model/folder_readers.h"
#include "model/folder_state.h"
#include "model/login_check.h"
#include "model/login_settings.h"
#include "model/trigger_check.h"

namespace kck {
namespace {

namespace fs = std::filesystem;

// The folder of a `part`, as "products". One that nobody named may be absent: KCK is a general-purpose cache as well.
std::vector<std::string> FilesOf(const Settings& settings, const std::string& part, const std::string& folder,
                                 Faults& faults) {
  std::error_code error;
  if (folder == (fs::path(settings.folder) / part).string() && !fs::exists(folder, error)) return {};
  std::vector<std::string> files;
  // Editors keep locks and copies in hidden files beside the file.
  const auto is_hidden = [](const fs::path& path) { return path.filename().string().starts_with('.'); };
  for (const auto& item : fs::directory_iterator(folder, error)) {
    if (!is_hidden(item.path())) files.push_back(item.path().string());
    // 0.6.3 read the YAML files of folders below as well.
    if (!settings.http.compat_06 || !item.is_directory() || item.is_symlink()) continue;
    for (const auto& below : fs::recursive_directory_iterator(item.path(), error)) {
      if (below.path().extension() == ".yml" && !is_hidden(below.path())) files.push_back(below.path().string());
    }
  }
  if (error) {
    faults.push_back({{folder, 0, 0},
                      fmt::format("the folder of {} cannot be read: {}", part, error.message()),
                      fmt::format("make it, or name another one by {}: in kck.yml", part)});
  }
  std::ranges::sort(files);
  return files;
}

bool IsYaml(const std::string& path) { return path.ends_with(".yml") || path.ends_with(".yaml"); }

// `kind` is "product", "updater" or "process".
template <typename Definition>
void ReportDuplicates(const std::vector<Definition>& definitions, std::string_view kind, Faults& faults) {
  std::map<std::string, Location> seen;
  for (const Definition& definition : definitions) {
    const auto [first, added] = seen.emplace(definition->name, definition->location);
    if (added) continue;
    faults.push_back({definition->location,
                      fmt::format("there is {} \"{}\" already", WithArticle(kind), definition->name),
                      fmt::format("the other one is in {}:{}", first->second.file, first->second.line), false});
  }
}

std::string Shown(const std::string& path, const std::string& root) {
  return fs::path(path).lexically_relative(root).string();
}

// Puts what a file defines to the rest.
template <typename Definition>
void Add(Definitions<Definition> from, std::vector<Definition>& sound, std::set<std::string>& faulty) {
  std::ranges::move(from.sound, std::back_inserter(sound));
  faulty.merge(from.faulty);
}

template <typename Definition>
void AddOne(Definition definition, const PythonDefinition& in_python, std::vector<Definition>& sound,
            std::set<std::string>& faulty) {
  if (definition) {
    sound.push_back(std::move(definition));
  } else {
    faulty.insert(in_python.function.name);
  }
}

void ReadProducts(Folder& folder, const std::string& root) {
  const Settings& settings = folder.settings;
  std::vector<std::string> query_files;
  const std::vector<std::string> files = FilesOf(settings, "products", settings.products_folder, folder.faults);
  for (const std::string& path : files) {
    const std::string shown = Shown(path, root);
    if (IsYaml(path)) {
      Add(ReadYamlProducts(settings, path, shown, folder.faults, query_files), folder.products, folder.faulty_products);
    }
    if (path.ends_with(".py")) folder.python_files.products.push_back(path);
  }
  for (const std::string& path : files) {
    if (!path.ends_with(".sql") || std::ranges::find(query_files, path) != query_files.end()) continue;
    Add(ReadSqlProduct(settings, path, Shown(path, root), folder.faults), folder.products, folder.faulty_products);
  }
}

void ReadUpdaters(Folder& folder, const std::string& root) {
  const Settings& settings = folder.settings;
  for (const std::string& path : FilesOf(settings, "updaters", settings.updaters_folder, folder.faults)) {
    const std::string shown = Shown(path, root);
    if (IsYaml(path)) {
      Add(ReadYamlUpdaters(settings, path, shown, folder.faults), folder.updaters, folder.faulty_updaters);
    }
    if (path.ends_with(".py")) folder.python_files.updaters.push_back(path);
  }
}

void ReadProcesses(Folder& folder, const std::string& root) {
  const Settings& settings = folder.settings;
  std::set<std::string> faulty;  // nothing refers to a process
  for (const std::string& path : FilesOf(settings, "processes", settings.processes_folder, folder.faults)) {
    const std::string shown = Shown(path, root);
    if (IsYaml(path)) Add(ReadYamlProcesses(settings, path, shown, folder.faults), folder.processes, faulty);
    if (path.ends_with(".py")) folder.python_files.processes.push_back(path);
  }
}

// Gives hooks to what another file defines.
template <typename Definition>
void GiveHooks(const PythonDefinition& in_python, const std::string& shown,
               std::vector<std::shared_ptr<const Definition>>& sound, const std::set<std::string>& faulty,
               Faults& faults) {
  const std::string& name = in_python.function.name;
  const auto found = std::ranges::find(sound, name, [](const auto& one) { return one->name; });
  if (found != sound.end()) {
    auto hooked = std::make_shared<Definition>(**found);
    hooked->hooks = HooksOf(in_python);
    *found = std::move(hooked);
  } else if (!faulty.contains(name)) {
    faults.push_back({{shown, in_python.line, 0},
                      fmt::format("hooks are added to the {} \"{}\", which there is not", in_python.kind, name),
                      "see the name that primer_obj or updater_obj is given"});
  }
}

// What the Python files define, put to the rest.
void ReadPython(Folder& folder, const std::string& root, const DescribePython& describe) {
  if (folder.python_files.empty()) return;
  PythonDefinitions described;
  if (describe) {
    described = describe(folder.settings, folder.python_files);
  } else {
    described.faults.push_back(
        {{root + "/kck.yml", 0, 0}, "the folder has Python files, which are not read here", "", false});
  }
  for (Fault& fault : described.faults) {
    fault.location.file = Shown(fault.location.file, root);
    folder.faults.push_back(std::move(fault));
  }
  folder.python_modules = std::move(described.files);
  folder.python_files.sources = std::move(described.sources);
  if (FolderState(folder.settings) == folder.state) folder.state = FolderState(folder.settings, folder.python_modules);
  for (const PythonDefinition& definition : described.definitions) {
    const std::string shown = Shown(definition.file, root);
    if (definition.hooks_only) continue;
    if (definition.kind == "product") {
      AddOne(ReadPythonProduct(folder.settings, definition, shown, folder.faults), definition, folder.products,
             folder.faulty_products);
    } else if (definition.kind == "updater") {
      AddOne(ReadPythonUpdater(folder.settings, definition, shown, folder.faults), definition, folder.updaters,
             folder.faulty_updaters);
    } else if (ProcessPtr process = ReadPythonProcess(folder.settings, definition, shown, folder.faults)) {
      folder.processes.push_back(std::move(process));
    }
  }
  for (const PythonDefinition& definition : described.definitions) {
    if (!definition.hooks_only) continue;
    const std::string shown = Shown(definition.file, root);
    if (definition.kind == "product") {
      GiveHooks(definition, shown, folder.products, folder.faulty_products, folder.faults);
    } else {
      GiveHooks(definition, shown, folder.updaters, folder.faulty_updaters, folder.faults);
    }
  }
}

// `closed`: the name of one that is to be so.
template <typename Definition>
void WarnWithoutAccess(const std::vector<Definition>& definitions, std::string_view kind, std::string_view closed,
                       Faults& faults) {
  for (const Definition& definition : definitions) {
    if (definition->access.kind != AccessKind::kUnsaid || definition->name == closed) continue;
    faults.push_back(
        {definition->location,
         fmt::format("{} \"{}\" has no access, so that it opens to administrators alone", kind, definition->name),
         "access: user, or {claims: …}, or public where everyone may", true});
  }
}

}  // namespace

Folder LoadFolder(const std::string& path, const DescribePython& describe) {
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
  ReadUpdaters(folder, root);
  ReadProcesses(folder, root);
  ReadPython(folder, root, describe);
  ReportDuplicates(folder.products, "product", folder.faults);
  ReportDuplicates(folder.updaters, "updater", folder.faults);
  ReportDuplicates(folder.processes, "process", folder.faults);
  CheckTriggers(folder, folder.faults);
  CheckLogin(folder, folder.faults);
  if (folder.settings.auth.on) {
    const auto& login = folder.settings.auth.login;
    WarnWithoutAccess(folder.products, "product", login ? login->product : "", folder.faults);
    WarnWithoutAccess(folder.updaters, "updater", "", folder.faults);
  }
  std::ranges::sort(folder.faults, {}, [](const Fault& fault) {
    return std::tuple(fault.location.file, fault.location.line, fault.location.column, fault.message);
  });
  return folder;
}

}  // namespace kck
