// What all nodes agree on, in Cassandra: registers by lightweight transactions, and numbers that only rise.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "store/cassandra_session.h"
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

  explicit CassandraRegisters(CassandraSession& session) : session_(session) {}

  void Read(const std::string& name, SharedStore::RegisterCallback done);

  // A time-out is settled by a read: after it the swap has happened, or never will.
  void Swap(Swapping swapping);

  void ReadNumber(const std::string& name, SharedStore::NumberCallback done);
  void RaiseNumber(const std::string& name, std::uint64_t number, Store::PutCallback done);

 private:
  // What the register holds, for a swap that was lost or whose end is not known (`unclear`).
  void Settle(const std::shared_ptr<Swapping>& swapping, const std::optional<Error>& unclear);

  CassandraSession& session_;
};

}  // namespace kck
