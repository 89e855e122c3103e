#include "refresh/database_budget.h"

namespace kck {
namespace {

// Less than the whole share is used, so that a statement that ends late does not push ten seconds over it.
constexpr double kMargin = 0.9;
constexpr double kShareFloor = 1.0 / 16;  // of the configured share
constexpr double kDecrease = 0.75;
constexpr double kIncrease = 0.05;  // of the configured share
constexpr auto kFastestKept = std::chrono::minutes(10);
// A probe is slow that takes so many times the fastest, and longer than a busy scheduler explains.
constexpr int kSlowTimes = 4;
constexpr auto kSlowMin = std::chrono::milliseconds(3);

Duration Micros(double us) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::micro>(us));
}

}  // namespace

Duration DatabaseBudget::Pause(double cost_us) const {
  // All of the time: nothing has to wait but for a connection.
  if (share_ >= 1) return Duration::zero();
  return Micros(cost_us / (share_ * configured_.connections * kMargin));
}

void DatabaseBudget::Start(double cost_us, TimePoint now) { ready_at_ = std::max(ready_at_, now) + Pause(cost_us); }

void DatabaseBudget::End(double estimated_us, double cost_us) {
  busy_us_ += cost_us;
  // Before the first group ready_at_ is the beginning of time.
  if (ready_at_ != TimePoint::min()) ready_at_ += Pause(cost_us) - Pause(estimated_us);
}

void DatabaseBudget::Probed(std::optional<Duration> latency, TimePoint now) {
  if (latency) {
    latency_ = *latency;
    while (!fastest_.empty() && fastest_.back().second >= *latency) fastest_.pop_back();
    fastest_.emplace_back(now, *latency);
    while (fastest_.front().first + kFastestKept < now) fastest_.pop_front();
  }
  congested_ = !latency || *latency > std::max<Duration>(fastest_.front().second * kSlowTimes, kSlowMin);
  if (congested_) {
    share_ = std::max(configured_.share * kShareFloor, share_ * kDecrease);
  } else {
    share_ = std::min(configured_.share, share_ + configured_.share * kIncrease);
  }
}

}  // namespace kck
