// What Python functions ask of the server while they run: kck.get, set, purge, refresh, and the calls of
// updaters.
#pragma once

#include <string>
#include <vector>

#include "base/thread_annotations.h"
#include "engine/engine.h"
#include "python/worker_pool.h"

namespace kck {

// Any thread. The engine outlives it. What a product gets is noted as read by the key that is computed, before it is
// fetched (engine/dependencies.h).
class PythonAsks {
 public:
  explicit PythonAsks(Engine& engine) : engine_(engine) {}

  // As WorkerPool::AskHandler.
  std::string Answer(const WorkerAsk& ask, const std::vector<std::string>& keys, TimePoint deadline,
                     WorkerPool::AnswerCallback done);

 private:
  // A key that is asked for, noted as read by those that are computed from it.
  struct Read {
    ResolvedKey key;
    std::vector<ResolvedKey> readers;
  };
  Result<Read> BeginRead(const std::string& raw_key, const std::vector<std::string>& readers);
  void EndRead(const Read& read, const Served* served);
  // What ends the read, and tells what was served.
  Engine::FetchCallback ServedTold(const Read& read, WorkerPool::AnswerCallback done);
  // Also a refresh that is waited for.
  std::string Get(const WorkerAsk& ask, const std::vector<std::string>& readers, TimePoint deadline,
                  WorkerPool::AnswerCallback done);
  std::string Update(const WorkerAsk& ask, TimePoint deadline, WorkerPool::AnswerCallback done);
  void Write(const WorkerAsk& ask, WorkerPool::AnswerCallback done);
  void Refresh(const WorkerAsk& ask, WorkerPool::AnswerCallback done);

  Engine& engine_;
};

}  // namespace kck
