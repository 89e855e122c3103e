// The databases as a node has them: what it computes values from, and what it writes through.
#pragma once

#include "primer/primer.h"
#include "simulation/checker.h"
#include "simulation/sim_database.h"
#include "source/writer.h"

namespace kck {

// Statements read at some moment between their begin and their end; some fail, some never answer before their deadline.
class SimPrimer : public Primer {
 public:
  SimPrimer(SimDatabases databases, SimProcess& process, Random& random, Checker& checker, int rows)
      : databases_(std::move(databases)), process_(process), random_(random), checker_(checker), rows_(rows) {}

  void Prime(Request request, TimePoint deadline) override;
  // One statement: one snapshot, one fate.
  void PrimeBehind(std::vector<Request> requests, TimePoint deadline) override;
  void ReadMoment(const std::string& database, TimePoint deadline, Callback done) override;

 private:
  struct Statement {
    SimDatabase& database;
    TimePoint began;
    std::vector<Request> requests;
    std::vector<std::uint64_t> computes;  // the checker's numbers of them
    std::vector<Primed> values;           // once it has read
  };
  using StatementPtr = std::shared_ptr<Statement>;

  // Without a value.
  static Primed Stamped(const SimDatabase& database, const Stamp& snapshot);
  void Read(const StatementPtr& statement);
  Primed Compute(const ResolvedKey& key, const SimDatabase& database, const Stamp& snapshot) const;
  void Fail(const StatementPtr& statement, ErrorCode code);
  void Answer(const StatementPtr& statement);

  const SimDatabases databases_;
  SimProcess& process_;
  Random& random_;
  Checker& checker_;
  const int rows_;
};

class SimWriter : public Writer {
 public:
  SimWriter(SimDatabase& database, SimProcess& process, Random& random, int rows)
      : database_(database), process_(process), random_(random), rows_(rows) {}

  void Write(std::shared_ptr<const SqlStatement> statement, std::vector<ParamValue> params, TimePoint deadline,
             WriteCallback done) override;
  Result<Description> Describe(const SqlStatement&) override { return Description{}; }
  bool Reachable() const override { return database_.reachable; }
  SqlDialect dialect() const override { return SqlDialect::kPostgres; }

 private:
  SimDatabase& database_;
  SimProcess& process_;
  Random& random_;
  const int rows_;
};

}  // namespace kck
