// What the pool knows of one worker, and of one call. Of the pool's thread alone.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "python/worker_link.h"
#include "python/worker_pool.h"

namespace kck {

struct PoolMember;

struct PoolCall {
  PoolCall(std::uint64_t number, WorkerPool::Request wanted, TimePoint due, boost::asio::io_context& context)
      : id(number), request(std::move(wanted)), deadline(due), timer(context) {}

  bool writes() const { return request.call.kind != PythonCall::Kind::kPrime; }
  bool is_async() const { return request.function->is_async; }
  // It waits for what it has asked the server.
  bool waits() const { return asks > 0; }

  const std::uint64_t id;
  WorkerPool::Request request;
  const TimePoint deadline;
  boost::asio::steady_timer timer;
  bool alone = false;  // nothing runs beside it
  bool answered = false;
  int attempts = 0;
  std::size_t asks = 0;  // that are not answered
};

using PoolCallPtr = std::shared_ptr<PoolCall>;

struct PoolMember {
  std::shared_ptr<WorkerLink> link;
  std::uint64_t generation = 0;
  bool ready = false;
  bool worn = false;            // it is to be replaced, as soon as another one is ready
  bool retiring = false;        // it gets nothing more, and goes once nothing runs
  bool stopping = false;        // it has been told to go
  TimePoint give_up_at;         // by then it is to be ready, or to have gone
  WorkerPool::Sources sources;  // that it has imported
  std::vector<PoolCallPtr> running;
  std::size_t calls = 0;
  std::string last_line;  // that it printed
  PoolCallPtr culprit;    // for which it was ended
  Error why{ErrorCode::kPrimerFailed, ""};

  // Whether `call` may be put there now. `wanted`: a call that runs waits for what it computes.
  bool Takes(const PoolCall& call, bool wanted, std::size_t concurrency) const;
  bool Knows(const PoolCall& call) const;
};

std::string_view KindName(PythonCall::Kind kind);

}  // namespace kck
