#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "model/access_reader.h"
#include "model/definition_reader.h"
#include "model/folder_readers.h"

namespace kck {
namespace {

class UpdaterReader {
 public:
  UpdaterReader(const Settings& settings, const YamlFile& file, YamlMap& fields, const SqlReader& sql)
      : file_(file), fields_(fields), sql_(sql), definition_(settings, file, fields, "updater") {}

  // Null where the updater has a fault.
  UpdaterPtr Read(const Settings& settings, const std::string& default_name, HooksPtr hooks = nullptr) {
    updater_->hooks = std::move(hooks);
    updater_->name = definition_.ReadName(default_name);
    updater_->description = fields_.TakeText("description").value_or("");
    updater_->location = definition_.location();
    updater_->database = definition_.ReadDatabase();
    ReadWhoAndWhat(settings);
    ReadReturning();
    ReadQuery();
    fields_.Finish();
    CheckPrimaryKey();
    return Sound();
  }

  // The same of an updater in Python, whose `actions` are the parameters that each of them takes.
  UpdaterPtr ReadPython(const Settings& settings, const PythonDefinition& in_python) {
    updater_->name = definition_.ReadName(in_python.function.name);
    updater_->description = fields_.TakeText("description").value_or("");
    updater_->location = definition_.location();
    updater_->database = definition_.ReadDatabaseOfPython();
    ReadWhoAndWhat(settings);
    updater_->function = ReadFunction(in_python, fields_);
    updater_->hooks = HooksOf(in_python);
    ReadActions();
    fields_.Finish();
    CheckPrimaryKey();
    return Sound();
  }

 private:
  UpdaterPtr Sound() const { return definition_.faulty() || !definition_.database_is_sound() ? nullptr : updater_; }

  void ReadWhoAndWhat(const Settings& settings) {
    updater_->params = definition_.ReadParams();
    updater_->access = ReadAccess(file_, fields_, updater_->params, settings.auth, "updater");
    ReadMode();
  }

  void ReadActions() {
    YamlMap actions(file_, fields_.Take("actions"), "actions");
    bool any = false;
    for (const WriteAction action : kWriteActions) {
      const std::string name(WriteActionName(action));
      if (!actions.Has(name)) continue;
      any = true;
      WriteTemplate& takes = updater_->templates.at(static_cast<std::size_t>(action)).emplace();
      for (const std::string& taken : actions.TakeTexts(name)) {
        const auto param = std::ranges::find(updater_->params, taken, &Param::name);
        if (param != updater_->params.end()) {
          takes.params.push_back(static_cast<std::size_t>(param - updater_->params.begin()));
        } else {
          definition_.Report(fmt::format("{} takes \"{}\", which is no parameter", name, taken));
        }
      }
      std::ranges::sort(takes.params);
    }
    actions.Finish();
    if (!any) definition_.Report("the updater takes no action", "insert, update, delete: one of them at least");
  }

  void ReadMode() {
    if (fields_.TakeChoice("mode", {"through", "behind"}).value_or(0) == 0) return;
    file_.Report(fields_.Take("mode"), "mode: behind is not in this version", "use mode: through");
  }

  void ReadReturning() {
    if (!fields_.Has("returning")) return;
    file_.Report(fields_.Take("returning"), "\"returning\" is no field: what the database returns is said in the SQL",
                 "end the template with returning id, name; query.type says rows or dicts");
  }

  void ReadQuery() {
    const YAML::Node node = fields_.Take("query");
    if (!node.IsDefined()) {
      definition_.Report("the updater has no query", "add query: {template: {insert: insert into …}}");
      return;
    }
    YamlMap query(file_, node, "query");
    const RowShape shape = TakeShape(query);
    YamlMap inlines(file_, query.Take("template"), "template");
    YamlMap files(file_, query.Take("file"), "file");
    bool any = false;
    for (const WriteAction action : kWriteActions) any |= ReadAction(action, shape, inlines, files);
    inlines.Finish();
    files.Finish();
    query.Finish();
    if (!any) definition_.Report("query has no SQL", "give template: with one or more of insert, update, delete");
    if (any && !unscanned_) definition_.ReportUnused("in one of the templates");
  }

  // False where there is no such template. Faults of it are reported.
  bool ReadAction(WriteAction action, RowShape shape, YamlMap& inlines, YamlMap& files) {
    const std::string name(WriteActionName(action));
    const YAML::Node inline_sql = inlines.Take(name);
    const auto path = files.TakeText(name);
    if (!inline_sql.IsDefined() && !path) return false;
    if (inline_sql.IsDefined() && path) {
      file_.Report(inline_sql, fmt::format("{} stands in both template and file", name), "keep one of them");
    }
    const auto sql = path ? sql_.Named(files.Take(name), *path) : sql_.Inline(inline_sql, name);
    auto bound = sql ? definition_.Bind(*sql, shape) : std::nullopt;
    unscanned_ |= !bound.has_value();
    if (bound) {
      updater_->templates.at(static_cast<std::size_t>(action)) =
          WriteTemplate{std::move(bound->statement), std::move(bound->params), sql->start};
    }
    return true;
  }

  void CheckPrimaryKey() {
    for (const Param& param : updater_->params) {
      if (!param.primary_key || !param.nullable) continue;
      definition_.Report(fmt::format("parameter \"{}\" is primary_key and nullable", param.name),
                         "a primary key is never NULL: take one of them out");
    }
    CheckKeyed(WriteAction::kDelete);
    CheckKeyed(WriteAction::kUpdate);
  }

  // A template that leaves out a part of the primary key would change the rows of other keys.
  void CheckKeyed(WriteAction action) {
    const auto& found = updater_->Template(action);
    if (!found) return;
    for (std::size_t i = 0; i < updater_->params.size(); ++i) {
      if (!updater_->params[i].primary_key || std::ranges::find(found->params, i) != found->params.end()) continue;
      const Location at = found->start.line > 0 ? found->start : updater_->location;
      file_.faults->push_back(
          {at, fmt::format("{} does not use the primary key :{}", WriteActionName(action), updater_->params[i].name),
           fmt::format("add where {0} = :{0}", updater_->params[i].name), false});
    }
  }

  YamlFile file_;
  YamlMap& fields_;
  const SqlReader& sql_;
  DefinitionReader definition_;
  bool unscanned_ = false;  // some SQL could not be read, so that it is not known which parameters it uses
  std::shared_ptr<Updater> updater_ = std::make_shared<Updater>();
};

}  // namespace

std::string_view WriteActionName(WriteAction action) {
  switch (action) {
    case WriteAction::kInsert:
      return "insert";
    case WriteAction::kUpdate:
      return "update";
    case WriteAction::kDelete:
      return "delete";
  }
  return "";
}

std::vector<std::size_t> PrimaryKeyOf(const Updater& updater) {
  std::vector<std::size_t> key;
  for (std::size_t i = 0; i < updater.params.size(); ++i) {
    if (updater.params[i].primary_key) key.push_back(i);
  }
  return key;
}

UpdaterPtr ReadPythonUpdater(const Settings& settings, const PythonDefinition& definition, const std::string& name,
                             Faults& faults) {
  UpdaterPtr updater;
  const std::string no_text;
  ReadPythonDefinition(settings, definition, name, faults, [&](const YamlFile& file, YamlMap& fields) {
    const SqlReader sql(file, no_text, definition.file);
    UpdaterReader reader(settings, file, fields, sql);
    updater = definition.runs ? reader.ReadPython(settings, definition)
                              : reader.Read(settings, definition.function.name, HooksOf(definition));
  });
  return updater;
}

Definitions<UpdaterPtr> ReadYamlUpdaters(const Settings& settings, const std::string& path, const std::string& name,
                                         Faults& faults) {
  Definitions<UpdaterPtr> updaters;
  auto read = [&](const YamlFile& file, const std::string& text, YamlMap& fields) {
    const SqlReader sql(file, text, path);
    UpdaterReader reader(settings, file, fields, sql);
    UpdaterPtr updater = reader.Read(settings, std::filesystem::path(path).stem().string());
    if (updater) updaters.sound.push_back(updater);
    return updater != nullptr;
  };
  updaters.faulty = ForEachDefinition(settings, path, name, "updater", faults, read);
  return updaters;
}

}  // namespace kck
