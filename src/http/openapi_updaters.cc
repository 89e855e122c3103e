// Writing through updaters. Which statement a call runs follows model/write_request.h: what it takes is therefore one
// of several sets of parameters where both an insert and an update may come of it.
#include <fmt/format.h>

#include <algorithm>

#include "base/json_object.h"
#include "http/openapi_calls.h"
#include "http/openapi_types.h"

namespace kck {
namespace {

constexpr std::string_view kTag = "updaters";

struct Field {
  const Param* param = nullptr;
  bool required = false;
  bool only_null = false;  // a key that counts as not there
};

using Fields = std::vector<Field>;  // one set of parameters that a body may have

// An updater as the requests of one who is no administrator see it.
class View {
 public:
  View(const Updater& updater, const ApiSubject& subject) : updater_(updater) {
    for (const std::size_t param : PrimaryKeyOf(updater)) {
      IsSent(updater.access, param, subject) ? key_.push_back(param) : bound_key_.push_back(param);
    }
    for (std::size_t i = 0; i < updater.params.size(); ++i) sent_.push_back(IsSent(updater.access, i, subject));
  }

  // The primary key's parameters that requests give.
  const std::vector<std::size_t>& key() const { return key_; }
  bool has_key() const { return !key_.empty() || !bound_key_.empty(); }
  // The token gives a part of it, so that every write carries it.
  bool key_is_bound() const { return !bound_key_.empty(); }
  bool Has(WriteAction action) const { return updater_.Template(action).has_value(); }

  bool InsertTakesKey() const {
    return std::ranges::any_of(PrimaryKeyOf(updater_), [this](std::size_t param) {
      return Has(WriteAction::kInsert) && Uses(WriteAction::kInsert, param);
    });
  }

  // What the statement takes from a body; without the key where that stands in the path.
  Fields FieldsOf(WriteAction action, bool with_key) const {
    Fields fields;
    for (std::size_t i = 0; i < updater_.params.size(); ++i) {
      const Param& param = updater_.params[i];
      if (!sent_[i] || !Uses(action, i) || (param.primary_key && !with_key)) continue;
      fields.push_back({&param, !param.nullable, false});
    }
    return fields;
  }

 private:
  bool Uses(WriteAction action, std::size_t param) const {
    const std::vector<std::size_t>& used = updater_.Template(action)->params;
    return std::ranges::find(used, param) != used.end();
  }

  const Updater& updater_;
  std::vector<std::size_t> key_;
  std::vector<std::size_t> bound_key_;
  std::vector<bool> sent_;  // by parameter
};

std::vector<Fields> CreateBodies(const Updater& updater, const View& view) {
  std::vector<Fields> bodies;
  const bool chosen = view.InsertTakesKey();
  if (view.Has(WriteAction::kInsert) && (chosen || !view.key_is_bound())) {
    bodies.push_back(view.FieldsOf(WriteAction::kInsert, true));
    if (!chosen) {
      for (const std::size_t param : view.key()) bodies.back().push_back({&updater.params[param], false, true});
    }
  }
  if (view.Has(WriteAction::kUpdate) && view.has_key() && !chosen) {
    bodies.push_back(view.FieldsOf(WriteAction::kUpdate, true));
  }
  return bodies;
}

// Of a PUT whose path has no key.
std::vector<Fields> PutBodies(const View& view) {
  std::vector<Fields> bodies;
  if (view.Has(WriteAction::kUpdate)) bodies.push_back(view.FieldsOf(WriteAction::kUpdate, true));
  const bool inserts = view.has_key() && !view.key_is_bound() && !view.InsertTakesKey();
  if (inserts && view.Has(WriteAction::kInsert)) bodies.push_back(view.FieldsOf(WriteAction::kInsert, true));
  return bodies;
}

using AppendSchema = void (*)(std::string& out, const Param& param);

void AppendProperty(std::string& out, const Field& field, AppendSchema append) {
  if (field.only_null) {
    out += R"({"type":"null"})";
    return;
  }
  append(out, *field.param);
  if (field.param->description.empty() && !field.param->example) return;
  // The schema is an object already, and gets more members.
  out.pop_back();
  if (!field.param->description.empty()) {
    out += R"(,"description":)";
    AppendJsonString(out, field.param->description);
  }
  if (field.param->example) {
    out += R"(,"examples":[)";
    AppendParamExample(out, *field.param);
    out += ']';
  }
  out += '}';
}

void AppendFields(std::string& out, const Fields& fields, AppendSchema append, bool null_spelled) {
  JsonObject object(out);
  object.Text("type", "object");
  Fields required = fields;
  std::erase_if(required, [](const Field& field) { return !field.required; });
  if (!required.empty()) {
    AppendJsonList(object.Member("required"), required,
                   [&out](const Field& field) { AppendJsonString(out, field.param->name); });
  }
  JsonObject properties(object.Member("properties"));
  for (const Field& field : fields) {
    if (field.only_null && !null_spelled) continue;
    AppendProperty(properties.Member(field.param->name), field, append);
  }
  properties.End();
  object.Bool("additionalProperties", false);
  object.End();
}

void AppendMedia(std::string& out, const std::vector<Fields>& bodies, AppendSchema append, bool null_spelled) {
  const auto append_one = [&](const Fields& fields) { AppendFields(out, fields, append, null_spelled); };
  JsonObject media(out);
  std::string& schema = media.Member("schema");
  if (bodies.size() == 1) {
    append_one(bodies.front());
  } else {
    JsonObject either(schema);
    AppendJsonList(either.Member("anyOf"), bodies, append_one);
    either.End();
  }
  media.End();
}

bool Needs(const Fields& fields) { return std::ranges::any_of(fields, &Field::required); }

// Nothing where no body takes a parameter.
std::string BodyOf(const std::vector<Fields>& bodies) {
  if (std::ranges::all_of(bodies, [](const Fields& fields) { return fields.empty(); })) return {};
  std::string out;
  JsonObject body(out);
  body.Bool("required", std::ranges::all_of(bodies, Needs));
  JsonObject content(body.Member("content"));
  AppendMedia(content.Member("application/json"), bodies, AppendBodySchema, true);
  AppendMedia(content.Member("application/x-www-form-urlencoded"), bodies, AppendFormSchema, false);
  content.End();
  body.End();
  return out;
}

class UpdaterOperations {
 public:
  UpdaterOperations(ApiPaths& paths, const ApiSubject& subject, const Updater& updater, std::string name)
      : paths_(paths), subject_(subject), updater_(updater), view_(updater, subject), name_(std::move(name)) {}

  void Add() {
    if (auto bodies = CreateBodies(updater_, view_); !bodies.empty()) {
      AddOne("/create/", false, "post", "create_", "Create by ", bodies);
    }
    if (!view_.key().empty()) {
      if (view_.Has(WriteAction::kUpdate)) {
        AddOne("/update/", true, "put", "update_", "Update by ", {view_.FieldsOf(WriteAction::kUpdate, false)});
      }
      if (auto bodies = PutBodies(view_); !bodies.empty()) {
        AddOne("/update/", false, "put", "put_", "Write by ", bodies);
      }
    } else if (view_.Has(WriteAction::kUpdate)) {
      AddOne("/update/", false, "put", "update_", "Update by ", {view_.FieldsOf(WriteAction::kUpdate, true)});
    }
    if (view_.Has(WriteAction::kDelete)) {
      const bool with_key = view_.key().empty();
      AddOne("/update/", !with_key, "delete", "delete_", "Delete by ",
             {view_.FieldsOf(WriteAction::kDelete, with_key)});
    }
  }

 private:
  void AddOne(std::string_view prefix, bool key_in_path, std::string_view method, std::string_view id,
              std::string_view summary, const std::vector<Fields>& bodies) {
    ApiOperation operation{.path = fmt::format("{}{}", prefix, updater_.name),
                           .method = method,
                           .id = fmt::format("{}{}", id, name_),
                           .tag = kTag,
                           .summary = fmt::format("{}{}", summary, updater_.name),
                           .description = updater_.description,
                           .parameters = {},
                           .body = BodyOf(bodies),
                           .answers = {{200, "Written"}},
                           .errors = {502, 504},
                           .access = ApiAccessOf(updater_.access, subject_)};
    if (const std::string claims = ClaimsText(updater_.access, updater_.params, subject_); !claims.empty()) {
      operation.description += (operation.description.empty() ? "" : "\n\n") + claims;
    }
    if (key_in_path) {
      for (const std::size_t param : view_.key()) {
        operation.path += fmt::format("/{{{}}}", updater_.params[param].name);
        operation.parameters.push_back(PathParameter(updater_.params[param]));
      }
    }
    AddOperation(paths_, std::move(operation));
  }

  ApiPaths& paths_;
  const ApiSubject& subject_;
  const Updater& updater_;
  View view_;
  std::string name_;
};

}  // namespace

void AddUpdaterOperations(ApiPaths& paths, const ApiSubject& subject) {
  const std::vector<UpdaterPtr> updaters = subject.catalog->Updaters();
  std::vector<std::string_view> given;
  for (const UpdaterPtr& updater : updaters) given.push_back(updater->name);
  const ApiNames names(given);
  for (const UpdaterPtr& updater : updaters) {
    UpdaterOperations(paths, subject, *updater, names.Of(updater->name)).Add();
  }
}

}  // namespace kck
