// Statements for tests, out of SQL text with :name parameters.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/product.h"
#include "model/run_as.h"
#include "source/source.h"
#include "source/writer.h"

namespace kck {

// `params` are the parameters in order; a name that the SQL uses and that is not among them is a test's mistake.
std::shared_ptr<const SqlStatement> MakeStatement(std::string_view sql, const std::vector<Param>& params = {},
                                                  SqlDialect dialect = SqlDialect::kPostgres,
                                                  RowShape shape = RowShape::kRows);

// The same statement under a role and settings.
std::shared_ptr<const SqlStatement> RunningAs(const std::shared_ptr<const SqlStatement>& statement, RunAs as);

// Runs a fill and waits for its answer.
Result<Rows> RunFill(Source& source, std::shared_ptr<const SqlStatement> statement, std::vector<ParamValue> params = {},
                     Duration wait = std::chrono::seconds(30));

// The same for a write.
Result<Written> RunWrite(Writer& writer, std::shared_ptr<const SqlStatement> statement,
                         std::vector<ParamValue> params = {}, Duration wait = std::chrono::seconds(30));

}  // namespace kck
