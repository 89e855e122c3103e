// The parts of this node that the HTTP server speaks for. All outlive the server.
#pragma once

#include "auth/authenticator.h"
#include "engine/engine.h"
#include "http/login.h"
#include "process/process_runner.h"
#include "refresh/refresh_worker.h"

namespace kck {

class CompressedForms;
class WorkerPool;

struct Node {
  Engine& engine;
  RefreshWorker& refresher;
  ProcessRunner& processes;
  Authenticator* authenticator = nullptr;  // null: no tokens are asked for, and everyone may call everything
  Login* login = nullptr;                  // likewise
  CompressedForms* forms = nullptr;        // null: nothing is compressed
  WorkerPool* workers = nullptr;           // of Python; null: there are none
};

}  // namespace kck
