#include "model/schedule_reader.h"

#include <fmt/format.h>

#include "model/time_zone.h"

namespace kck {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kEveryMin{10};
constexpr double kJitterMax = 0.5;

std::optional<milliseconds> ReadEvery(const YamlFile& file, YamlMap& fields) {
  const auto every = fields.TakeSpan("every");
  if (!every || *every >= kEveryMin) return every;
  file.Report(fields.Take("every"), "every is below 10ms", "nothing is refreshed more often than that");
  return std::nullopt;
}

// Empty where it has a fault.
std::string ReadTimeZone(const YamlFile& file, YamlMap& fields) {
  if (!fields.Has("timezone")) return "UTC";
  const auto zone = fields.TakeText("timezone");
  if (!fields.Has("cron")) {
    file.Report(fields.Take("timezone"), "timezone has no meaning without cron", "add cron, or take timezone out");
  }
  if (!zone) return "";
  const Result<TimeZone> found = TimeZone::Find(*zone);
  if (!found) file.Report(fields.Take("timezone"), found.error().message);
  return found ? *zone : "";
}

// Null where it is not given, or has a fault.
std::shared_ptr<const Cron> ReadCron(const YamlFile& file, YamlMap& fields) {
  const std::string zone = ReadTimeZone(file, fields);
  const auto expression = fields.TakeText("cron");
  if (!expression) return nullptr;
  auto cron = Cron::Parse(*expression, zone.empty() ? "UTC" : zone);
  if (!cron) file.Report(fields.Take("cron"), fmt::format("\"cron\" is not one: {}", cron.error().message));
  return cron && !zone.empty() ? *std::move(cron) : nullptr;
}

// The times as they are written, each way of writing them by itself.
std::string TimesText(YamlMap& fields) {
  if (fields.Has("every")) return "every " + fields.Take("every").Scalar();
  const std::string text = "cron " + fields.Take("cron").Scalar();
  return fields.Has("timezone") ? fmt::format("{} ({})", text, fields.Take("timezone").Scalar()) : text;
}

}  // namespace

std::optional<Schedule> ReadSchedule(const YamlFile& file, YamlMap& fields) {
  Schedule schedule;
  schedule.every = ReadEvery(file, fields);
  schedule.cron = ReadCron(file, fields);
  const auto jitter = fields.TakeNumber("jitter", 0, kJitterMax);
  if (jitter) schedule.jitter = *jitter;
  const bool has_every = fields.Has("every");
  const bool has_cron = fields.Has("cron");
  if (has_every && has_cron) {
    file.Report(fields.Take("cron"), "every and cron are both given", "keep one of them");
    return std::nullopt;
  }
  if (!has_every && !has_cron && fields.Has("jitter")) {
    file.Report(fields.Take("jitter"), "jitter has no meaning without every or cron",
                "add one of them, or take jitter out");
  }
  if (!schedule.every && !schedule.cron) return std::nullopt;
  schedule.text = TimesText(fields);
  return schedule;
}

}  // namespace kck
