// A Writer whose writes end when a test says so, with what it says.
#pragma once

#include <deque>
#include <mutex>

#include "source/writer.h"

namespace kck {

// What a commit of transaction `transaction` brings, on the server that PrimedAt reads from.
Written WrittenAt(std::uint64_t transaction);

// Thread-safe. Answers run inside Answer, on the test's thread.
class HeldWriter : public Writer {
 public:
  void Write(std::shared_ptr<const SqlStatement> statement, std::vector<ParamValue> params, TimePoint deadline,
             WriteCallback done) override;
  Result<Description> Describe(const SqlStatement&) override { return describe; }
  bool Reachable() const override { return true; }
  SqlDialect dialect() const override { return SqlDialect::kPostgres; }

  std::size_t begun() const;

  // The parameters of the write that began as number `which`, from 0.
  std::vector<ParamValue> params(std::size_t which) const;

  // Ends it.
  void Answer(std::size_t which, Result<Written> written);

  Result<Description> describe = Description{};

 private:
  mutable std::mutex mutex_;
  std::deque<WriteCallback> writes_;
  std::deque<std::vector<ParamValue>> params_;
};

}  // namespace kck
