// An author's template as SQLite gets it.
//
// Pure but for the statements that they are given; the thread of those.
#pragma once

#include <sqlite3.h>

#include <string>
#include <vector>

#include "model/product.h"

namespace kck {

// The template with ?1, ?2, … for its parameters; a parameter that is named twice keeps one number.
std::string SqliteNumberedTemplate(const SqlStatement& statement);

// "line L column C" of the author's text, both from 1 and the column in characters, for byte `offset` of the numbered
// template.
std::string SqlitePlaceText(const SqlStatement& statement, std::size_t offset);

// Binds `params`, in their canonical text (model/param.h), by their types: int and bool as INTEGER, float as REAL, all
// others as TEXT; a timestamp is the text 2013-01-31T05:00:00Z, which datetime(:name) turns into SQLite's own form.
// SQLite's code.
int BindSqliteParams(sqlite3_stmt& prepared, const std::vector<ParamType>& types,
                     const std::vector<ParamValue>& params);

}  // namespace kck
