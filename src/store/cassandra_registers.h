// What all nodes agree on, in Cassandra: registers by lightweight transactions, and numbers that only rise.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "store/cassandra_session.h"
#include "store/entry_tables.h"
#include "store/shared_store.h"

namespace kck {

// Any thread; the session is ready. Callbacks come as the client's do.
class CassandraRegisters {
 public:
  struct Swapping {
    std::string name;
    std::optional<std::string> expected;
    std::string value;
    int keep_s = 0;
    SharedStore::SwapCallback done;
  };

  CassandraRegisters(CassandraSession& session, const Scheduler& scheduler)
      : session_(session), scheduler_(scheduler) {}

  void Read(const std::string& name, SharedStore::RegisterCallback done);

  // A time-out is settled by a read: after it the swap has happened, or never will and is tried again.
  void Swap(Swapping swapping) { Try(std::make_shared<Swapping>(std::move(swapping)), Patience(scheduler_)); }

  void ReadNumber(const std::string& name, SharedStore::NumberCallback done);
  void RaiseNumber(const std::string& name, std::uint64_t number, Store::PutCallback done);

 private:
  // Where transactions of several nodes meet, Cassandra ends some at once as if by a time-out, reads of registers too:
  // it cannot say what becomes of them. The next one can; for so long that is tried.
  class Patience {
   public:
    explicit Patience(const Scheduler& scheduler) : scheduler_(&scheduler), until_(scheduler.Now() + kFor) {}
    bool Allows(CqlStatus failure) {
      return failure == CqlStatus::kTimeout && --tries_left_ > 0 && scheduler_->Now() < until_;
    }

   private:
    static constexpr std::chrono::seconds kFor{2};

    const Scheduler* scheduler_;
    TimePoint until_;
    int tries_left_ = 32;
  };

  using Held = Outcome<std::optional<std::string>>;

  void Read(const std::string& name, Patience patience, OutcomeCallback<std::optional<std::string>> done);
  void Try(const std::shared_ptr<Swapping>& swapping, Patience patience);
  // What the register holds, for a swap that was lost or whose end is not known (`unclear`).
  void Settle(const std::shared_ptr<Swapping>& swapping, Patience patience,
              const std::optional<CassandraFailure>& unclear);

  CassandraSession& session_;
  const Scheduler& scheduler_;
};

}  // namespace kck
