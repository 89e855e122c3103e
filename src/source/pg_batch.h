// Filling many keys of one product by one statement: its text, its parameters, and when it is worth it.
//
// The statement joins the keys, an unnest of one array a parameter, with the template, whose parameters are the key's
// columns then. PREPARE refuses some templates in this form (an aggregate over a parameter alone, a parameter whose
// type fits by a literal only); those are filled one by one, as are those that call a volatile function.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/param.h"
#include "model/product.h"

namespace kck {

// Where the columns of a batch's result are. The template's own follow.
enum PgBatchColumn : int {
  kPgBatchKey = 0,    // from 1: which of the keys
  kPgBatchStamp = 1,  // in the rows of key 1
  kPgBatchHit = 2,    // null: the key has no rows, and this one stands for that
  kPgBatchOrder = 3,  // of an ordered template: the place of the row among those of its key
};

// The template has an ORDER BY, which may order its rows.
bool PgIsOrdered(const SqlStatement& statement);

// The statement; parameter $n is the array of the values of parameter n.
std::string PgBatchTemplate(const SqlStatement& statement);

// Its parameter n, as text, of the keys in `params`.
std::string PgBatchArray(const std::vector<const std::vector<ParamValue>*>& params, std::size_t n);

// The names of the functions that the template may call, in lower case. Names that stand in strings or comments count
// as well.
std::vector<std::string> PgCalledFunctions(const SqlStatement& statement);

// Of the functions that $1 names, with a blank between two, those that are volatile; null where none is.
inline constexpr const char* kPgVolatileSql =
    "select pg_catalog.string_agg(distinct proname::pg_catalog.text, ', ') from pg_catalog.pg_proc where provolatile = "
    "'v' and pg_catalog.lower(proname) = any (pg_catalog.string_to_array($1, ' '))";

// PgCalledFunctions as $1.
std::string PgCalledFunctionsText(const SqlStatement& statement);

// What is known of filling one statement in batches. A statement's first fill is always one of one key, and tells the
// time that a key takes; beside it the database is asked for volatile functions.
struct PgBatchState {
  enum class Calls { kUnknown, kAsked, kHarmless };

  Calls calls = Calls::kUnknown;
  bool refused = false;                                 // Refuse, or no parameters
  bool ordered = false;                                 // PgIsOrdered
  double key_us = 0;                                    // measured time a key; 0: nothing is known yet
  std::size_t keys_known = 1;                           // the largest batch that was measured
  std::atomic<std::uint64_t>* refused_count = nullptr;  // set: counts this one where it is refused

  // One by one from now on.
  void Refuse();

  // `keys` of the statement took so long.
  void Note(double elapsed_us, std::size_t keys);

  // A batch of `keys` failed after so long: it would have taken at least that.
  void NoteFailed(double elapsed_us, std::size_t keys);

  // How many keys a batch may have, so that it takes some 50 ms; 1 where there is to be none. Batches grow by steps,
  // so that a first key that was quick does not lead to thousands that are slow.
  std::size_t KeysMax() const;
};

// The states of a source's statements, none of which outlives it. For one thread.
class PgBatches {
 public:
  std::shared_ptr<PgBatchState> Of(const SqlStatement& statement);

  // Of how many statements with parameters it is known that they get no batches. Any thread.
  std::uint64_t filled_singly() const { return filled_singly_; }

 private:
  std::atomic<std::uint64_t> filled_singly_ = 0;                             // before the states, which count
  std::unordered_map<std::uint64_t, std::shared_ptr<PgBatchState>> states_;  // by statement id
};

}  // namespace kck
