// The primer of products that are Python functions: has a worker run them.
#pragma once

#include "primer/primer.h"
#include "python/worker_pool.h"

namespace kck {

// Any thread. The pool outlives it. A function that takes many keys at once gets those of PrimeBehind together; where
// that call fails as a whole, it is halved until the bad key stands alone.
class PythonPrimer : public Primer {
 public:
  explicit PythonPrimer(WorkerPool& pool) : pool_(pool) {}

  void Prime(Request request, TimePoint deadline) override;
  void PrimeBehind(std::vector<Request> requests, TimePoint deadline) override;

 private:
  using Requests = std::shared_ptr<std::vector<Request>>;

  void Call(const Requests& requests, TimePoint deadline, bool behind);
  void OnResults(const Requests& requests, TimePoint deadline, bool behind, Result<std::vector<PythonResult>> results);

  WorkerPool& pool_;
};

// What the exception that a function raised is to its caller. `what` is as "product route".
Error ErrorOf(const PythonFailure& failure, const std::string& what);

}  // namespace kck
