// The calls about processes.
#include <fmt/format.h>

#include <array>

#include "base/json.h"
#include "http/calls.h"
#include "model/product_key.h"

namespace kck {
namespace {

constexpr std::string_view kRun = "/run";

std::string_view MissedName(MissedRuns missed) {
  static constexpr std::array<std::string_view, 3> kNames{"skip", "once", "all"};
  return kNames.at(static_cast<std::size_t>(missed));
}

void AppendTime(std::string& out, std::optional<std::int64_t> unix_ms, TimeText& times) {
  if (!unix_ms || *unix_ms == 0) {
    out += "null";
    return;
  }
  out += '"';
  times.AppendIso(out, *unix_ms);
  out += '"';
}

void AppendText(std::string& out, std::string_view name, std::string_view text) {
  out += fmt::format(R"("{}":)", name);
  AppendJsonString(out, text);
}

void AppendRun(std::string& out, const ProcessRun& run, TimeText& times) {
  out += R"({"began":)";
  AppendTime(out, run.began_unix_ms, times);
  out += R"(,"tick":)";
  AppendTime(out, run.tick_unix_ms, times);
  out += fmt::format(R"(,"took_ms":{},)", run.took_ms);
  AppendText(out, "result", run.result);
  out += ',';
  AppendText(out, "detail", run.detail);
  out += '}';
}

void AppendHistory(std::string& out, const ProcessReport& report, TimeText& times) {
  out += R"(,"last_success":)";
  AppendTime(out, report.last_success_unix_ms, times);
  out += R"(,"last_failure":)";
  if (report.last_failure) {
    AppendRun(out, *report.last_failure, times);
  } else {
    out += "null";
  }
  out += R"(,"runs":[)";
  for (const ProcessRun& run : report.runs) {
    if (&run != &report.runs.front()) out += ',';
    AppendRun(out, run, times);
  }
  out += ']';
}

void AppendProcess(std::string& out, const ProcessReport& report, TimeText& times) {
  const Process& process = *report.process;
  out += '{';
  AppendText(out, "name", process.name);
  out += process.statement ? R"(,"kind":"sql",)" : R"(,"kind":"domain",)";
  if (process.statement) {
    AppendText(out, "database", process.database);
  } else {
    AppendText(out, "product", process.domain);
  }
  out += ',';
  AppendText(out, "schedule", process.schedule.text);
  out += fmt::format(R"(,"missed":"{}","next":)", MissedName(process.missed));
  AppendTime(out, report.next_unix_ms, times);
  out += R"(,"running_since":)";
  AppendTime(out, report.running_since_unix_ms, times);
  out += fmt::format(R"(,"owed":{})", report.owed);
  AppendHistory(out, report, times);
  out += '}';
}

std::string BegunBody(const std::string& name) {
  std::string body = R"({"success":true,)";
  AppendText(body, "process", name);
  return body + R"(,"begun":true})";
}

std::string EndedBody(const std::string& name, const ProcessRun& run, TimeText& times) {
  std::string body = R"({"success":true,)";
  AppendText(body, "process", name);
  body += R"(,"run":)";
  AppendRun(body, run, times);
  return body + '}';
}

ProcessRunner::RunCallback RunLater(Exchange& exchange, const std::string& name) {
  return [resume = exchange.Later(), name](Result<ProcessRun> result) {
    resume([name, result = std::move(result)](Exchange& waiting) {
      if (!result) return waiting.AnswerError(result.error(), name);
      if (result->result.empty()) return waiting.AnswerJson(202, BegunBody(name));
      waiting.AnswerJson(200, EndedBody(name, *result, waiting.thread().times));
    });
  };
}

}  // namespace

void ProcessesCall(Exchange& exchange) {
  std::string body = R"({"success":true,"processes":[)";
  const char* comma = "";
  if (const ProcessRunner* processes = exchange.server().probes.processes) {
    for (const ProcessReport& report : processes->Report()) {
      body += std::exchange(comma, ",");
      AppendProcess(body, report, exchange.thread().times);
    }
  }
  exchange.AnswerJson(200, body + "]}");
}

void RunProcessCall(Exchange& exchange, const Route& route) {
  if (!route.key.ends_with(kRun)) {
    return exchange.AnswerRefusal(404, "there is no such call; a process is run by POST /processes/<name>/run", {});
  }
  const std::string_view spelled = route.key.substr(0, route.key.size() - kRun.size());
  const Result<bool> waits = WaitsForEnd(route.query);
  if (!waits) return exchange.AnswerError(waits.error(), spelled);
  const std::string name = DecodeSegment(spelled).value_or("");
  ProcessRunner* processes = exchange.server().probes.processes;
  if (processes == nullptr) {
    return exchange.AnswerError({ErrorCode::kUnknownKey, "there is no process of that name"}, spelled);
  }
  processes->Run(name, *waits ? ProcessRunner::Answer::kEnded : ProcessRunner::Answer::kBegun,
                 RunLater(exchange, std::string(spelled)));
}

}  // namespace kck
