#include "http/queue_text.h"

#include "base/json_object.h"

namespace kck {
namespace {

void AppendWishes(std::string& out, const RefreshCounters& counters) {
  JsonObject wishes(out);
  for (std::size_t reason = 0; reason < kRefreshReasons; ++reason) {
    if (counters.wishes.at(reason) == 0) continue;
    wishes.Number(RefreshReasonName(static_cast<RefreshReason>(reason)), counters.wishes.at(reason));
  }
  wishes.End();
}

void AppendCounters(JsonObject& object, const RefreshCounters& counters) {
  AppendWishes(object.Member("wishes"), counters);
  object.Number("refused", counters.refused);
  object.Number("groups", counters.groups);
  object.Number("done", counters.done);
  object.Number("found_fresh", counters.found_fresh);
  object.Number("missed", counters.missed);
  object.Number("failed", counters.failed);
  object.Number("given_up", counters.dead);
}

void AppendDatabase(std::string& out, const DatabaseRefreshReport& database) {
  JsonObject object(out);
  object.Text("name", database.name);
  object.Bool("reachable", database.reachable);
  object.Number("waiting", database.due.waiting);
  object.Number("leased", database.due.leased);
  object.Number("backing_off", database.due.backing_off);
  object.Number("dead", database.due.dead);
  object.Seconds("oldest_seconds", database.due.oldest);
  object.Real("share", database.share);
  object.Real("share_configured", database.share_configured);
  object.Number("connections", static_cast<std::uint64_t>(database.connections));
  object.Real("busy_seconds", database.busy_seconds);
  object.Bool("congested", database.congested);
  object.Real("latency_ms", std::chrono::duration<double, std::milli>(database.latency).count());
  AppendCounters(object, database.counters);
  AppendJsonList(object.Member("keys"), database.keys, [&out](const DueReport& due) { AppendDue(out, due); });
  object.End();
}

void AppendProduct(std::string& out, const ProductRefreshReport& product) {
  JsonObject object(out);
  object.Text("name", product.name);
  object.Micros("key_ms", product.key_us);
  object.Seconds("fresh_seconds", product.fresh);
  object.Number("fresh_met", product.fresh_met);
  object.Number("fresh_missed", product.fresh_missed);
  object.Bool("unreachable", product.unreachable);
  object.End();
}

void AppendRecent(std::string& out, const RecentRefresh& recent, TimeText& times) {
  JsonObject object(out);
  object.Member("at") += '"';
  times.AppendIso(out, recent.unix_ms);
  out += '"';
  object.Text("outcome", recent.outcome);
  object.Micros("cost_ms", recent.cost_us);
  object.Text("why", recent.why);
  object.End();
}

}  // namespace

void AppendDue(std::string& out, const DueReport& due) {
  JsonObject object(out);
  object.Text("key", due.key);
  object.Text("state", DueStateName(due.state));
  if (due.place) object.Number("place", *due.place + 1);
  AppendJsonList(object.Member("reasons"), due.reasons,
                 [&out](RefreshReason reason) { AppendJsonString(out, RefreshReasonName(reason)); });
  object.Text("cause", due.cause);
  object.Number("demand", due.demand);
  object.Micros("cost_ms", due.cost_us);
  object.Seconds("age_seconds", due.age);
  object.Number("hints", due.hints);
  object.Number("attempts", static_cast<std::uint64_t>(due.attempts));
  if (!due.error.empty()) object.Text("error", due.error);
  if (due.retry_in) object.Seconds("retry_in_seconds", due.retry_in);
  object.End();
}

void AppendQueue(std::string& out, const RefreshReport& report) {
  JsonObject object(out);
  object.Bool("success", true);
  AppendJsonList(object.Member("databases"), report.databases,
                 [&out](const DatabaseRefreshReport& database) { AppendDatabase(out, database); });
  AppendJsonList(object.Member("products"), report.products,
                 [&out](const ProductRefreshReport& product) { AppendProduct(out, product); });
  object.Number("scheduled", report.scheduled);
  object.Number("walks", report.walks);
  object.End();
}

void AppendKeyRefresh(std::string& out, const KeyRefreshReport& report, TimeText& times) {
  JsonObject object(out);
  if (report.due) {
    AppendDue(object.Member("due"), *report.due);
  } else {
    object.Null("due");
  }
  object.Bool("scheduled", report.scheduled);
  object.Seconds("next_in_seconds", report.next);
  AppendJsonList(object.Member("recent"), report.recent,
                 [&out, &times](const RecentRefresh& recent) { AppendRecent(out, recent, times); });
  object.End();
}

}  // namespace kck
