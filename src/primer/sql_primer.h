// The primer of products that are SQL: runs the statement at its source, then makes the rows into the value.
#pragma once

#include "primer/primer.h"
#include "source/sources.h"

namespace kck {

class SqlPrimer : public Primer {
 public:
  explicit SqlPrimer(Sources sources);

  void Prime(const ResolvedKey& key, TimePoint deadline, Callback done) override;

 private:
  Sources sources_;
};

}  // namespace kck
