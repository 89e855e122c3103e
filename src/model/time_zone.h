// The time zones of the system's database, which is Debian's package tzdata.
#pragma once

#include <chrono>
#include <string_view>

#include "base/result.h"

namespace date {
class time_zone;
}

namespace kck {

// Immutable; any thread. Known as long as the process lives: a new version of the database is read at the next start.
class TimeZone {
 public:
  // `name` is an IANA name, as "Europe/Berlin". The error says whether it is the name or the database that is not
  // there.
  static Result<TimeZone> Find(std::string_view name);

  // A stretch of time in which the zone's clock goes evenly: from `begin`, and before `end`.
  struct Span {
    std::chrono::sys_seconds begin;
    std::chrono::sys_seconds end;
    std::chrono::seconds offset;         // of its clock from UTC
    std::chrono::seconds offset_before;  // the same, before `begin`
  };

  // The one that `time` falls into, from 1970 on. The database knows the changes of clocks up to 2037.
  Span SpanOf(std::chrono::sys_seconds time) const;

 private:
  explicit TimeZone(const date::time_zone& zone) : zone_(&zone) {}

  const date::time_zone* zone_;
};

}  // namespace kck
