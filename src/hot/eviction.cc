#include "hot/eviction.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

namespace kck {
namespace {

constexpr std::uint64_t kWindowPart = 100;                         // of the bytes: one hundredth
constexpr std::uint64_t kProtectedParts = 4, kProtectedWhole = 5;  // of the main part: four fifths
constexpr std::uint32_t kSample = 16;
constexpr std::uint32_t kTicksPerTurnover = 8;
constexpr unsigned kIdleTicksFree = 5;
constexpr unsigned kWorthBits = 16;  // of fraction, so that halving a count of one leaves something to compare
constexpr unsigned kUsesMax = FrequencySketch::kCountMax;
constexpr std::uint32_t kUsesPerItem = 6;
constexpr std::uint32_t kItemsMin = 16;  // few items would forget too soon

std::uint32_t Clamped(std::size_t bytes) {
  return static_cast<std::uint32_t>(std::clamp<std::size_t>(bytes, 1, std::numeric_limits<std::uint32_t>::max()));
}

std::uint8_t CostClass(std::uint32_t cost_us) { return static_cast<std::uint8_t>(std::bit_width(cost_us) / 3); }

}  // namespace

Eviction::Id Eviction::Added(std::uint32_t hash, std::size_t bytes, std::uint32_t cost_us) {
  ++count_;
  left_.Fit(count_);
  CountArrival();
  // What is in had room: the window's overflow needs to beat nobody.
  while (WindowIsOver(0)) MoveTo(segments_[kWindow].oldest, kProbation);
  const Id id = TakeFree();
  Item& item = items_[id];
  item.hash = hash;
  item.bytes = Clamped(bytes);
  item.used_at = tick_;
  item.uses = std::min(left_.Count(hash) + 1U, kUsesMax) & kUsesMax;
  item.used_lately = 0;
  item.cost_class = CostClass(cost_us);
  Enter(id, kWindow);
  return id;
}

void Eviction::Used(Id id) {
  Item& item = items_[id];
  item.used_at = tick_;
  item.used_here = 1;
  item.used_lately = 1;
  if (item.uses == kUsesMax) return;  // hot items do not make the others forgotten
  ++item.uses;
  CountUse();
}

void Eviction::Replaced(Id id, std::size_t bytes, std::uint32_t cost_us) {
  Item& item = items_[id];
  std::uint64_t& sum = segments_[item.place].bytes;
  sum -= item.bytes;
  item.bytes = Clamped(bytes);
  sum += item.bytes;
  item.cost_class = CostClass(cost_us);
}

void Eviction::Removed(Id id) {
  Item& item = items_[id];
  left_.Raise(item.hash, item.uses);
  Leave(id);
  item.place = kFree;
  item.uses = 0;
  item.older = first_free_;
  first_free_ = id;
  --count_;
}

Eviction::Id Eviction::Victim() {
  const Id arrival = segments_[kWindow].oldest;
  const Id victim = MainVictim();
  if (victim == kNone) return arrival;
  // Judged as it will be without the victim: else its leaving would let the window overflow unjudged.
  if (!WindowIsOver(items_[victim].bytes)) return victim;
  if (!Admits(items_[arrival], items_[victim])) return arrival;
  MoveTo(arrival, kProbation);
  return victim;
}

Eviction::Id Eviction::TakeFree() {
  if (first_free_ != kNone) {
    const Id id = first_free_;
    first_free_ = items_[id].older;
    return id;
  }
  // By quarters, not doubling: memory is what this is about.
  if (items_.size() == items_.capacity()) items_.reserve(items_.size() + items_.size() / 4 + kItemsMin);
  items_.emplace_back();
  return static_cast<Id>(items_.size() - 1);
}

void Eviction::Enter(Id id, Place place) {
  Item& item = items_[id];
  Segment& segment = segments_[place];
  item.place = place & 3U;
  item.used_here = 0;
  segment.bytes += item.bytes;
  if (place == kProbation) {
    item.index = static_cast<std::uint32_t>(probation_.size());
    probation_.push_back(id);
    return;
  }
  item.newer = kNone;
  item.older = segment.newest;
  (item.older != kNone ? items_[item.older].newer : segment.oldest) = id;
  segment.newest = id;
}

void Eviction::Leave(Id id) {
  const Item& item = items_[id];
  Segment& segment = segments_[item.place];
  segment.bytes -= item.bytes;
  if (item.place == kProbation) {
    const Id last = probation_.back();
    probation_[item.index] = last;
    items_[last].index = item.index;
    probation_.pop_back();
    return;
  }
  (item.newer != kNone ? items_[item.newer].older : segment.newest) = item.older;
  (item.older != kNone ? items_[item.older].newer : segment.oldest) = item.newer;
}

void Eviction::MoveTo(Id id, Place place) {
  Leave(id);
  Enter(id, place);
}

void Eviction::CountUse() {
  if (++uses_ >= kUsesPerItem * std::max(count_, kItemsMin)) Halve();
}

void Eviction::CountArrival() {
  CountUse();
  arrival_eighths_ += kTicksPerTurnover;
  if (arrival_eighths_ < count_) return;
  arrival_eighths_ = 0;
  ++tick_;
}

void Eviction::Halve() {
  uses_ = 0;
  left_.Halve();
  for (Item& item : items_) item.uses = (item.uses / 2U) & kUsesMax;
}

bool Eviction::WindowIsOver(std::uint32_t leaving_bytes) const {
  const std::uint64_t window = segments_[kWindow].bytes;
  const std::uint64_t main = segments_[kProbation].bytes + segments_[kProtected].bytes;
  return window * kWindowPart > window + main - leaving_bytes;
}

// Afterwards something is on probation, if anything is in the main part.
void Eviction::FitProtected() {
  Segment& segment = segments_[kProtected];
  while (segment.bytes * kProtectedWhole > (segment.bytes + segments_[kProbation].bytes) * kProtectedParts) {
    const Id oldest = segment.oldest;
    MoveTo(oldest, items_[oldest].used_here != 0 ? kProtected : kProbation);
  }
}

Eviction::Id Eviction::MainVictim() {
  for (;;) {
    FitProtected();
    if (probation_.empty()) return kNone;
    const auto size = static_cast<std::uint32_t>(probation_.size());
    const std::uint32_t sample = std::min(kSample, size);
    const std::uint32_t start = Random() % size;
    std::array<Id, kSample> used;
    std::uint32_t used_count = 0;
    Id victim = kNone;
    for (std::uint32_t i = 0; i < sample; ++i) {
      const Id id = probation_[(start + i) % size];
      if (items_[id].used_here != 0) {
        used[used_count++] = id;
      } else if (victim == kNone || WorthLess(items_[id], items_[victim])) {
        victim = id;
      }
    }
    for (std::uint32_t i = 0; i < used_count; ++i) MoveTo(used[i], kProtected);
    if (victim != kNone) return victim;
  }
}

std::uint64_t Eviction::Worth(const Item& item, unsigned uses) const {
  const unsigned idle = IdleTicks(item);
  const unsigned halvings = idle > kIdleTicksFree ? std::min(idle - kIdleTicksFree, kWorthBits) : 0;
  return (std::uint64_t{uses} << kWorthBits) >> halvings;
}

bool Eviction::WorthLess(const Item& a, const Item& b) const {
  const std::uint64_t a_worth = Worth(a, a.uses) * b.bytes;  // 20 bits by 32
  const std::uint64_t b_worth = Worth(b, b.uses) * a.bytes;
  if (a_worth != b_worth) return a_worth < b_worth;
  if (a.cost_class != b.cost_class) return a.cost_class < b.cost_class;
  return IdleTicks(a) > IdleTicks(b);
}

bool Eviction::Admits(const Item& arrival, const Item& victim) const {
  const unsigned uses_before = arrival.uses != 0 ? arrival.uses - 1U : 0;
  const std::uint64_t arrival_worth = Worth(arrival, uses_before) * victim.bytes;
  const std::uint64_t victim_worth = Worth(victim, victim.uses) * arrival.bytes;
  if (arrival_worth != victim_worth) return arrival_worth > victim_worth;
  return arrival.cost_class > victim.cost_class;
}

// Marsaglia, "Xorshift RNGs", 2003.
std::uint32_t Eviction::Random() {
  random_ ^= random_ << 13U;
  random_ ^= random_ >> 17U;
  random_ ^= random_ << 5U;
  return random_;
}

}  // namespace kck
