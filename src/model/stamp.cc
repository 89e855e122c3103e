#include "model/stamp.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>

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

class StampTable {
 public:
  StampPtr Intern(std::string_view text) KCK_EXCLUDES(mutex_) {
    const std::string name(text);
    MutexLock lock(mutex_);
    auto found = stamps_.find(name);
    if (found != stamps_.end()) {
      if (StampPtr stamp = found->second.lock()) return stamp;
    }
    std::optional<Stamp> parsed = ParseStamp(text);
    if (!parsed) return nullptr;
    auto stamp = std::make_shared<const Stamp>(*std::move(parsed));
    if (stamps_.size() >= sweep_at_) Sweep();
    stamps_[name] = stamp;
    return stamp;
  }

 private:
  void Sweep() KCK_REQUIRES(mutex_) {
    std::erase_if(stamps_, [](const auto& item) { return item.second.expired(); });
    sweep_at_ = std::max<std::size_t>(1024, stamps_.size() * 2);
  }

  Mutex mutex_;
  std::unordered_map<std::string, std::weak_ptr<const Stamp>> stamps_ KCK_GUARDED_BY(mutex_);
  std::size_t sweep_at_ KCK_GUARDED_BY(mutex_) = 1024;
};

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
  static StampTable table;
  return table.Intern(text);
}

}  // namespace kck
