// One request and its answer, as the calls (calls.h) see them.
//
// For the connection's thread, save what Later() returns. Each request gets exactly one answer: one of the Answer
// methods runs, in the call itself or in the ending that it hands to Later().
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/engine.h"
#include "http/output.h"
#include "http/request.h"
#include "http/response.h"
#include "http/server_state.h"

namespace kck {

class Exchange {
 public:
  using Ending = std::function<void(Exchange&)>;

  explicit Exchange(ThreadState& thread, bool trusted = false) : thread_(thread), trusted_(trusted) {}
  virtual ~Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Valid until the answer.
  const Request& request() const { return request_; }
  ServerState& server() { return thread_.server; }
  ThreadState& thread() { return thread_; }
  Engine& engine() { return thread_.server.node.engine; }
  RefreshWorker& refresher() { return thread_.server.node.refresher; }
  ProcessRunner& processes() { return thread_.server.node.processes; }
  // It came by the administrators' socket: who could connect there may do everything.
  bool is_trusted() const { return trusted_; }

  // Whose request it is (http/client_address.h).
  std::string ClientAddress();

  // Whom the request's token names. AuthHeaderNotPresent where it has none; else as TokenVerifier::Verify.
  Result<IdentityPtr> Identify();

  // What is answered depends on the token, and is no business of a cache between.
  void AnswersPersonally() { personal_ = true; }

  bool compat_06() const { return thread_.server.settings.compat_06; }

  // How the request is called; made when it is first asked for.
  const TracePtr& trace() {
    if (!trace_) trace_ = thread_.names.NameFor(request_);
    return trace_;
  }

  // What the answer was, for the log: a value, or the error.
  struct Answered {
    ServedFrom from = ServedFrom::kMemory;
    Freshness freshness = Freshness::kFresh;
  };
  const std::optional<Answered>& answered() const { return answered_; }
  std::optional<ErrorCode> answered_error() const { return answered_error_; }

  // The latest moment to which a call that begins now waits for the engine.
  TimePoint Deadline() const;

  // The entry, with its headers, compressed where the client takes that and it is there; or 304 where the request's
  // If-None-Match has it.
  void AnswerEntry(const Served& served);

  // The error's own status, or 200 under `compat: "0.6"`. `key` as the client spelled it.
  void AnswerError(const Error& error, std::string_view key);

  // 429, and when to come again.
  void AnswerTooMany(Duration wait, std::string_view message, std::string_view key);

  // A path or method that there is not: this status under `compat: "0.6"` too. `allow` may be empty.
  void AnswerRefusal(int status, std::string_view message, std::string_view allow);

  // JSON that is no entry. `etag` may be empty.
  void AnswerJson(int status, std::string_view body, std::string_view etag = {});

  // JSON that clients may keep while its tag stays: 200, or 304 where the request's If-None-Match has the tag.
  void AnswerTagged(std::string_view body, std::string_view etag);

  // To a browser's preflight: `methods` are those of the path.
  void AnswerPreflight(std::string_view methods);

  void AnswerText(std::string_view content_type, std::string_view body);

  // The name under which this connection holds leases (engine/leases.h), until it ends. It is no idle one from then on.
  virtual const std::string& Holder() = 0;

  // Leaves the answer for later. The result may be called from any thread, once; it runs the ending on the connection's
  // thread, unless the connection is gone by then.
  virtual std::function<void(Ending)> Later() = 0;

 protected:
  // The address of the connection's other end; empty where it has none.
  virtual std::string_view Peer() = 0;

  // True where the connection is to be closed after the answer that begins now.
  virtual bool ClosesAfterAnswer() = 0;

  Request& incoming() { return request_; }

  // Before each request's call.
  void BeginRequest() {
    personal_ = false;
    trace_ = nullptr;
    answered_.reset();
    answered_error_.reset();
  }
  Output& output() { return output_; }
  int status() const { return status_; }
  bool closes() const { return closes_; }

  // For bytes that are no request, or one that is not taken: answers, and closes.
  void AnswerFault(int status, std::string_view message);

 private:
  std::string& Begin(int status);
  std::string& BeginEntry(int status, const Served& served, bool compresses, ContentCoding coding);
  bool Compresses(const Served& served, std::size_t value_bytes) const;
  std::optional<ContentCoding> ListedCoding(const Served& served);
  bool AnswerCompressed(const Served& served);
  // A client that names its requests looks for the name, and whoever asks after a failure has to tell it.
  bool TellsName(int status) const;
  void AnswerBody(int status, std::string_view content_type, std::string_view extra_name, std::string_view extra,
                  std::string_view body);

  ThreadState& thread_;
  const bool trusted_;
  bool personal_ = false;  // of the request under way, as are these three:
  TracePtr trace_;
  std::optional<Answered> answered_;
  std::optional<ErrorCode> answered_error_;
  Request request_;
  Output output_;
  int status_ = 0;
  bool closes_ = false;
};

}  // namespace kck
