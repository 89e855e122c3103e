// What workers say, and what becomes of it.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "python/worker_pool_impl.h"

namespace kck {
namespace {

namespace asio = boost::asio;

// A worker that has grown so far, of what it may have, is replaced before the limit fails a call.
constexpr double kGrownPart = 0.75;

}  // namespace

void WorkerPool::Impl::OnMessage(const MemberPtr& member, WorkerMessage message) {
  if (auto* hello = std::get_if<WorkerHello>(&message)) return OnHello(member, *hello);
  if (auto* result = std::get_if<WorkerResult>(&message)) return OnResult(member, std::move(*result));
  if (auto* ask = std::get_if<WorkerAsk>(&message)) return OnAsk(member, *ask);
  // It says itself that it is of no more use.
  Retire(member);
  FillUp();
}

void WorkerPool::Impl::OnHello(const MemberPtr& member, WorkerHello& hello) {
  if (hello.protocol != kWorkerProtocol) {
    return Condemn(member, nullptr,
                   {ErrorCode::kPrimerFailed,
                    fmt::format("the package kck {} of the Python interpreter speaks another protocol than this "
                                "server: install the one of its version",
                                hello.kck_version)});
  }
  for (const PythonDefinition& definition : hello.described.definitions) {
    member->sources[SourceName(definition.kind, definition.function.name)] = definition.function.source_hash;
  }
  member->ready = true;
  starts_failed_ = 0;
  RetireOlder();
  const auto worn = std::ranges::find_if(members_, [](const MemberPtr& one) { return one->worn && !one->retiring; });
  if (worn != members_.end()) Retire(MemberPtr(*worn));
  Pump();
}

void WorkerPool::Impl::OnResult(const MemberPtr& member, WorkerResult result) {
  const auto at = std::ranges::find(member->running, result.id, &PoolCall::id);
  if (at == member->running.end()) return;
  const PoolCallPtr call = std::move(*at);
  member->running.erase(at);
  deaths_in_a_row_ = 0;
  const std::size_t wanted = call->request.call.kind == PythonCall::Kind::kPrime ? call->request.call.keys.size() : 1;
  if (result.results.size() == wanted) {
    counts_.failed += static_cast<std::uint64_t>(
        std::ranges::count_if(result.results, [](const PythonResult& one) { return one.failure.has_value(); }));
    Answer(call, std::move(result.results));
  } else {
    Answer(call, Fail(call->writes() ? ErrorCode::kSourceError : ErrorCode::kPrimerFailed,
                      fmt::format("{} results came for {} keys", result.results.size(), wanted)));
  }
  ++member->calls;
  const bool grown =
      static_cast<double>(result.resident_bytes) > kGrownPart * static_cast<double>(settings_.memory_bytes);
  member->worn = member->worn || grown || member->calls >= settings_.calls_max;
  if (member->retiring) StopIfIdle(member);
  FillUp();
  Pump();
}

void WorkerPool::Impl::OnAsk(const MemberPtr& member, const WorkerAsk& ask) {
  PoolCallPtr call;
  if (ask.call) {
    const auto at = std::ranges::find(member->running, *ask.call, &PoolCall::id);
    if (at != member->running.end()) call = *at;
  }
  const std::uint64_t number = ++last_ask_;
  const auto answer = [this, link = std::weak_ptr(member->link), id = ask.id, call, number](WorkerPool::Answer given) {
    asio::post(context_, [this, link, id, call, number, given = std::move(given)] {
      if (call) WaitNoMore(*call, number);
      const auto alive = link.lock();
      if (alive) alive->Send(ReplyFrame(id, given.value, given.version, given.modified_unix_ms));
      Pump();
    });
  };
  if (!handlers_.ask) {
    return answer({Fail(ErrorCode::kBadRequest, "nothing can be asked for here"), ""});
  }
  const TimePoint deadline = call ? call->deadline : Clock::now() + settings_.timeout;
  const bool primes = call && call->request.call.kind == PythonCall::Kind::kPrime;
  std::string waits_for =
      handlers_.ask(ask, primes ? call->request.computes : std::vector<std::string>(), deadline, answer);
  if (!call) return;
  asked_.insert(waits_for);
  call->asked.emplace(number, std::move(waits_for));
  Pump();
}

void WorkerPool::Impl::WaitNoMore(PoolCall& call, std::uint64_t ask) {
  const auto found = call.asked.find(ask);
  if (found == call.asked.end()) return;
  asked_.erase(asked_.find(found->second));
  call.asked.erase(found);
}

}  // namespace kck
