#include "primer/product_primer.h"

namespace kck {

void ProductPrimer::ReadMoment(const std::string& database, TimePoint deadline, Callback done) {
  // What Python computes without a database has no moments.
  if (database == kPythonDatabase) return done(Primed{});
  sql_.ReadMoment(database, deadline, std::move(done));
}

}  // namespace kck
