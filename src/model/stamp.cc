#include "model/stamp.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <charconv>

#include "base/thread_annotations.h"

namespace kck {
namespace {

// Reads a number up to `end_char` or the end, and removes both from `text`.
std::optional<std::uint64_t> TakeNumber(std::string_view& text, char end_char) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || (stop != end && *stop != end_char)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()) + (stop != end ? 1 : 0));
  return number;
}

// The shared stamps. One leaves when its last reference goes, which happens under the table's lock: the table never
// hands out a stamp that is on its way out.
class StampTable {
 public:
  StampPtr Intern(Stamp stamp) KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const auto found = stamps_.find(stamp);
    if (found != stamps_.end()) return StampPtr(*found);
    auto shared = std::make_unique<const SharedStamp>(std::move(stamp));
    stamps_.insert(shared.get());
    return StampPtr(shared.release());
  }

  void ReleaseLast(const SharedStamp* stamp) KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (stamp->references.fetch_sub(1) > 1) return;
    stamps_.erase(stamps_.find(*stamp));
    delete stamp;
  }

 private:
  static const Stamp& Of(const Stamp& stamp) { return stamp; }
  static const Stamp& Of(const Stamp* stamp) { return *stamp; }

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const auto& stamp) const {
      const Stamp& of = Of(stamp);
      std::size_t hash = boost::hash_range(of.in_progress.begin(), of.in_progress.end());
      boost::hash_combine(hash, of.xmin);
      boost::hash_combine(hash, of.xmax);
      return hash;
    }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const auto& one, const auto& other) const { return Of(one) == Of(other); }
  };

  Mutex mutex_;
  boost::unordered_flat_set<const SharedStamp*, Hash, Equal> stamps_ KCK_GUARDED_BY(mutex_);
};

// Never destroyed: entries may outlive every other static object.
StampTable& Table() {
  static StampTable& table = *new StampTable;
  return table;
}

}  // namespace

bool Stamp::Sees(std::uint64_t transaction) const {
  if (transaction < xmin) return true;
  if (transaction >= xmax) return false;
  return !std::binary_search(in_progress.begin(), in_progress.end(), transaction);
}

std::string Stamp::Text() const { return fmt::format("{}:{}:{}", xmin, xmax, fmt::join(in_progress, ",")); }

std::optional<Stamp> ParseStamp(std::string_view text) {
  if (std::count(text.begin(), text.end(), ':') != 2 || text.ends_with(',')) return std::nullopt;
  const auto xmin = TakeNumber(text, ':');
  if (!xmin) return std::nullopt;
  const auto xmax = TakeNumber(text, ':');
  if (!xmax || *xmax < *xmin) return std::nullopt;
  Stamp stamp{*xmin, *xmax, {}};
  while (!text.empty()) {
    const auto transaction = TakeNumber(text, ',');
    const bool ascending = transaction && (stamp.in_progress.empty() || *transaction > stamp.in_progress.back());
    if (!ascending || *transaction < *xmin || *transaction >= *xmax) return std::nullopt;
    stamp.in_progress.push_back(*transaction);
  }
  return stamp;
}

StampPtr InternStamp(std::string_view text) {
  std::optional<Stamp> stamp = ParseStamp(text);
  return stamp ? Table().Intern(*std::move(stamp)) : nullptr;
}

void intrusive_ptr_add_ref(const SharedStamp* stamp) { stamp->references.fetch_add(1, std::memory_order_relaxed); }

void intrusive_ptr_release(const SharedStamp* stamp) {
  std::uint32_t references = stamp->references.load(std::memory_order_relaxed);
  while (references > 1) {
    if (stamp->references.compare_exchange_weak(references, references - 1, std::memory_order_release)) return;
  }
  Table().ReleaseLast(stamp);
}

}  // namespace kck
