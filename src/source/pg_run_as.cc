#include "source/pg_run_as.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <string_view>

#include "source/pg_error.h"
#include "source/pg_handle.h"

namespace kck {
namespace {

constexpr std::string_view kSearchPath = "search_path";
constexpr const char* kSetRole = "select pg_catalog.set_config('role', $1, true)";
constexpr const char* kSetRoleForSession = "select pg_catalog.set_config('role', $1, false)";
constexpr const char* kSetForSession = "select pg_catalog.set_config($1, $2, false)";

std::string SetSettings(std::size_t count) {
  std::string sql = "select ";
  for (std::size_t i = 0; i < count; ++i) {
    sql += fmt::format("{}pg_catalog.set_config(${}, ${}, true)", i == 0 ? "" : ", ", 2 * i + 1, 2 * i + 2);
  }
  return sql;
}

bool SendSettings(PGconn* connection, const RunAs& as, const std::vector<ParamValue>& params) {
  std::vector<const char*> values;
  for (const RunAsSetting& setting : as.settings) {
    values.push_back(setting.name.c_str());
    values.push_back(ValueOf(setting, params).c_str());
  }
  return PQsendQueryParams(connection, SetSettings(as.settings.size()).c_str(), static_cast<int>(values.size()),
                           nullptr, values.data(), nullptr, nullptr, 0) == 1;
}

std::string_view RoleWords(std::string_view state) {
  if (state.starts_with("42501")) return "the user of the url is no member of it";
  if (state.starts_with("22023")) return "there is no such role";
  return "it cannot be taken on";
}

std::string_view SettingWords(std::string_view state) {
  if (state.starts_with("42501")) return "the user of the url may not set it";
  if (state.starts_with("42704")) return "there is no such setting";
  if (state.starts_with("22")) return "it has no such value";
  return "it cannot be set";
}

bool Failed(const PgResultPtr& result) { return PQresultStatus(result.get()) != PGRES_TUPLES_OK; }

}  // namespace

int PgRunAsCount(const SqlStatement& statement) {
  if (!statement.run_as) return 0;
  return (statement.run_as->settings.empty() ? 0 : 1) + (statement.run_as->role.empty() ? 0 : 1);
}

// The role comes last: a setting may be one that the user of the url may change, and the role may not.
bool SendPgRunAs(PGconn* connection, const SqlStatement& statement, const std::vector<ParamValue>& params) {
  if (!statement.run_as) return true;
  const RunAs& as = *statement.run_as;
  if (!as.settings.empty() && !SendSettings(connection, as, params)) return false;
  if (as.role.empty()) return true;
  const char* values[] = {as.role.c_str()};
  return PQsendQueryParams(connection, kSetRole, 1, nullptr, values, nullptr, nullptr, 0) == 1;
}

bool PgRunsAlike(const SqlStatement& statement, const std::vector<ParamValue>& a, const std::vector<ParamValue>& b) {
  if (!statement.run_as) return true;
  return std::ranges::all_of(statement.run_as->settings, [&](const RunAsSetting& setting) {
    return !setting.param || ValueOf(setting, a) == ValueOf(setting, b);
  });
}

std::uint64_t PgPreparedId(const SqlStatement& statement, const std::vector<ParamValue>& params) {
  if (!statement.run_as) return statement.id;
  const auto& settings = statement.run_as->settings;
  const auto path = std::ranges::find(settings, kSearchPath, &RunAsSetting::name);
  if (path == settings.end() || !path->param) return statement.id;
  const std::string& value = ValueOf(*path, params);
  return XXH3_64bits_withSeed(value.data(), value.size(), statement.id);
}

Error RunAsError(const std::string& database, const SqlStatement& statement, int left, const PGresult& result) {
  const std::string_view state = SqlState(result);
  const bool of_the_database = state.starts_with("5") || state.starts_with("XX");  // timeouts, shutdown, no memory
  if (of_the_database && !state.starts_with("55")) return StatementError(database, result);
  const bool role = left == 1 && !statement.run_as->role.empty();
  return {ErrorCode::kSourceError,
          fmt::format("database {} refuses {} of the product's `as` (SQLSTATE {}): {}; run kck check", database,
                      role ? "the role" : "a setting", state, role ? RoleWords(state) : SettingWords(state))};
}

std::string EnterPgRunAs(PGconn* connection, const RunAs& as) {
  for (const RunAsSetting& setting : as.settings) {
    const bool own = setting.name.find('.') != std::string::npos;
    if (setting.param && !setting.example && !own) continue;
    const std::string& value = setting.param && setting.example ? *setting.example : setting.constant;
    const char* values[] = {setting.name.c_str(), value.c_str()};
    const PgResultPtr result(PQexecParams(connection, kSetForSession, 2, nullptr, values, nullptr, nullptr, 0));
    if (Failed(result)) return AuthorMessage(*result);
  }
  if (as.role.empty()) return "";
  const char* values[] = {as.role.c_str()};
  const PgResultPtr result(PQexecParams(connection, kSetRoleForSession, 1, nullptr, values, nullptr, nullptr, 0));
  return Failed(result) ? AuthorMessage(*result) : "";
}

}  // namespace kck
