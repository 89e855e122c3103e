// The messages between the server and its Python workers: maps in MessagePack, each behind its length in four bytes,
// big endian. docs/reference/worker_protocol.md has all of their fields.
//
// Pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "model/hints.h"
#include "model/hooks.h"
#include "model/param.h"
#include "model/python_definitions.h"

namespace kck {

struct Settings;

inline constexpr std::uint64_t kWorkerProtocol = 1;
inline constexpr std::size_t kFrameHeadBytes = 4;

// What a worker is told first.
struct WorkerStart {
  std::string folder;
  std::vector<std::string> path;
  PythonFiles files;
  std::size_t memory_bytes = 0;
  int concurrency = 1;
  std::size_t message_bytes_max = 0;
  std::map<std::string, std::string> databases;  // their urls by name, for kck.lib.kck_database
  bool describe = false;                         // it is only to say what the files define

  bool operator==(const WorkerStart&) const = default;
};

// What a worker is to run.
struct PythonCall {
  enum class Kind { kPrime, kUpdate, kRun, kHook };

  Kind kind = Kind::kPrime;
  std::string name;                           // of the product, updater or process
  std::vector<std::vector<ParamValue>> keys;  // of a prime; of a product's hook, one
  std::vector<Hints> hints;                   // of each of the keys
  std::string action;                         // of an update
  std::vector<std::pair<std::string, ParamValue>> params;
  Hook hook = Hook::kPrePrime;  // of a hook, and the next two
  std::string key;
  std::optional<std::string> value;  // JSON text

  // What may not be run twice.
  bool writes() const { return kind != Kind::kPrime && !(kind == Kind::kHook && hook >= Hook::kResultFilter); }
};

// Why there is no result.
struct PythonFailure {
  std::string name;     // of the exception's class
  std::string message;  // with the traceback for the log, never for an answer
  std::string traceback;
  std::string code;   // the name of one of KCK's errors, which the function raised for the caller; else empty
  std::string shown;  // with it: the message for the caller
};

// One result of a call.
struct PythonResult {
  std::string value;  // of a prime: JSON text
  bool empty = false;
  std::vector<std::pair<std::string, std::string>> reads;  // what it read through kck.get: keys, and their versions
  std::uint64_t rows = 0;                                  // of an update
  std::string returning = "[]";
  std::uint32_t cost_us = 0;  // its part of the time that the call took
  std::optional<PythonFailure> failure;
};

struct WorkerHello {
  std::uint64_t protocol = 0;
  std::string kck_version;
  std::string python_version;
  PythonDefinitions described;
};

struct WorkerResult {
  std::uint64_t id = 0;
  std::vector<PythonResult> results;
  std::size_t resident_bytes = 0;
  std::uint32_t time_us = 0;
};

// What a function that runs asks of the server.
struct WorkerAsk {
  std::uint64_t id = 0;
  std::optional<std::uint64_t> call;  // that runs the function, where that is known
  std::string op;
  std::string action;  // of an update: "insert", "update" or "delete"
  std::string key;
  std::string value;            // JSON text
  std::string hint;             // likewise
  std::string fields;           // likewise
  bool wait = false;            // of a refresh: for its value
  std::uint64_t expire_ms = 0;  // of a set of a key without a product; 0: never
};

struct WorkerEnd {
  std::string reason;
};

using WorkerMessage = std::variant<WorkerHello, WorkerResult, WorkerAsk, WorkerEnd>;

WorkerStart StartOf(const Settings& settings, const PythonFiles& files);

std::string StartFrame(const WorkerStart& start);
std::string CallFrame(std::uint64_t id, const PythonCall& call, std::chrono::milliseconds timeout);
// `answer` is JSON text; `modified_unix_ms`: since when its content is that, 0: it says nothing.
std::string ReplyFrame(std::uint64_t ask, const Result<std::string>& answer, std::string_view version,
                       std::int64_t modified_unix_ms = 0);
std::string CancelFrame(std::uint64_t call);
std::string StopFrame();

// Reads what a worker sent, without its length. The error says what is wrong with it.
Result<WorkerMessage> ReadWorkerMessage(std::string_view frame);

// Takes a stream apart into frames.
class FrameReader {
 public:
  explicit FrameReader(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void Add(std::string_view bytes) { held_ += bytes; }

  // The next frame, until the next call; nothing where it has not come whole. The error: it is longer than allowed, and
  // nothing can be read after it.
  Result<std::optional<std::string_view>> Next();

 private:
  const std::size_t bytes_max_;
  std::string held_;
  std::size_t read_ = 0;  // of held_
};

}  // namespace kck
