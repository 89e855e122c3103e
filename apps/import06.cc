// `kck import-0.6`: a kck.yml for what was written for KCK 0.6.3. The package kck reads the settings (kck/import06);
// here it is written, and the folder loaded by it.
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>

#include "apps/commands.h"
#include "apps/json_view.h"
#include "apps/print.h"
#include "base/json_object.h"
#include "model/loader.h"
#include "python/worker_pool.h"
#include "python/worker_process.h"

extern char** environ;

namespace kck {
namespace {

// What the interpreter prints on standard output; the error says how it could not be had.
Result<std::string> Ask(const Import06Options& options) {
  const std::string program = FindPackageStatement() + "; from kck.import06 import main; main()";
  std::array<int, 2> pipe{};
  if (pipe2(pipe.data(), O_CLOEXEC) != 0) return Fail(ErrorCode::kPrimerFailed, "no pipe can be made");
  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
  std::array<char*, 6> arguments{const_cast<char*>(options.interpreter.c_str()),
                                 const_cast<char*>("-c"),
                                 const_cast<char*>(program.c_str()),
                                 const_cast<char*>(options.settings.c_str()),
                                 const_cast<char*>(options.interpreter.c_str()),
                                 nullptr};
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(pipe[1]);
  std::string said;
  std::array<char, 4096> buffer{};
  for (ssize_t got = 0; error == 0 && (got = read(pipe[0], buffer.data(), buffer.size())) > 0;) {
    said.append(buffer.data(), static_cast<std::size_t>(got));
  }
  close(pipe[0]);
  if (error != 0) {
    return Fail(ErrorCode::kPrimerFailed, fmt::format("'{}' cannot be started: {}; name the interpreter by --python",
                                                      options.interpreter, std::strerror(error)));
  }
  int status = 0;
  waitpid(pid, &status, 0);
  if (status != 0) return Fail(ErrorCode::kPrimerFailed, "the settings could not be read");
  return said;
}

// For its owner alone: it may hold passwords and secrets. The error is the system's.
std::string Write(const std::string& path, const std::string& text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return std::strerror(errno);
  const bool whole = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(file);
  return whole ? "" : "the disk is full";
}

// As one reads it from the present folder.
std::string Shown(const std::string& path) {
  std::error_code error;
  const std::string below =
      std::filesystem::path(path).lexically_relative(std::filesystem::current_path(error)).string();
  return error || below.empty() || below.starts_with("..") ? path : below;
}

struct Imported {
  std::string folder;
  std::string kck_yml;
  Folder loaded;
  Faults hands;
};

void AddHands(const JsonView& said, Imported& imported) {
  for (const JsonView& hand : said["hands"].Items()) {
    imported.hands.push_back({{Shown(hand["file"].Text()), static_cast<int>(hand["line"].Number()), 0},
                              hand["message"].Text(),
                              hand["cure"].Text(),
                              true});
  }
  for (Fault fault : imported.loaded.faults) {
    fault.location.file = Shown((std::filesystem::path(imported.folder) / fault.location.file).string());
    imported.hands.push_back(std::move(fault));
  }
}

void PrintForPeople(const JsonView& said, const Imported& imported) {
  PrintLine(fmt::format("wrote {}, which its owner alone may read\n\nTaken:", Shown(imported.kck_yml)));
  for (const JsonView& one : said["taken"].Items()) {
    PrintLine(fmt::format("  {}:{}: {} is {}", Shown(one["file"].Text()), one["line"].Count(), one["from"].Text(),
                          one["to"].Text()));
  }
  PrintLine("\nNeeds a hand, or an eye:\n" + FaultLines(imported.hands));
  PrintLine(fmt::format("{} read: {}\nNext: kck --folder {} check", DefinitionCounts(imported.loaded),
                        FaultSummary(imported.hands), Shown(imported.folder)));
}

void PrintAsJson(const JsonView& said, const Imported& imported) {
  std::string out;
  JsonObject object(out);
  object.Text("kck_yml", imported.kck_yml);
  AppendJsonList(object.Member("taken"), said["taken"].Items(), [&out](const JsonView& one) {
    JsonObject taken(out);
    for (const char* name : {"from", "to", "file"}) taken.Text(name, one[name].Text());
    taken.Number("line", one["line"].Count());
    taken.End();
  });
  object.Member("needs_a_hand") += FaultsJson(imported.hands);
  object.Number("products", imported.loaded.products.size());
  object.Number("updaters", imported.loaded.updaters.size());
  object.Number("processes", imported.loaded.processes.size());
  object.End();
  PrintLine(out);
}

}  // namespace

int Import06(const Import06Options& options) {
  const Result<std::string> text = Ask(options);
  if (!text) return Failed(text.error().message);
  // The settings may have printed, too.
  const JsonAnswer answer(text->substr(text->rfind('\n', text->size() - 2) + 1));
  const JsonView said = answer.root();
  if (said["error"]) return Failed(said["error"].Text());
  Imported imported;
  imported.folder = said["folder"].Text();
  imported.kck_yml = (std::filesystem::path(imported.folder) / "kck.yml").string();
  if (std::filesystem::exists(imported.kck_yml)) {
    return Failed(fmt::format("{} is there already and is not overwritten: move it away", Shown(imported.kck_yml)));
  }
  if (const std::string why = Write(imported.kck_yml, said["kck_yml"].Text()); !why.empty()) {
    return Failed(fmt::format("{} cannot be written: {}", Shown(imported.kck_yml), why));
  }
  imported.loaded = LoadFolder(imported.folder, DescribeFiles);
  AddHands(said, imported);
  options.json ? PrintAsJson(said, imported) : PrintForPeople(said, imported);
  return kExitOk;
}

}  // namespace kck
