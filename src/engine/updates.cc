// Updaters: the write, its token, and the readers who wait to see it.
#include <fmt/format.h>

#include "base/log.h"
#include "base/planted_bug.h"
#include "engine/engine_impl.h"
#include "primer/python_functions.h"

namespace kck {
namespace {

constexpr auto kRetryMin = std::chrono::milliseconds(5);
constexpr auto kRetryMax = std::chrono::milliseconds(250);

// The wait before the next fill is tried. A flight that began before the waiter joined it says nothing, so the first
// miss costs no wait. After it, the commit is not visible yet to new snapshots.
Duration RetryWait(int missed) {
  if (missed <= 1) return Duration::zero();
  return std::min<Duration>(kRetryMax, kRetryMin * (1 << std::min(missed - 2, 10)));
}

}  // namespace

Error TokenLost() {
  return {ErrorCode::kTokenLost,
          "the database went back or was replaced since the write of this token: look whether the write is there"};
}

void Engine::Impl::RunUpdater(ResolvedWrite write, TimePoint deadline, UpdateCallback done) {
  const std::string database = write.updater->database;
  const TimePoint began = scheduler_.Now();
  const bool may_write = write.updater->function ? functions_ != nullptr : writers_.contains(database);
  if (stopping_ || !may_write) {
    return scheduler_.Post([database, done = std::move(done)] {
      done(Fail(ErrorCode::kOverloaded, fmt::format("database {} takes no writes now", database)));
    });
  }
  ++keys.writes;
  auto shared = std::make_shared<Update>(Update{std::move(write), {}, deadline, began, std::move(done)});
  CallBefore(*shared, [this, shared] { ForetellUpdate(shared); });
}

void Engine::Impl::ForetellUpdate(const std::shared_ptr<Update>& shared) {
  shared->foretold = DuesOfUpdate(*serving().catalog, shared->write, &dependencies);
  if (shared->foretold.empty()) return BeginUpdate(shared);
  if (PlantedBug(Bug::kWriteBeforeRecord)) {
    Foretell(shared->foretold, nullptr);
    return BeginUpdate(shared);
  }
  Foretell(shared->foretold, [this, shared](Result<void> noted) {
    if (noted) return BeginUpdate(shared);
    Release(shared->foretold);
    noted.error().message += "; nothing was written";
    FinishUpdate(shared, Failure(std::move(noted.error())));
  });
}

void Engine::Impl::BeginUpdate(const std::shared_ptr<Update>& update) {
  const ResolvedWrite& write = update->write;
  auto on_written = [this, update](Result<Written> written) { OnWritten(update, std::move(written)); };
  if (write.updater->function) return functions_->Write(write, update->deadline, std::move(on_written));
  writers_.at(write.updater->database)
      ->Write(write.updater->Template(write.action)->statement, write.params, update->deadline, std::move(on_written));
}

void Engine::Impl::OnWritten(const std::shared_ptr<Update>& update, Result<Written> written) {
  ResolvedWrite& write = update->write;
  if (!written) {
    // Where the connection or the time was lost, the commit may have happened.
    const ErrorCode code = written.error().code;
    const bool unknown = code == ErrorCode::kSourceError || code == ErrorCode::kSourceTimeout;
    if (unknown) {
      Settle(update->foretold, DuesOfUpdate(*serving().catalog, write, &dependencies), {sequence_.Next(), 0, {}},
             CauseOfUpdate(write, {}));
    } else {
      Release(update->foretold);
    }
    return FinishUpdate(update, Failure(std::move(written.error())));
  }
  const auto history = FindHistory(write.updater->database);
  if (!history->known() && written->transaction && !std::exchange(update->asked_epoch, true)) {
    const auto kept = std::make_shared<Written>(*std::move(written));
    return history->Learn(kept->identity, [this, update, kept] { OnWritten(update, std::move(*kept)); });
  }
  const WriteToken token = TokenOf(write.updater->database, *written);
  const bool changed_nothing = written->transaction && *written->transaction == 0;
  if (update->foretold.empty() || changed_nothing) {
    Release(update->foretold);
  } else {
    LearnKey(write, *written);
    Settle(update->foretold, DuesOfUpdate(*serving().catalog, write, &dependencies),
           {token.sequence, token.epoch, token.transaction}, CauseOfUpdate(write, *written));
  }
  TellUpdated(*update);
  FinishUpdate(update, Updated{written->rows, std::move(written->returning), seal.Seal(token)});
}

void Engine::Impl::FinishUpdate(const std::shared_ptr<Update>& update, Result<Updated> updated) {
  const std::string& name = update->write.updater->name;
  CountUpdate(name, updated, update->began);
  // Somebody wrote the function that raised; what a database refuses is told to the caller.
  if (!updated && !updated.error().detail.empty()) {
    if (const auto held = raised_write_logged_.Pass(scheduler_.Now())) {
      LogWarning("a write failed: {} ({} such were held back)", updated.error().message, *held);
      LogDetail(name, updated.error().detail);
    }
  }
  update->done(std::move(updated));
  CountDown(keys.writes);
}

std::shared_ptr<DatabaseHistory> Engine::Impl::FindHistory(const std::string& database) {
  MutexLock lock(serving_mutex_);
  return HistoryOf(database);
}

WriteToken Engine::Impl::TokenOf(const std::string& database, const Written& written) {
  // The sequence is taken after the commit: a fill that begins later reads what was written.
  WriteToken token{database, 0, written.transaction, sequence_.Next()};
  if (!written.transaction) return token;
  const auto history = FindHistory(database);
  token.epoch = history->EpochOf(written.identity);
  // Nobody can tell yet whose history that transaction is of.
  if (token.epoch == 0 && !history->known()) token.transaction.reset();
  return token;
}

void Engine::Impl::CountUpdate(const std::string& updater, const Result<Updated>& result, TimePoint began) {
  const auto time = std::chrono::duration_cast<std::chrono::microseconds>(scheduler_.Now() - began).count();
  MutexLock lock(updaters_mutex_);
  UpdaterCounts& counts = updater_counts_[updater];
  ++counts.results[result ? "done" : std::string(ErrorName(result.error().code))];
  counts.time_us += static_cast<std::uint64_t>(time);
}

std::map<std::string, UpdaterCounts> Engine::Impl::CopyUpdaterCounts() {
  MutexLock lock(updaters_mutex_);
  return updater_counts_;
}

WriteTokens Engine::Impl::Relevant(const ResolvedKey& key, WriteTokens tokens) {
  // Where a function reads and writes is its own affair.
  const bool any = key.product && key.product->function;
  std::erase_if(tokens, [&key, any](const WriteToken& token) {
    return !key.product || (!any && token.database != kPythonDatabase && token.database != key.product->database);
  });
  return tokens;
}

bool Engine::Impl::IsLost(const ResolvedKey& key, const Waiter& waiter) {
  if (waiter.after.empty()) return false;
  const ServedProduct* product = serving().Find(key.product->name);
  const std::uint32_t epoch = product != nullptr ? product->history->epoch() : 0;
  // Epoch 0: nothing is known of the database yet.
  // A function's key has tokens of other databases as well, whose epochs are their own.
  return epoch != 0 && std::ranges::any_of(waiter.after, [&](const WriteToken& token) {
           return token.transaction && token.database == key.product->database && token.epoch != epoch;
         });
}

void Engine::Impl::AwaitNewer(const ResolvedKey& key, const WaiterPtr& waiter) {
  if (waiter->answered) return;
  if (IsLost(key, *waiter)) return Reply(key, waiter, Failure(TokenLost()));
  const Duration wait = RetryWait(++waiter->missed);
  // Its deadline is set already, and ends the tries.
  auto join = [this, key, waiter] {
    if (!waiter->answered) Join(key, 0, TimePoint::max(), waiter);
  };
  if (wait == Duration::zero()) return join();
  scheduler_.At(scheduler_.Now() + wait, std::move(join));
}

}  // namespace kck
