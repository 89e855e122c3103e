// What the pool knows of one worker, and of one call. Of the pool's thread alone.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "python/worker_link.h"
#include "python/worker_pool.h"

namespace kck {

struct PoolMember;

struct PoolCall {
  PoolCall(std::uint64_t number, WorkerPool::Request wanted, TimePoint due, boost::asio::io_context& context)
      : id(number), request(std::move(wanted)), deadline(due), timer(context) {}

  bool writes() const { return request.call.writes(); }
  bool is_async() const { return request.function->is_async; }
  // It waits for what it has asked the server.
  bool waits() const { return !asked.empty(); }
  // Whether it waits for one of these.
  bool Asks(const std::vector<std::string>& keys) const;

  const std::uint64_t id;
  WorkerPool::Request request;
  const TimePoint deadline;
  boost::asio::steady_timer timer;
  bool alone = false;  // nothing runs beside it
  bool answered = false;
  int attempts = 0;
  std::map<std::uint64_t, std::string> asked;  // that is not answered: by its number what the answer waits for
};

using PoolCallPtr = std::shared_ptr<PoolCall>;
using WaitingCalls = std::set<const PoolCall*>;

struct PoolMember {
  std::shared_ptr<WorkerLink> link;
  std::uint64_t generation = 0;
  bool ready = false;
  bool worn = false;                           // it is to be replaced, as soon as another one is ready
  bool retiring = false;                       // it gets nothing more, and goes once nothing runs
  bool stopping = false;                       // it has been told to go
  TimePoint give_up_at;                        // by then it is to be ready, or to have gone
  std::map<std::string, std::string> sources;  // by the definition's kind and name: the hash of its source
  std::vector<PoolCallPtr> running;
  std::size_t calls = 0;
  std::string last_line;  // that it printed
  PoolCallPtr culprit;    // for which it was ended
  Error why{ErrorCode::kPrimerFailed, ""};

  // Whether `call` may be put there now. `waiters`: the calls that wait for it.
  bool Takes(const PoolCall& call, const WaitingCalls& waiters, std::size_t concurrency) const;
  bool Knows(const PoolCall& call) const;
};

// Those of the members' running calls that wait for what `call` computes, or for one that does.
WaitingCalls WaitersOf(const PoolCall& call, const std::vector<std::shared_ptr<PoolMember>>& members);

// As PoolMember::sources is keyed.
std::string SourceName(std::string_view kind, std::string_view name);
std::string_view KindName(const PythonCall& call);

}  // namespace kck
