// The calls of the HTTP API, one function each (docs/reference/http.md). Each answers, or leaves its answer for later.
//
// For the connection's thread.
#pragma once

#include "http/exchange.h"
#include "http/router.h"

namespace kck {

// Finds the call that the request asks for and runs it. Returns which it was.
Call RunCall(Exchange& exchange);

// read_calls.cc
void FetchCall(Exchange& exchange, const Route& route);

// mget_call.cc
void MgetCall(Exchange& exchange, const Route& route);

// write_calls.cc
void SetCall(Exchange& exchange, const Route& route);
void PurgeCall(Exchange& exchange, const Route& route);
void RefreshCall(Exchange& exchange, const Route& route);

// lease_calls.cc
void HolderCall(Exchange& exchange);
void LeaseCall(Exchange& exchange, const Route& route);
void GiveUpCall(Exchange& exchange, const Route& route);

// update_calls.cc
void CreateCall(Exchange& exchange, const Route& route);
void UpdateCall(Exchange& exchange, const Route& route);
void DeleteCall(Exchange& exchange, const Route& route);

// login_calls.cc
void LoginCall(Exchange& exchange, const Route& route);
void TokenCall(Exchange& exchange);
void LogoutCall(Exchange& exchange, const Route& route);

// explain_calls.cc
void ExplainCall(Exchange& exchange, const Route& route);

// queue_calls.cc
void QueueCall(Exchange& exchange, const Route& route);
void RetryCall(Exchange& exchange, const Route& route);

// process_calls.cc
void ProcessesCall(Exchange& exchange);
void RunProcessCall(Exchange& exchange, const Route& route);

// openapi_call.cc
void OpenApiCall(Exchange& exchange);

// node_calls.cc
void HealthCall(Exchange& exchange);
void ReadyCall(Exchange& exchange);
void MetricsCall(Exchange& exchange);
void IndexCall(Exchange& exchange);

// The writes that the answer has to show: the request's KCK-After. None where it has none.
Result<WriteTokens> TokensOf(Exchange& exchange);

// The latest moment to which the call waits: after wait_ms of its query, where that has it, and never longer than
// http.fetch_timeout_ms.
Result<TimePoint> WaitOf(const Exchange& exchange, std::string_view query);

// The value of `wait` in the query, which holds nothing else: whether the answer is the end of what is begun.
Result<bool> WaitsForEnd(std::string_view query);

// A number of milliseconds, as queries give it.
Result<std::chrono::milliseconds> ReadMilliseconds(std::string_view name, std::string_view text);

// The lease that the request's KCK-Lease names.
Result<LeaseId> LeaseOf(const Request& request);

// What the engine calls back: ends the answer with an entry or an error for `key`.
Engine::FetchCallback EntryLater(Exchange& exchange, std::string_view key);

}  // namespace kck
