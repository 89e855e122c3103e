// `python` of kck.yml: the worker processes that run what products, updaters and processes are written in Python.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "model/fault.h"

namespace kck {

struct PythonSettings {
  std::string interpreter = "python3";       // a name for PATH, or a file; absolute where it was written with a slash
  std::vector<std::string> path;             // absolute folders, before those that the interpreter knows itself
  int workers = 2;                           // processes
  int concurrency = 16;                      // async functions that run in one worker at once
  std::chrono::milliseconds timeout{30000};  // of a call, unless its definition says another one
  std::size_t memory_bytes = std::size_t{1} << 30U;        // of one worker
  std::size_t calls_max = 10000;                           // after so many, a worker is replaced
  std::size_t message_bytes_max = std::size_t{64} << 20U;  // of a value on its way
  double refresh_share = 0.5;                              // of a worker's time: for products that name no database
  int refresh_connections = 1;                             // how many of these are refreshed at once
  Location location;

  bool operator==(const PythonSettings& other) const {
    return interpreter == other.interpreter && path == other.path && workers == other.workers &&
           concurrency == other.concurrency && timeout == other.timeout && memory_bytes == other.memory_bytes &&
           calls_max == other.calls_max && message_bytes_max == other.message_bytes_max &&
           refresh_share == other.refresh_share && refresh_connections == other.refresh_connections;
  }
};

}  // namespace kck
