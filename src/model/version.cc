#include "model/version.h"

#include <fmt/format.h>

#include <charconv>

namespace kck {
namespace {

template <typename Number>
bool Take(std::string_view& text, Number& number, bool last) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || last != (stop == end) || (!last && *stop != '.')) return false;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()) + (last ? 0 : 1));
  return true;
}

}  // namespace

std::string VersionText(const Version& version) {
  return fmt::format("{}.{}.{}", version.epoch, version.number, version.sub);
}

std::optional<Version> ParseVersion(std::string_view text) {
  Version version;
  if (!Take(text, version.epoch, false) || !Take(text, version.number, false) || !Take(text, version.sub, true)) {
    return std::nullopt;
  }
  return version;
}

}  // namespace kck
