// The primer of all products: each goes to the one that knows its kind.
#pragma once

#include "primer/python_primer.h"
#include "primer/sql_primer.h"

namespace kck {

// Any thread. Both outlive it.
class ProductPrimer : public Primer {
 public:
  ProductPrimer(SqlPrimer& sql, PythonPrimer& python) : sql_(sql), python_(python) {}

  void Prime(Request request, TimePoint deadline) override {
    Of(*request.key.product).Prime(std::move(request), deadline);
  }
  void PrimeBehind(std::vector<Request> requests, TimePoint deadline) override {
    Of(*requests.front().key.product).PrimeBehind(std::move(requests), deadline);
  }
  void ReadMoment(const std::string& database, TimePoint deadline, Callback done) override;

 private:
  Primer& Of(const Product& product) {
    if (product.function) return python_;
    return sql_;
  }

  SqlPrimer& sql_;
  PythonPrimer& python_;
};

}  // namespace kck
