#include "store/cql_completions.h"

#include <cassert>
#include <utility>

#include "store/cql_hand_over.h"

namespace kck {

struct CqlCompletions::Request {
  std::shared_ptr<CqlCompletions> owner;
  Callback done;
  CqlResult result{nullptr};
  Request* next = nullptr;
  CqlHandOver hand_over{};
};

CqlCompletions::~CqlCompletions() { assert(outstanding() == 0); }

void* CqlCompletions::Begin(Callback done) {
  auto* request = new Request{.owner = shared_from_this(), .done = std::move(done)};
  if (outstanding_.fetch_add(1) < requests_max_) {
    request->hand_over.ToDriver();
    return request;
  }
  request->result =
      CqlResult(CqlStatus::kOverloaded, fmt::format("{} requests are under way, and that is the bound", requests_max_));
  Push(request);
  return nullptr;
}

void CqlCompletions::OnDone(void* begun, KckCqlResult* result) noexcept {
  auto* request = static_cast<Request*>(begun);
  request->hand_over.FromDriver();
  request->result = CqlResult(result);
  Push(request);
}

void CqlCompletions::Push(Request* request) {
  // Once it is in the list, another thread may run it, and let go of all that it holds.
  const std::shared_ptr<CqlCompletions> self = request->owner;
  Request* first = self->done_.load();
  do {
    request->next = first;
  } while (!self->done_.compare_exchange_weak(first, request));
  if (first == nullptr) self->scheduler_.Post([self] { self->Drain(); });
  self->NoteChange();
}

void CqlCompletions::Drain() {
  Request* latest = done_.exchange(nullptr);
  Request* oldest = nullptr;
  while (latest != nullptr) {
    Request* next = std::exchange(latest->next, oldest);
    oldest = std::exchange(latest, next);
  }
  while (oldest != nullptr) {
    std::unique_ptr<Request> request(std::exchange(oldest, oldest->next));
    Count(request->result.status());
    request->done(std::move(request->result));
    const std::shared_ptr<CqlCompletions> self = std::move(request->owner);
    request.reset();  // what the callback holds goes before it counts as done
    outstanding_.fetch_sub(1);
    NoteChange();
  }
}

void CqlCompletions::AwaitAll() {
  while (true) {
    const std::uint32_t seen = changes_.load();
    Drain();
    if (outstanding_.load() == 0) return;
    changes_.wait(seen);
  }
}

void CqlCompletions::NoteChange() {
  changes_.fetch_add(1);
  changes_.notify_all();
}

}  // namespace kck
