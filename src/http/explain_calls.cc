// The call that says why a key is as it is.
#include "base/json_object.h"
#include "engine/key_report.h"
#include "http/calls.h"
#include "http/entry_text.h"
#include "http/queue_text.h"
#include "model/product_key.h"

namespace kck {
namespace {

void AppendIsoMember(JsonObject& object, std::string_view name, std::int64_t unix_ms, TimeText& times) {
  std::string& out = object.Member(name);
  out += '"';
  times.AppendIso(out, unix_ms);
  out += '"';
}

void AppendVersionMember(JsonObject& object, std::string_view name, const Version& version) {
  std::string& out = object.Member(name);
  out += '"';
  AppendVersion(out, version);
  out += '"';
}

void AppendEntry(std::string& out, const KeyReport& report, TimeText& times) {
  const Entry& entry = *report.entry;
  JsonObject object(out);
  object.Text("place", KeyPlaceName(report.place));
  object.Text("kind", EntryKindName(entry.kind()));
  // As the ETag has it; that of the snapshot is another where a fill brought the content that was there.
  if (entry.has_content()) AppendVersionMember(object, "version", entry.content_version());
  AppendVersionMember(object, "fill_version", entry.version());
  object.Number("sequence", entry.fill_sequence());
  AppendIsoMember(object, "as_of", entry.as_of_unix_ms(), times);
  if (entry.stamp()) object.Text("snapshot", entry.stamp()->Text());
  object.Seconds("age_seconds", report.age);
  object.Seconds("stale_in_seconds", report.stale_in);
  object.Seconds("expires_in_seconds", report.expires_in);
  object.Micros("cost_ms", entry.cost_us());
  object.Number("bytes", entry.value().size());
  object.End();
}

void AppendCompute(std::string& out, const KeyReport::Compute& compute) {
  JsonObject object(out);
  object.Seconds("since_seconds", compute.since);
  object.Number("waiters", compute.waiters);
  object.End();
}

void AppendFailures(std::string& out, const KeyReport::Failures& failures) {
  JsonObject object(out);
  object.Text("name", ErrorName(failures.error.code));
  object.Text("message", failures.error.message);
  if (!failures.error.detail.empty()) object.Text("detail", failures.error.detail);
  object.Number("count", static_cast<std::uint64_t>(failures.count));
  object.Seconds("retry_in_seconds", failures.retry_in);
  object.End();
}

void AppendUse(std::string& out, const KeyUse& use) {
  JsonObject object(out);
  object.Number("uses", use.uses);
  object.Bool("lately", use.used);
  object.End();
}

std::string ExplainBody(const KeyReport& report, const KeyRefreshReport& refresh, TimeText& times) {
  std::string out;
  JsonObject object(out);
  object.Bool("success", true);
  object.Text("key", report.key);
  object.Bool("product", report.has_product);
  object.Text("state", report.freshness ? FreshnessName(*report.freshness) : "none");
  AppendJsonList(object.Member("why"), report.why, [&out](const std::string& why) { AppendJsonString(out, why); });
  report.entry ? AppendEntry(object.Member("entry"), report, times) : object.Null("entry");
  report.compute ? AppendCompute(object.Member("computing"), *report.compute) : object.Null("computing");
  report.failures ? AppendFailures(object.Member("failure"), *report.failures) : object.Null("failure");
  report.use ? AppendUse(object.Member("use"), *report.use) : object.Null("use");
  AppendKeyRefresh(object.Member("refresh"), refresh, times);
  object.End();
  return out;
}

}  // namespace

void ExplainCall(Exchange& exchange, const Route& route) {
  Result<ResolvedKey> key = ResolveKey(*exchange.engine().catalog(), route.key);
  if (!key) return exchange.AnswerError(key.error(), route.key);
  exchange.engine().Explain(*std::move(key), [resume = exchange.Later()](const KeyReport& report) {
    resume([report](Exchange& waiting) {
      const KeyRefreshReport refresh = waiting.refresher().ReportOf(report.key);
      waiting.AnswerJson(200, ExplainBody(report, refresh, waiting.thread().times));
    });
  });
}

}  // namespace kck
