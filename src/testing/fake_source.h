// A Source that answers when a test says so, with what it says.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "source/source.h"

namespace kck {

// Faults that it may inject: fills that fail or answer late (Answer is the test's to call), a database that cannot be
// reached (reachable), statements that it refuses (describe). Thread-safe but for the public fields.
class FakeSource : public Source {
 public:
  void Fill(std::shared_ptr<const SqlStatement> statement, std::vector<ParamValue> params, TimePoint deadline,
            FillCallback done) override;
  Result<Description> Describe(const SqlStatement&) override { return describe; }
  bool Reachable() const override { return reachable; }
  SqlDialect dialect() const override { return SqlDialect::kPostgres; }

  struct Asked {
    std::shared_ptr<const SqlStatement> statement;
    std::vector<ParamValue> params;
    TimePoint deadline;
  };

  // The fills asked for so far, oldest first.
  std::vector<Asked> asked() const;

  // Ends the fill that was asked for as number `which`, from 0, on the calling thread.
  void Answer(std::size_t which, Result<Rows> rows);

  Result<Description> describe = Description{};
  bool reachable = true;

 private:
  mutable std::mutex mutex_;
  std::vector<Asked> asked_;
  std::vector<FillCallback> done_;
};

}  // namespace kck
