// PostgreSQL as updaters write it: some connections, each with a thread of its own, fed from one bounded queue.
#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "base/log.h"
#include "source/pg_describe.h"
#include "source/pg_write_session.h"
#include "source/sources.h"

namespace kck {
namespace {

class PgWriter : public Writer {
 public:
  explicit PgWriter(DatabaseSettings settings) : settings_(std::move(settings)), queue_(WriteRefusals(settings_.name)) {
    threads_.emplace_back([this] { queue_.AnswerOverdue(); });
    for (int i = 0; i < settings_.write_pool; ++i) threads_.emplace_back([this] { Run(); });
  }

  ~PgWriter() override {
    stop_ = true;
    queue_.Close();
  }

  void Write(std::shared_ptr<const SqlStatement> statement, std::vector<ParamValue> params, TimePoint deadline,
             WriteCallback done) override {
    queue_.Push({std::move(statement), std::move(params), deadline, std::move(done)});
  }

  Result<Description> Describe(const SqlStatement& statement) override {
    const Result<PgConnected> connected = ConnectPg(settings_, PgAccess::kWrite);
    reachable_ = connected.has_value();
    if (!connected) return Failure(connected.error());
    return DescribePgWrite(connected->connection.get(), statement);
  }

  bool Reachable() const override { return reachable_; }
  SqlDialect dialect() const override { return SqlDialect::kPostgres; }

 private:
  void Run() {
    std::unique_ptr<PgWriteSession> session;  // connected by the first write
    while (std::optional<WaitingStatement<Written>> write = queue_.Take()) write->done(Answer(session, *write));
  }

  Result<Written> Answer(std::unique_ptr<PgWriteSession>& session, const WaitingStatement<Written>& write) {
    for (bool repeated = false;; repeated = true) {
      if (stop_) {
        return Fail(ErrorCode::kSourceError,
                    fmt::format("database {} is being closed; nothing was written", settings_.name));
      }
      if (!session) {
        Result<std::unique_ptr<PgWriteSession>> opened = Connect();
        if (!opened) return Failure(std::move(opened.error()));
        session = *std::move(opened);
      }
      Result<Written> written = session->Write(*write.statement, write.params, write.deadline);
      const bool may_repeat = session->may_repeat();
      if (session->broken()) session.reset();
      if (written || !may_repeat || repeated) return written;
    }
  }

  Result<std::unique_ptr<PgWriteSession>> Connect() {
    auto opened = PgWriteSession::Open(settings_);
    reachable_ = opened.has_value();
    if (opened) {
      outage_logged_ = false;
      return opened;
    }
    // libpq's words are for the log, once an outage.
    if (!outage_logged_.exchange(true)) LogWarning("{}", opened.error().message);
    Error error = UnreachableError(settings_.name, "");
    return Fail(error.code, error.message + "; nothing was written");
  }

  const DatabaseSettings settings_;
  std::atomic<bool> reachable_{false};
  std::atomic<bool> outage_logged_{false};
  std::atomic<bool> stop_{false};
  StatementQueue<Written> queue_;
  std::vector<std::jthread> threads_;  // last: they end before the rest goes
};

}  // namespace

std::shared_ptr<Writer> OpenPgWriter(const DatabaseSettings& settings) { return std::make_shared<PgWriter>(settings); }

}  // namespace kck
