#include "primer/python_primer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.h"

namespace kck {
namespace {

// What a call of many keys takes at once.
constexpr std::size_t kKeysMax = 500;

TimePoint DeadlineOf(const Product& product, TimePoint deadline) {
  if (!product.function->timeout) return deadline;
  return std::min(deadline, Clock::now() + *product.function->timeout);
}

Result<Primed> PrimedOf(PythonResult result, const Product& product) {
  if (result.failure) return Failure(ErrorOf(*result.failure, "product " + product.name));
  Primed primed;
  primed.cost_us = std::max<std::uint32_t>(1, result.cost_us);
  primed.empty = result.empty;
  primed.value = result.empty ? "[]" : std::move(result.value);
  if (!IsJson(primed.value)) {
    return Fail(ErrorCode::kPrimerFailed,
                fmt::format("what came of the Python function of product {} is no JSON", product.name));
  }
  for (auto& [key, version] : result.reads) primed.reads.push_back(std::move(key));
  return primed;
}

}  // namespace

Error ErrorOf(const PythonFailure& failure, const std::string& what) {
  // Those that a function raises for its caller.
  constexpr std::array<std::pair<std::string_view, ErrorCode>, 5> kForCallers{
      {{"KCKBadRequest", ErrorCode::kBadRequest},
       {"KCKBadKey", ErrorCode::kBadKey},
       {"KCKForbidden", ErrorCode::kForbidden},
       {"KCKUnknownKey", ErrorCode::kUnknownKey},
       {"KCKOverloaded", ErrorCode::kOverloaded}}};
  for (const auto& [name, code] : kForCallers) {
    if (failure.code == name) return {code, failure.shown, failure.traceback};
  }
  return {ErrorCode::kPrimerFailed, fmt::format("the Python function of {} raised {}", what, failure.name),
          failure.traceback.empty() ? failure.message : failure.traceback};
}

void PythonPrimer::Prime(Request request, TimePoint deadline) {
  const auto requests = std::make_shared<std::vector<Request>>();
  requests->push_back(std::move(request));
  Call(requests, DeadlineOf(*requests->front().key.product, deadline), false);
}

void PythonPrimer::PrimeBehind(std::vector<Request> requests, TimePoint deadline) {
  const ProductPtr product = requests.front().key.product;
  const std::size_t at_once = product->function->many ? kKeysMax : 1;
  for (std::size_t from = 0; from < requests.size(); from += at_once) {
    const std::size_t until = std::min(requests.size(), from + at_once);
    const auto part = std::make_shared<std::vector<Request>>();
    std::move(requests.begin() + static_cast<std::ptrdiff_t>(from),
              requests.begin() + static_cast<std::ptrdiff_t>(until), std::back_inserter(*part));
    Call(part, DeadlineOf(*product, deadline), true);
  }
}

void PythonPrimer::Call(const Requests& requests, TimePoint deadline, bool behind) {
  const ProductPtr product = requests->front().key.product;
  WorkerPool::Request call;
  call.call.kind = PythonCall::Kind::kPrime;
  call.call.name = product->name;
  for (const Request& request : *requests) {
    call.call.keys.push_back(request.key.params);
    call.computes.push_back(request.key.text);
    call.call.hints.push_back(request.hints);
  }
  call.function = product->function;
  call.behind = behind;
  call.done = [this, requests, deadline, behind](Result<std::vector<PythonResult>> results) {
    OnResults(requests, deadline, behind, std::move(results));
  };
  pool_.Call(std::move(call), deadline);
}

void PythonPrimer::OnResults(const Requests& requests, TimePoint deadline, bool behind,
                             Result<std::vector<PythonResult>> results) {
  const std::size_t keys = requests->size();
  const bool all_failed =
      !results || std::ranges::all_of(*results, [](const PythonResult& one) { return one.failure.has_value(); });
  if (keys > 1 && all_failed && Clock::now() < deadline) {
    const auto second = std::make_shared<std::vector<Request>>();
    std::move(requests->begin() + static_cast<std::ptrdiff_t>(keys / 2), requests->end(), std::back_inserter(*second));
    requests->resize(keys / 2);
    Call(requests, deadline, behind);
    return Call(second, deadline, behind);
  }
  for (std::size_t i = 0; i < keys; ++i) {
    Request& request = (*requests)[i];
    if (!results) {
      request.done(Failure(results.error()));
    } else {
      request.done(PrimedOf(std::move((*results)[i]), *request.key.product));
    }
  }
}

}  // namespace kck
