// `kck queue`: what is due, and how refreshes go, on one page.
#include <fmt/format.h>

#include "apps/client_call.h"
#include "apps/due_text.h"
#include "apps/json_view.h"
#include "apps/page.h"
#include "apps/print.h"

namespace kck {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string PercentText(double part) { return fmt::format("{:.3g}%", part * 100); }

std::string WishesText(const JsonView& wishes) {
  std::string text;
  for (const auto& [reason, count] : wishes.Members()) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", reason, count.Count());
  }
  return text;
}

std::string DueCountsText(const JsonView& database) {
  std::string text = fmt::format("{} waiting, {} leased, {} backing off, {} dead", database["waiting"].Count(),
                                 database["leased"].Count(), database["backing_off"].Count(), database["dead"].Count());
  const double oldest = database["oldest_seconds"].Number();
  return oldest > 0 ? text + "; the oldest for " + SpanText(oldest) : text;
}

std::string BudgetText(const JsonView& database) {
  const double share = database["share"].Number();
  const double configured = database["share_configured"].Number();
  std::string text = PercentText(share);
  if (share < configured) text += " now, of " + PercentText(configured);
  text += fmt::format(" of {}", CountText(database["connections"].Count(), "connection"));
  text += fmt::format("; {} used", SpanText(database["busy_seconds"].Number()));
  if (database["latency_ms"].Number() > 0)
    text += "; it answers in " + SpanText(database["latency_ms"].Number() / 1000);
  return text + (database["congested"].Bool() ? ", and is congested" : "");
}

std::string OutcomesText(const JsonView& database) {
  std::string text = fmt::format("{} ({} found fresh) in {}", database["done"].Count(), database["found_fresh"].Count(),
                                 CountText(database["groups"].Count(), "group"));
  for (const char* name : {"missed", "failed", "given_up", "refused"}) {
    std::string word = name;
    std::ranges::replace(word, '_', ' ');
    if (database[name].Count() > 0) text += fmt::format(", {} {}", database[name].Count(), word);
  }
  return text;
}

// What comes of it, behind why it is due.
std::string NoteText(const JsonView& due) {
  std::string text = ReasonsText(due);
  if (!due["error"]) return text;
  text += fmt::format("; tried {}", CountText(due["attempts"].Count(), "time"));
  if (const auto retry = due["retry_in_seconds"].MaybeNumber()) text += ", again in " + SpanText(*retry);
  return text + ": " + due["error"].Text();
}

std::string KeysText(const JsonView& database) {
  Rows rows{{"state", "key", "for", "demand", "cost", "why"}};
  for (const JsonView& due : database["keys"].Items()) {
    rows.push_back({due["state"].Text(), due["key"].Text(), SpanText(due["age_seconds"].Number()),
                    fmt::format("{}", due["demand"].Count()), CostText(due), NoteText(due)});
  }
  return rows.size() == 1 ? "" : TableText(rows);
}

void PrintDatabase(const JsonView& database) {
  PrintLine(database["name"].Text() + (database["reachable"].Bool() ? "" : ": cannot be reached"));
  LabelledLines lines;
  lines.Add("due", DueCountsText(database));
  lines.Add("may take", BudgetText(database));
  lines.Add("wishes", WishesText(database["wishes"]));
  lines.Add("refreshed", OutcomesText(database));
  PrintLine(lines.text());
  if (const std::string keys = KeysText(database); !keys.empty()) PrintLine("\n" + keys);
}

std::string TargetText(const JsonView& product) {
  const auto target = product["fresh_seconds"].MaybeNumber();
  return target ? SpanText(*target) : "";
}

std::string MetText(const JsonView& product) {
  const std::size_t met = product["fresh_met"].Count();
  const std::size_t all = met + product["fresh_missed"].Count();
  if (!product["fresh_seconds"] || all == 0) return "";
  return fmt::format("{} of {}", met, all);
}

std::string ProductsText(const JsonView& report) {
  Rows rows{{"product", "key takes", "fresh", "met", ""}};
  for (const JsonView& product : report["products"].Items()) {
    const double key_ms = product["key_ms"].Number();
    rows.push_back(
        {product["name"].Text(), key_ms > 0 ? SpanText(key_ms / 1000) : "", TargetText(product), MetText(product),
         product["unreachable"].Bool() ? "cannot be met: a key takes longer than that, or than its period" : ""});
  }
  return rows.size() == 1 ? "" : TableText(rows);
}

void PrintQueue(const JsonView& report) {
  for (const JsonView& database : report["databases"].Items()) {
    PrintDatabase(database);
    PrintLine("");
  }
  if (const std::string products = ProductsText(report); !products.empty()) PrintLine(products + "\n");
  std::string last = CountText(report["scheduled"].Count(), "key") + " refreshed by time";
  if (report["walks"].Number() > 0) {
    last += ", " + CountText(report["walks"].Count(), "domain") + " being walked";
  }
  PrintLine(last);
}

}  // namespace

int ShowQueue(const ClientOptions& options, int keys) {
  const HttpCall call{"GET", fmt::format("/queue?keys={}", keys), "", "", ""};
  return RunClientCall(options, call,
                       [](const HttpAnswer& answer, const AnswerBody&) { PrintQueue(JsonAnswer(answer.body).root()); });
}

int RetryDeadLetters(const ClientOptions& options) {
  const HttpCall call{"POST", "/queue/retry", "", "", ""};
  return RunClientCall(options, call, [](const HttpAnswer& answer, const AnswerBody&) {
    const auto retried = JsonAnswer(answer.body).root()["retried"].Count();
    PrintLine(retried == 0 ? "no key is dead" : CountText(retried, "key") + " queued again");
  });
}

}  // namespace kck
