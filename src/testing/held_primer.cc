#include "testing/held_primer.h"

#include <fmt/format.h>

namespace kck {

Primed PrimedAt(std::string value, std::uint64_t number) {
  Primed primed;
  primed.value = std::move(value);
  primed.stamp = InternStamp(fmt::format("{}:{}:", number, number));
  primed.identity = {7, 1};
  primed.cost_us = 1000;
  return primed;
}

void HeldPrimer::Prime(Request request, TimePoint) {
  std::lock_guard lock(mutex_);
  computes_.push_back(std::move(request));
}

void HeldPrimer::PrimeBehind(std::vector<Request> requests, TimePoint deadline) {
  for (Request& request : requests) Prime(std::move(request), deadline);
}

void HeldPrimer::ReadMoment(const std::string&, TimePoint, Callback done) {
  if (moment) return done(Primed(*moment));
  done(kck::Fail(ErrorCode::kSourceError, "scripted: the database is not reached"));
}

Primer::Request HeldPrimer::Asked(std::size_t which) const {
  std::lock_guard lock(mutex_);
  return {computes_.at(which).key, computes_.at(which).hints, nullptr};
}

std::size_t HeldPrimer::begun() const {
  std::lock_guard lock(mutex_);
  return computes_.size();
}

Primer::Callback HeldPrimer::Take(std::size_t which) {
  std::lock_guard lock(mutex_);
  return std::exchange(computes_.at(which).done, nullptr);
}

void HeldPrimer::Answer(std::size_t which, Primed primed) { Take(which)(std::move(primed)); }

void HeldPrimer::Fail(std::size_t which, ErrorCode code) { Take(which)(kck::Fail(code, "scripted")); }

}  // namespace kck
