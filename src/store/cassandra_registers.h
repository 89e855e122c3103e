// What all nodes agree on, in Cassandra: registers by lightweight transactions, and numbers that only rise.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "store/cassandra_session.h"
#include "store/contention.h"
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
  void Swap(Swapping swapping) { Try(std::make_shared<Swapping>(std::move(swapping)), Contention(scheduler_)); }

  void ReadNumber(const std::string& name, SharedStore::NumberCallback done);
  void RaiseNumber(const std::string& name, std::uint64_t number, Store::PutCallback done);

 private:
  using Held = Outcome<std::optional<std::string>>;

  void Read(const std::string& name, Contention contention, OutcomeCallback<std::optional<std::string>> done);
  void Try(const std::shared_ptr<Swapping>& swapping, Contention contention);
  // Whether what failed so may be tried again.
  static bool MayTryAgain(CqlStatus failure, Contention& contention) {
    return failure == CqlStatus::kTimeout && contention.MayTryAgain();
  }
  // What the register holds, for a swap that was lost or whose end is not known (`unclear`).
  void Settle(const std::shared_ptr<Swapping>& swapping, Contention contention,
              const std::optional<CassandraFailure>& unclear);

  CassandraSession& session_;
  const Scheduler& scheduler_;
};

}  // namespace kck
