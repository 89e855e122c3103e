#include "store/set_aside.h"

#include <fmt/chrono.h>

#include <array>
#include <filesystem>
#include <vector>

namespace kck {
namespace {

namespace fs = std::filesystem;

// A folder that is not there yet.
fs::path NewFolder(const fs::path& folder, std::int64_t unix_ms) {
  const std::string name =
      fmt::format("damaged-{:%Y%m%dT%H%M%SZ}", fmt::gmtime(static_cast<std::time_t>(unix_ms / 1000)));
  std::error_code error;
  fs::path path = folder / name;
  for (int number = 2; fs::exists(path, error); ++number) path = folder / fmt::format("{}-{}", name, number);
  return path;
}

bool IsRocksDbs(const fs::path& file) {
  constexpr std::array<std::string_view, 4> kEnds{".sst", ".log", ".blob", ".dbtmp"};
  constexpr std::array<std::string_view, 4> kBegins{"MANIFEST-", "OPTIONS-", "CURRENT", "IDENTITY"};
  const std::string name = file.filename().string();
  return std::ranges::any_of(kEnds, [&](std::string_view end) { return name.ends_with(end); }) ||
         std::ranges::any_of(kBegins, [&](std::string_view begin) { return name.starts_with(begin); });
}

}  // namespace

Result<std::string> SetAside(const std::string& folder, std::int64_t unix_ms) {
  std::error_code error;
  const fs::path to = NewFolder(folder, unix_ms);
  fs::create_directory(to, error);
  std::vector<fs::path> files;
  for (fs::directory_iterator item(folder, error), end; !error && item != end; item.increment(error)) {
    if (IsRocksDbs(item->path()) && item->is_regular_file(error)) files.push_back(item->path());
  }
  for (const fs::path& file : files) {
    if (!error) fs::rename(file, to / file.filename(), error);
  }
  if (!error) return to.string();
  return Fail(ErrorCode::kStoreError,
              fmt::format("the damaged files in {} cannot be set aside ({}): move them away", folder, error.message()));
}

}  // namespace kck
