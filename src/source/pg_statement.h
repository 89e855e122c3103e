// An author's template as PostgreSQL gets it: parameters numbered and typed, the snapshot's stamp added.
//
// Pure functions; any thread.
#pragma once

#include <postgres_ext.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "model/product.h"
#include "source/numbered_template.h"

namespace kck {

// How PREPARE is told the types of the parameters.
//
// Declared types come first: they mean the same in every place of the statement. An int is int8, a string is text, a
// timestamp is timestamptz (whose text has its zone; the session's zone is UTC, so that it compares with a timestamp
// column as well as with a timestamptz one, by the index of either). Integer columns of any width keep their index, as
// PostgreSQL's integer operators work across widths.
//
// Where PostgreSQL knows no such function or operator, as in `date + :days` or `enum_column = :mood`, parameters are
// typed as literals written in their place would be: int4, and for strings and timestamps whatever the place asks for.
enum class PgTyping { kDeclared, kAsLiterals };

// True where a PREPARE that failed with this SQLSTATE may succeed with kAsLiterals.
bool MayTypeAsLiterals(std::string_view sql_state);

// The types for PREPARE: entry i is that of parameter $i+1. 0 lets PostgreSQL infer it.
std::vector<Oid> PgParamTypes(const SqlStatement& statement, PgTyping typing);

// The template with $1, $2, … for its parameters; a parameter that is named twice keeps one number.
std::string PgNumberedTemplate(const SqlStatement& statement);

// The numbered template inside the statement that adds the stamp, as the first column of exactly one row: the one where
// that column is not null. All other columns of that row are null, and the other rows are the template's, in its order.
std::string PgStampedTemplate(const SqlStatement& statement);

// The place that `position`, in characters from 1 in PgNumberedTemplate's text, came from.
TemplatePlace PgPlaceInTemplate(const SqlStatement& statement, int position);

}  // namespace kck
