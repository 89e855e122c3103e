// A Primer whose computes end when a test says so, with what it says: the two halves of a race in the test's hands.
#pragma once

#include <deque>
#include <mutex>
#include <optional>

#include "primer/primer.h"

namespace kck {

// What a source with snapshots brings: `value` as read at version number `number` of the database's history.
Primed PrimedAt(std::string value, std::uint64_t number);

// Thread-safe. Answers run inside Answer and Fail, on the test's thread.
class HeldPrimer : public Primer {
 public:
  void Prime(Request request, TimePoint deadline) override;
  void PrimeBehind(std::vector<Request> requests, TimePoint deadline) override;
  void ReadMoment(const std::string& database, TimePoint deadline, Callback done) override;

  std::optional<Primed> moment;  // what ReadMoment answers, at once; nothing: that it cannot

  // How many computes have begun.
  std::size_t begun() const;

  // What compute `which` was asked for, without its callback.
  Request Asked(std::size_t which) const;

  // Ends the compute that began as number `which`, from 0.
  void Answer(std::size_t which, Primed primed);
  void Fail(std::size_t which, ErrorCode code);

 private:
  Callback Take(std::size_t which);

  mutable std::mutex mutex_;
  std::deque<Request> computes_;
};

}  // namespace kck
