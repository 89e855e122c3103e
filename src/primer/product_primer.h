// The primer of all products: each goes to the one that knows its kind, with its hooks around it.
#pragma once

#include "primer/python_hooks.h"
#include "primer/python_primer.h"
#include "primer/sql_primer.h"

namespace kck {

// Any thread. All three outlive it.
class ProductPrimer : public Primer {
 public:
  ProductPrimer(SqlPrimer& sql, PythonPrimer& python, PythonHooks& hooks) : sql_(sql), python_(python), hooks_(hooks) {}

  void Prime(Request request, TimePoint deadline) override;
  void PrimeBehind(std::vector<Request> requests, TimePoint deadline) override;
  void ReadMoment(const std::string& database, TimePoint deadline, Callback done) override;

 private:
  Primer& Of(const Product& product) {
    if (product.function) return python_;
    return sql_;
  }

  // `then` runs once the hooks before the compute have ended.
  void CallBefore(const Request& request, TimePoint deadline, std::function<void()> then);
  // Has the hooks make the value of what the compute brings.
  void MakeValues(Request& request, TimePoint deadline);
  void Filter(const ResolvedKey& key, const Hints& hints, TimePoint deadline, Primed primed, Callback done);
  void Augment(const ResolvedKey& key, const Hints& hints, TimePoint deadline, Primed primed, Callback done);

  SqlPrimer& sql_;
  PythonPrimer& python_;
  PythonHooks& hooks_;
};

}  // namespace kck
