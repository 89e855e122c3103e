#include "primer/python_functions.h"

#include <fmt/format.h>

#include "base/json.h"
#include "primer/python_primer.h"

namespace kck {
namespace {

// A process works as long as it has to, unless it says a time-out.
constexpr auto kRunTimeMax = std::chrono::hours(24);

Result<Written> WrittenOf(const Updater& updater, Result<std::vector<PythonResult>> results) {
  if (!results) {
    Error& error = results.error();
    // No worker took it. One that ended in the midst of it says so by another code.
    if (error.code == ErrorCode::kPrimerFailed) {
      error = {ErrorCode::kSourceError, error.message + "; nothing was written", error.detail};
    }
    return Failure(std::move(error));
  }
  PythonResult& result = results->front();
  if (result.failure) {
    Error error = ErrorOf(*result.failure, "updater " + updater.name);
    // It may have written before it raised. What it raised for its caller, it raised instead.
    if (error.code == ErrorCode::kPrimerFailed) error.code = ErrorCode::kSourceError;
    return Failure(std::move(error));
  }
  if (!IsJson(result.returning)) {
    return Fail(ErrorCode::kSourceError, fmt::format("what updater {} returned is no JSON", updater.name));
  }
  Written written;
  written.rows = result.rows;
  written.returning = std::move(result.returning);
  return written;
}

}  // namespace

void PythonFunctions::Write(const ResolvedWrite& write, TimePoint deadline, Writer::WriteCallback done) {
  const UpdaterPtr updater = write.updater;
  WorkerPool::Request request;
  request.call.kind = PythonCall::Kind::kUpdate;
  request.call.name = updater->name;
  request.call.action = WriteActionName(write.action);
  request.call.params = NamedParams(write);
  request.function = updater->function;
  request.computes = {WorkerPool::WriteOf(updater->name)};
  request.done = [updater, done = std::move(done)](Result<std::vector<PythonResult>> results) {
    done(WrittenOf(*updater, std::move(results)));
  };
  if (updater->function->timeout) deadline = std::min(deadline, Clock::now() + *updater->function->timeout);
  pool_.Call(std::move(request), deadline);
}

void PythonFunctions::Run(const Process& process, std::function<void(Result<void>)> done) {
  WorkerPool::Request request;
  request.call.kind = PythonCall::Kind::kRun;
  request.call.name = process.name;
  request.function = process.function;
  request.done = [name = process.name, done = std::move(done)](Result<std::vector<PythonResult>> results) {
    if (!results) return done(Failure(std::move(results.error())));
    if (results->front().failure) return done(Failure(ErrorOf(*results->front().failure, "process " + name)));
    done({});
  };
  const auto time = process.function->timeout ? Duration(*process.function->timeout) : Duration(kRunTimeMax);
  pool_.Call(std::move(request), Clock::now() + time);
}

}  // namespace kck
