#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "model/definition_reader.h"
#include "model/folder_readers.h"
#include "model/schedule_reader.h"

namespace kck {
namespace {

class ProcessReader {
 public:
  ProcessReader(const Settings& settings, const YamlFile& file, YamlMap& fields, const SqlReader& sql)
      : file_(file), fields_(fields), sql_(sql), definition_(settings, file, fields, "process") {}

  // Null where the process has a fault.
  ProcessPtr Read(const std::string& default_name) {
    ReadWhatAndWhen(default_name);
    ReadWork();
    return Finish();
  }

  // The same of a process in Python.
  ProcessPtr ReadPython(const PythonDefinition& in_python) {
    ReadWhatAndWhen(in_python.function.name);
    process_->function = ReadFunction(in_python, fields_);
    return Finish();
  }

 private:
  void ReadWhatAndWhen(const std::string& default_name) {
    process_->name = definition_.ReadName(default_name);
    process_->location = definition_.location();
    ReadTimes();
  }

  ProcessPtr Finish() {
    fields_.Finish();
    return definition_.faulty() || (process_->statement && !definition_.database_is_sound()) ? nullptr : process_;
  }

  void ReadTimes() {
    if (auto schedule = ReadSchedule(file_, fields_)) process_->schedule = *std::move(schedule);
    if (!fields_.Has("every") && !fields_.Has("cron")) {
      definition_.Report("the process has no times", "add every: 1h, or cron: \"0 3 * * *\"");
    }
    if (const auto missed = fields_.TakeChoice("missed", {"skip", "once", "all"})) {
      process_->missed = static_cast<MissedRuns>(*missed);
    }
  }

  void ReadWork() {
    std::vector<std::string> given;
    for (const char* work : {"sql", "domain"}) {
      if (fields_.Has(work)) given.emplace_back(work);
    }
    if (given.empty()) definition_.Report("the process has no work", "add sql: or domain:");
    if (given.size() > 1) {
      file_.Report(fields_.Take(given[1]), fmt::format("the process has both {}", fmt::join(given, " and ")),
                   "keep one of them, and make a process of its own of the other");
    }
    ReadSql();
    ReadDomain();
    const YAML::Node python = fields_.Take("python");
    if (python.IsDefined()) {
      file_.Report(python, "a process in Python stands in a Python file",
                   "write a .py file in processes/, with @kck.process(every=…) before the function");
    }
  }

  void ReadDomain() {
    const auto domain = fields_.TakeText("domain");
    if (!domain) return;
    process_->domain = *domain;
    process_->domain_location = file_.At(fields_.Take("domain"));
    if (!fields_.Has("database") || fields_.Has("sql")) return;
    file_.Report(fields_.Take("database"), "database has no meaning without sql", "take it out");
  }

  void ReadSql() {
    const YAML::Node node = fields_.Take("sql");
    if (!node.IsDefined()) return;
    process_->database = definition_.ReadDatabase();
    const auto sql = ReadSqlText(node);
    auto bound = sql ? definition_.Bind(*sql, RowShape::kRows) : std::nullopt;
    if (!bound) return;
    process_->statement = std::move(bound->statement);
    process_->template_start = sql->start;
  }

  // Nothing where it cannot be read, which is reported.
  std::optional<TemplateText> ReadSqlText(const YAML::Node& node) {
    if (!node.IsMap()) return sql_.Inline(node, "sql");
    YamlMap named(file_, node, "sql");
    const bool given = named.Has("file");
    const auto path = named.TakeText("file");
    if (!given) file_.Report(node, "sql names no file", "as sql: {file: clean_up.sql}, or write the SQL itself");
    named.Finish();
    return path ? sql_.Named(named.Take("file"), *path) : std::nullopt;
  }

  YamlFile file_;
  YamlMap& fields_;
  const SqlReader& sql_;
  DefinitionReader definition_;
  std::shared_ptr<Process> process_ = std::make_shared<Process>();
};

}  // namespace

ProcessPtr ReadPythonProcess(const Settings& settings, const PythonDefinition& definition, const std::string& name,
                             Faults& faults) {
  ProcessPtr process;
  const std::string no_text;
  ReadPythonDefinition(settings, definition, name, faults, [&](const YamlFile& file, YamlMap& fields) {
    const SqlReader sql(file, no_text, definition.file);
    ProcessReader reader(settings, file, fields, sql);
    process = reader.ReadPython(definition);
  });
  return process;
}

Definitions<ProcessPtr> ReadYamlProcesses(const Settings& settings, const std::string& path, const std::string& name,
                                          Faults& faults) {
  Definitions<ProcessPtr> processes;
  auto read = [&](const YamlFile& file, const std::string& text, YamlMap& fields) {
    const SqlReader sql(file, text, path);
    ProcessReader reader(settings, file, fields, sql);
    ProcessPtr process = reader.Read(std::filesystem::path(path).stem().string());
    if (process) processes.sound.push_back(process);
    return process != nullptr;
  };
  processes.faulty = ForEachDefinition(settings, path, name, "process", faults, read);
  return processes;
}

}  // namespace kck
