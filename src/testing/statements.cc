#include "testing/statements.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <stdexcept>

namespace kck {

std::shared_ptr<const SqlStatement> MakeStatement(std::string_view sql, const std::vector<Param>& params,
                                                  SqlDialect dialect, RowShape shape) {
  auto parsed = ParseSqlTemplate(sql, dialect);
  if (!parsed) throw std::runtime_error(parsed.error().message);
  auto statement = std::make_shared<SqlStatement>();
  std::string identity(sql);
  for (const Param& param : params) {
    statement->types.push_back(param.type);
    identity += ParamTypeName(param.type);
  }
  for (const TemplateParam& used : parsed->params) {
    const auto found = std::ranges::find(params, used.name, &Param::name);
    if (found == params.end()) throw std::runtime_error(fmt::format("no parameter {}", used.name));
    statement->arguments.push_back(static_cast<std::size_t>(found - params.begin()));
  }
  statement->sql = *std::move(parsed);
  statement->shape = shape;
  statement->id = XXH3_64bits(identity.data(), identity.size());
  return statement;
}

std::shared_ptr<const SqlStatement> RunningAs(const std::shared_ptr<const SqlStatement>& statement, RunAs as) {
  auto running = std::make_shared<SqlStatement>(*statement);
  const std::string text = RunAsText(as);
  running->id = XXH3_64bits_withSeed(text.data(), text.size(), statement->id);
  running->run_as = std::make_shared<const RunAs>(std::move(as));
  return running;
}

Result<Rows> RunFill(Source& source, std::shared_ptr<const SqlStatement> statement, std::vector<ParamValue> params,
                     Duration wait) {
  auto answered = std::make_shared<std::promise<Result<Rows>>>();
  source.Fill(std::move(statement), std::move(params), Clock::now() + wait,
              [answered](Result<Rows> rows) { answered->set_value(std::move(rows)); });
  return answered->get_future().get();
}

Result<Written> RunWrite(Writer& writer, std::shared_ptr<const SqlStatement> statement, std::vector<ParamValue> params,
                         Duration wait) {
  auto answered = std::make_shared<std::promise<Result<Written>>>();
  writer.Write(std::move(statement), std::move(params), Clock::now() + wait,
               [answered](Result<Written> written) { answered->set_value(std::move(written)); });
  return answered->get_future().get();
}

}  // namespace kck
