// The primer of products that are SQL: runs the statement at its source, then makes the rows into the value.
#pragma once

#include "primer/primer.h"
#include "source/sources.h"

namespace kck {

// Any thread. No rows are the value [] whatever process_result says: an expression made for rows is not asked what it
// makes of none.
class SqlPrimer : public Primer {
 public:
  // Holds the source of every product that it is asked for.
  explicit SqlPrimer(Sources sources);

  void Prime(Request request, TimePoint deadline) override;
  void PrimeBehind(std::vector<Request> requests, TimePoint deadline) override;
  void ReadMoment(const std::string& database, TimePoint deadline, Callback done) override;

 private:
  Sources sources_;
  const std::shared_ptr<const SqlStatement> moment_;  // asks for nothing
};

}  // namespace kck
