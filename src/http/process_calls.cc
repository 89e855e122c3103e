// The calls about processes.
#include <array>

#include "base/json_object.h"
#include "http/calls.h"
#include "model/product_key.h"

namespace kck {
namespace {

constexpr std::string_view kRun = "/run";

std::string_view MissedName(MissedRuns missed) {
  static constexpr std::array<std::string_view, 3> kNames{"skip", "once", "all"};
  return kNames.at(static_cast<std::size_t>(missed));
}

void AddTime(JsonObject& object, std::string_view name, std::optional<std::int64_t> unix_ms, TimeText& times) {
  if (!unix_ms || *unix_ms == 0) return object.Null(name);
  std::string& out = object.Member(name);
  out += '"';
  times.AppendIso(out, *unix_ms);
  out += '"';
}

void AppendRun(std::string& out, const ProcessRun& run, TimeText& times) {
  JsonObject object(out);
  AddTime(object, "began", run.began_unix_ms, times);
  AddTime(object, "tick", run.tick_unix_ms, times);
  object.Number("took_ms", static_cast<std::uint64_t>(run.took_ms));
  object.Text("result", run.result);
  object.Text("detail", run.detail);
  object.End();
}

void AppendProcess(std::string& out, const ProcessReport& report, TimeText& times) {
  const Process& process = *report.process;
  JsonObject object(out);
  object.Text("name", process.name);
  if (process.statement) {
    object.Text("kind", "sql");
    object.Text("database", process.database);
  } else if (process.function) {
    object.Text("kind", "python");
    object.Text("function", process.function->function);
  } else {
    object.Text("kind", "domain");
    object.Text("product", process.domain);
  }
  object.Text("schedule", process.schedule.text);
  object.Text("missed", MissedName(process.missed));
  AddTime(object, "next", report.next_unix_ms, times);
  AddTime(object, "running_since", report.running_since_unix_ms, times);
  object.Number("owed", report.owed);
  AddTime(object, "last_success", report.last_success_unix_ms, times);
  if (report.last_failure) {
    AppendRun(object.Member("last_failure"), *report.last_failure, times);
  } else {
    object.Null("last_failure");
  }
  AppendJsonList(object.Member("runs"), report.runs, [&](const ProcessRun& run) { AppendRun(out, run, times); });
  object.End();
}

// Of a run that has begun, or, where it has a result, of one that has ended.
std::string RunBody(const std::string& name, const ProcessRun& run, TimeText& times) {
  std::string body;
  JsonObject object(body);
  object.Bool("success", true);
  object.Text("process", name);
  if (run.result.empty()) {
    object.Bool("begun", true);
  } else {
    AppendRun(object.Member("run"), run, times);
  }
  object.End();
  return body;
}

ProcessRunner::RunCallback RunLater(Exchange& exchange, const std::string& name) {
  return [resume = exchange.Later(), name](Result<ProcessRun> result) {
    resume([name, result = std::move(result)](Exchange& waiting) {
      if (!result) return waiting.AnswerError(result.error(), name);
      waiting.AnswerJson(result->result.empty() ? 202 : 200, RunBody(name, *result, waiting.thread().times));
    });
  };
}

}  // namespace

void ProcessesCall(Exchange& exchange) {
  std::string body;
  JsonObject object(body);
  object.Bool("success", true);
  AppendJsonList(object.Member("processes"), exchange.processes().Report(),
                 [&](const ProcessReport& report) { AppendProcess(body, report, exchange.thread().times); });
  object.End();
  exchange.AnswerJson(200, body);
}

void RunProcessCall(Exchange& exchange, const Route& route) {
  if (!route.key.ends_with(kRun)) {
    return exchange.AnswerRefusal(404, "there is no such call; a process is run by POST /processes/<name>/run", {});
  }
  const std::string name(route.key.substr(0, route.key.size() - kRun.size()));
  const Result<bool> waits = WaitsForEnd(route.query);
  if (!waits) return exchange.AnswerError(waits.error(), name);
  const auto answer = *waits ? ProcessRunner::Answer::kEnded : ProcessRunner::Answer::kBegun;
  exchange.processes().Run(DecodeSegment(name).value_or(""), answer, RunLater(exchange, name));
}

}  // namespace kck
