#include "simulation/sim_sources.h"

#include <utility>

namespace kck {
namespace {

constexpr std::uint64_t kHangsOneIn = 400;
constexpr DatabaseIdentity kIdentity{7, 1};

}  // namespace

void SimPrimer::Prime(Request request, TimePoint deadline) {
  std::vector<Request> requests;
  requests.push_back(std::move(request));
  PrimeBehind(std::move(requests), deadline);
}

void SimPrimer::PrimeBehind(std::vector<Request> requests, TimePoint deadline) {
  SimDatabase& database = *databases_.at(requests.front().key.product->database);
  auto statement = std::make_shared<Statement>(Statement{database, process_.Now(), std::move(requests), {}, {}});
  for (const Request& request : statement->requests) {
    statement->computes.push_back(checker_.ComputeBegan(request.key));
  }
  if (database.reachable && database.hangs && random_.OneIn(kHangsOneIn)) {
    process_.At(deadline, [this, statement] { Fail(statement, ErrorCode::kSourceTimeout); });
    return;
  }
  process_.After(random_.Latency(), [this, statement] { Read(statement); });
}

void SimPrimer::ReadMoment(const std::string& name, TimePoint, Callback done) {
  const SimDatabase& database = *databases_.at(name);
  process_.After(random_.Latency(), [this, &database, done = std::move(done)] {
    Result<Primed> moment = kck::Fail(ErrorCode::kSourceError, "scripted");
    if (database.reachable && !random_.Percent(database.errors_percent))
      moment = Stamped(database, database.Snapshot());
    process_.After(random_.Latency(), [done, moment = std::move(moment)] { done(moment); });
  });
}

Primed SimPrimer::Stamped(const SimDatabase& database, const Stamp& snapshot) {
  Primed primed;
  if (!database.has_snapshots()) return primed;
  primed.stamp = InternStamp(snapshot.Text());
  primed.identity = kIdentity;
  return primed;
}

void SimPrimer::Read(const StatementPtr& statement) {
  const SimDatabase& database = statement->database;
  if (!database.reachable || random_.Percent(database.errors_percent)) {
    return Fail(statement, ErrorCode::kSourceError);
  }
  const Stamp snapshot = database.Snapshot();
  for (const Request& request : statement->requests) {
    statement->values.push_back(Compute(request.key, database, snapshot));
  }
  process_.After(random_.Latency(), [this, statement] { Answer(statement); });
}

Primed SimPrimer::Compute(const ResolvedKey& key, const SimDatabase& database, const Stamp& snapshot) const {
  Primed primed = Stamped(database, snapshot);
  primed.value = ValueOf(key, key.product->fingerprint, rows_, [&](Row row) { return database.At(row, snapshot); });
  primed.empty = primed.value == "[]";
  return primed;
}

void SimPrimer::Fail(const StatementPtr& statement, ErrorCode code) {
  for (std::size_t i = 0; i < statement->requests.size(); ++i) {
    checker_.ComputeEnded(statement->requests[i].key, statement->computes[i], true);
    statement->requests[i].done(kck::Fail(code, "scripted"));
  }
}

void SimPrimer::Answer(const StatementPtr& statement) {
  const auto time = std::chrono::duration_cast<std::chrono::microseconds>(process_.Now() - statement->began).count();
  for (std::size_t i = 0; i < statement->requests.size(); ++i) {
    Primed& primed = statement->values[i];
    primed.cost_us = static_cast<std::uint32_t>(static_cast<std::size_t>(time) / statement->requests.size() + 1);
    checker_.ComputeEnded(statement->requests[i].key, statement->computes[i], false);
    statement->requests[i].done(std::move(primed));
  }
}

void SimWriter::Write(std::shared_ptr<const SqlStatement> statement, std::vector<ParamValue> params, TimePoint,
                      WriteCallback done) {
  const Row row =
      params.empty() ? static_cast<Row>(random_.Below(static_cast<std::uint64_t>(rows_))) : std::stoi(*params.front());
  auto written = [this, row, done = std::move(done)](Result<SimDatabase::Commit> commit) {
    if (!commit) return done(Failure(std::move(commit.error())));
    Written answer;
    answer.rows = 1;
    answer.columns = {"id", "n"};
    answer.returning = fmt::format("[[{},{}]]", row, commit->number);
    if (database_.has_snapshots()) {
      answer.transaction = commit->transaction;
      answer.identity = kIdentity;
    }
    done(std::move(answer));
  };
  database_.Write(row, Deletes(*statement), process_, std::move(written));
}

}  // namespace kck
