#include "model/time_zone.h"

#include <date/tz.h>
#include <fmt/format.h>

#include "model/near_name.h"

namespace kck {
namespace {

Failure NoDatabase(std::string_view why) {
  return Fail(ErrorCode::kBadRequest,
              fmt::format("the system's time zones cannot be read ({}): install the package tzdata", why));
}

Failure NoZone(std::string_view name, const date::tzdb& database) {
  std::vector<std::string> known;
  for (const date::time_zone& zone : database.zones) known.push_back(zone.name());
  const auto near = NearName(name, known);
  return Fail(ErrorCode::kBadRequest, fmt::format("there is no time zone \"{}\": {}", name,
                                                  near ? fmt::format("did you mean \"{}\"?", *near)
                                                       : "the name is an IANA one, as Europe/Berlin or UTC"));
}

}  // namespace

Result<TimeZone> TimeZone::Find(std::string_view name) {
  // The library throws where the database, or a file of it, is not there.
  try {
    const date::tzdb& database = date::get_tzdb();
    const auto zone = std::ranges::find(database.zones, name, &date::time_zone::name);
    if (database.zones.empty()) return NoDatabase("there are none");
    if (zone == database.zones.end()) return NoZone(name, database);
    zone->get_info(date::sys_seconds());  // reads the zone's file, so that nothing after this can fail
    return TimeZone(*zone);
  } catch (const std::exception& error) {
    std::string_view why = error.what();
    while (why.ends_with('\n')) why.remove_suffix(1);
    return NoDatabase(why);
  }
}

TimeZone::Span TimeZone::SpanOf(std::chrono::sys_seconds time) const {
  const date::sys_info info = zone_->get_info(time);
  // Some zones have no change of clocks, and nobody asks for one before 1970.
  const bool changed = info.begin > std::chrono::sys_seconds();
  const auto before = changed ? zone_->get_info(info.begin - std::chrono::seconds(1)).offset : info.offset;
  return {info.begin, info.end, info.offset, before};
}

}  // namespace kck
