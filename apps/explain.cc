// `kck explain KEY`: why a key is as it is, on one page.
#include <fmt/format.h>

#include "apps/client_call.h"
#include "apps/due_text.h"
#include "apps/json_view.h"
#include "apps/page.h"
#include "apps/print.h"

namespace kck {
namespace {

std::string Headline(const JsonView& report) {
  const JsonView entry = report["entry"];
  const std::string state = report["state"].Text();
  if (state == "none") return report["key"].Text() + " has nothing that is served at once";
  return fmt::format("{} is {}, {} old, in {}", report["key"].Text(), state, SpanText(entry["age_seconds"].Number()),
                     entry["place"].Text() == "store" ? "the store" : "memory");
}

// "ends in 5.0 s", or how long it has been so.
std::string SpanUntil(const JsonView& seconds, std::string_view will, std::string_view has) {
  const auto span = seconds.MaybeNumber();
  if (!span) return "";
  return *span >= 0 ? fmt::format("{} in {}", will, SpanText(*span)) : fmt::format("{} for {}", has, SpanText(*span));
}

std::string LifeText(const JsonView& entry) {
  const std::string stale = SpanUntil(entry["stale_in_seconds"], "stale", "stale");
  const std::string end = SpanUntil(entry["expires_in_seconds"], "ends", "over");
  return stale + (stale.empty() || end.empty() ? "" : ", ") + end;
}

// What happened at the time that the entry is of.
std::string_view TimeLabel(std::string_view kind) {
  if (kind == "set") return "set at";
  return kind == "tombstone" ? "purged at" : "read at";
}

void AddEntry(LabelledLines& lines, const JsonView& entry) {
  if (!entry) return;
  const std::string kind = entry["kind"].Text();
  const JsonView version = entry["version"];
  lines.Add("entry", version ? fmt::format("{}, {} bytes, version {}", kind, entry["bytes"].Count(), version.Text())
                             : fmt::format("{}, version {}", kind, entry["fill_version"].Text()));
  std::string read = entry["as_of"].Text();
  if (entry["snapshot"]) read += ", snapshot " + entry["snapshot"].Text();
  if (entry["cost_ms"].Number() > 0) read += ", took " + SpanText(entry["cost_ms"].Number() / 1000);
  lines.Add(TimeLabel(kind), read);
  lines.Add("life", LifeText(entry));
}

void AddCompute(LabelledLines& lines, const JsonView& report) {
  if (const JsonView compute = report["computing"]) {
    const auto waiters = compute["waiters"].Count();
    lines.Add("computing", fmt::format("for {}; waited for by {}", SpanText(compute["since_seconds"].Number()),
                                       CountText(waiters, "request")));
  }
  if (const JsonView failure = report["failure"]) {
    const double retry = failure["retry_in_seconds"].Number();
    lines.Add("failed", fmt::format("{}: {}", failure["name"].Text(), failure["message"].Text()));
    if (failure["detail"]) lines.Add("raised", failure["detail"].Text());
    lines.Add("failed",
              fmt::format("{} in a row; the next request may try again {}", CountText(failure["count"].Count(), "time"),
                          retry > 0 ? "in " + SpanText(retry) : "now"));
  }
}

std::string DueText(const JsonView& due) {
  std::string text = fmt::format("{} for {}", due["state"].Text(), SpanText(due["age_seconds"].Number()));
  if (const auto place = due["place"].MaybeNumber()) {
    text += *place == 1 ? ", the next of its database" : fmt::format(", number {} of its database", *place);
  }
  if (const auto retry = due["retry_in_seconds"].MaybeNumber()) text += ", again in " + SpanText(*retry);
  return text;
}

void AddDue(LabelledLines& lines, const JsonView& due) {
  if (!due) return lines.Add("due", "no");
  lines.Add("due", DueText(due));
  lines.Add("because", ReasonsText(due));
  lines.Add("demand", fmt::format("{}, costs {}{}", due["demand"].Count(), CostText(due),
                                  due["hints"].Count() > 0 ? ", " + CountText(due["hints"].Count(), "hint") : ""));
  if (due["error"]) {
    lines.Add("error", fmt::format("{} (tried {})", due["error"].Text(), CountText(due["attempts"].Count(), "time")));
  }
}

void AddRefresh(LabelledLines& lines, const JsonView& refresh) {
  AddDue(lines, refresh["due"]);
  if (const auto next = refresh["next_in_seconds"].MaybeNumber()) {
    lines.Add("schedule", "next in " + SpanText(*next));
  } else {
    lines.Add("schedule", refresh["scheduled"].Bool() ? "due now" : "none");
  }
  for (const JsonView& recent : refresh["recent"].Items()) {
    std::string line = fmt::format("{}  {}", recent["at"].Text(), recent["outcome"].Text());
    if (recent["cost_ms"].Number() > 0) line += " in " + SpanText(recent["cost_ms"].Number() / 1000);
    lines.Add("refreshed", fmt::format("{}; {}", line, recent["why"].Text()));
  }
}

void PrintExplanation(const JsonView& report) {
  PrintLine(Headline(report));
  LabelledLines lines;
  for (const JsonView& why : report["why"].Items()) lines.Add("why", why.Text());
  AddEntry(lines, report["entry"]);
  AddCompute(lines, report);
  if (const JsonView use = report["use"])
    lines.Add("asked for", fmt::format("{} on a scale to 15", use["uses"].Count()));
  AddRefresh(lines, report["refresh"]);
  PrintLine(lines.text());
}

}  // namespace

int ExplainKey(const ClientOptions& options) {
  const HttpCall call{"GET", "/explain/" + EncodeKey(options.key), "", "", ""};
  return RunClientCall(options, call, [](const HttpAnswer& answer, const AnswerBody&) {
    PrintExplanation(JsonAnswer(answer.body).root());
  });
}

}  // namespace kck
