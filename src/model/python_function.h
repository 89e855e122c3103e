// What a product, updater or process names in a Python file: run by a worker process (python/worker_pool.h).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace kck {

// Immutable once loaded.
struct PythonFunction {
  std::string name;         // of the definition: what a worker knows it by
  std::string function;     // its qualified name, for people
  std::string source_hash;  // of the files that it stands in and uses: a worker that has read others does not run it
  bool is_async = false;
  bool many = false;                                 // it takes many keys at once
  std::optional<std::chrono::milliseconds> timeout;  // nothing: that of kck.yml
};

using PythonFunctionPtr = std::shared_ptr<const PythonFunction>;

// The database of what names none: refreshes of such products have a budget of their own.
inline constexpr const char* kPythonDatabase = "python";

}  // namespace kck
