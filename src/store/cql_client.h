// The client of Cassandra. Nothing outside src/store sees it, nor the driver behind it (store/cql).
//
// - Any thread may call, from callbacks too, but for Close and the calls that block.
// - Each call with a callback leads to exactly one, on a thread of the scheduler or of Close's caller, and never inside
//   the call. Callbacks do not throw.
// - Cassandra need not be there when a process starts: Connect may be called again and again until it succeeds. Before
//   that all other calls fail with kUnavailable; after it the driver keeps up its connections by itself, and follows
//   nodes that come, go and move.
// - Requests are sent to a replica of their partition. Only what is idempotent is sent a second time, at the same
//   consistency, and lightweight transactions never are.
// - A write of more than the nodes take (16 MiB, or half a segment of their commit log) is a bad request.
// - Statements name their keyspace and their columns: `select *` would keep the columns of the day it was prepared.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/scheduler.h"
#include "store/cql_completions.h"
#include "store/cql_result.h"
#include "store/cql_value.h"

struct KckCqlClient;

namespace kck {

// The numbers are the protocol's.
enum class CqlConsistency : std::uint16_t {
  kOne = 1,
  kTwo = 2,
  kThree = 3,
  kQuorum = 4,
  kAll = 5,
  kLocalQuorum = 6,
  kEachQuorum = 7,
  kSerial = 8,
  kLocalSerial = 9,
  kLocalOne = 10,
};

struct CqlSettings {
  std::vector<std::string> contact_points;  // "host" or "host:port"
  int port = 9042;                          // of those that name none
  std::string user;                         // empty: no login
  std::string password;
  bool tls = false;
  std::string ca_file;           // authorities in PEM form, in place of the system's
  bool verify_host = true;       // the certificate must be for the node's address
  std::string local_datacenter;  // empty: all are alike
  CqlConsistency consistency = CqlConsistency::kLocalQuorum;
  int threads = 1;
  int connections_per_host = 1;
  int connect_timeout_ms = 5000;     // a node
  int request_timeout_ms = 2000;     // with all that is tried again
  int speculative_delay_ms = 0;      // an idempotent read goes to a second node after so long; 0: it does not
  std::size_t requests_max = 20000;  // under way at once; more fail with kOverloaded
};

struct CqlOptions {
  bool idempotent = false;                                          // may be sent twice
  std::optional<CqlConsistency> consistency = std::nullopt;         // otherwise the settings'
  std::optional<CqlConsistency> serial_consistency = std::nullopt;  // kSerial or kLocalSerial (which is the default)
  std::optional<std::int64_t> timestamp_us = std::nullopt;          // of what is written; otherwise the node's clock
  int timeout_ms = 0;                                               // 0: the settings'
  int page_size = 0;                                                // rows; 0: all in one answer
  std::string paging_state = {};                                    // CqlResult::paging_state() of the page before
};

struct CqlBatchItem {
  CqlStatementPtr statement;
  std::vector<CqlValue> values;
};

struct CqlCounts {
  std::uint64_t requests = 0;
  std::array<std::uint64_t, kCqlStatuses> results{};  // by CqlStatus
  std::uint64_t failed_in_a_row = 0;                  // with kTimeout or kUnavailable, since one succeeded
  std::uint64_t retries = 0;
  std::uint32_t nodes_known = 0;
  std::uint32_t nodes_up = 0;  // that have a connection
};

class CqlClient {
 public:
  using Callback = CqlCompletions::Callback;
  using PreparedCallback = std::function<void(Result<CqlStatementPtr>)>;

  // Starts threads, and connects to nothing yet. The scheduler outlives the client and all its callbacks.
  CqlClient(Scheduler& scheduler, const CqlSettings& settings);
  ~CqlClient();
  CqlClient(const CqlClient&) = delete;
  CqlClient& operator=(const CqlClient&) = delete;

  void Connect(Callback done);
  void Prepare(const std::string& cql, PreparedCallback done);

  // `values` is read by the call.
  void Execute(const CqlStatementPtr& statement, std::span<const CqlValue> values, const CqlOptions& options,
               Callback done);

  // One unlogged batch in one round trip; applied as a whole where all its statements are of one partition.
  void ExecuteBatch(const std::vector<CqlBatchItem>& items, const CqlOptions& options, Callback done);

  // What is not prepared, such as a change of the schema: done when the nodes agree on it.
  void Query(const std::string& cql, const CqlOptions& options, Callback done);

  // The same for one who waits: not on a thread that others wait for.
  Result<void> Connect();
  Result<CqlStatementPtr> Prepare(const std::string& cql);
  Result<void> Query(const std::string& cql, const CqlOptions& options = {});
  Result<void> AwaitSchemaAgreement();

  // Ends what is under way with kAborted, and returns within seconds, after the last callback that was owed. Further
  // calls are answered with kAborted. Not from a callback.
  void Close();

  CqlCounts counts() const;

 private:
  CqlResult Await(const std::function<void(void (*)(void*, KckCqlResult*), void*)>& start);

  struct Free {
    void operator()(KckCqlClient* client) const;
  };

  std::shared_ptr<CqlCompletions> completions_;
  std::unique_ptr<KckCqlClient, Free> driver_;
  std::atomic<std::uint64_t> requests_{0};
};

}  // namespace kck
