#include "base/pause_point.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

namespace kck {
namespace {

enum class Stage { kArmed, kWaiting };

struct Registry {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, Stage, std::less<>> points;
};

Registry& Points() {
  static Registry registry;
  return registry;
}

}  // namespace

void ReachPausePoint(std::string_view name) {
  Registry& registry = Points();
  std::unique_lock lock(registry.mutex);
  auto point = registry.points.find(name);
  if (point == registry.points.end() || point->second != Stage::kArmed) return;
  point->second = Stage::kWaiting;
  registry.changed.notify_all();
  registry.changed.wait(lock, [&] { return registry.points.find(name) == registry.points.end(); });
}

void ArmPausePoint(std::string_view name) {
  Registry& registry = Points();
  std::lock_guard lock(registry.mutex);
  registry.points[std::string(name)] = Stage::kArmed;
}

void AwaitPausePoint(std::string_view name) {
  Registry& registry = Points();
  std::unique_lock lock(registry.mutex);
  registry.changed.wait(lock, [&] {
    auto point = registry.points.find(name);
    return point != registry.points.end() && point->second == Stage::kWaiting;
  });
}

void ReleasePausePoint(std::string_view name) {
  Registry& registry = Points();
  std::lock_guard lock(registry.mutex);
  registry.points.erase(std::string(name));
  registry.changed.notify_all();
}

}  // namespace kck
