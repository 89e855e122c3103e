// What Python functions ask of the server while they run: kck.get, set, purge, refresh, and the calls of
// updaters.
#pragma once

#include <string>

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
  void Answer(const WorkerAsk& ask, const std::string& key, TimePoint deadline, WorkerPool::AnswerCallback done);

 private:
  void Get(const std::string& raw_key, const std::string& reader, TimePoint deadline, WorkerPool::AnswerCallback done);
  void Update(const WorkerAsk& ask, TimePoint deadline, WorkerPool::AnswerCallback done);
  void Refresh(const WorkerAsk& ask, WorkerPool::AnswerCallback done);

  Engine& engine_;
};

}  // namespace kck
