#include "testing/process_fixture.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kck {

void FakeClaim::Claim(const std::string&, std::int64_t tick_unix_ms, Callback done) {
  asked.push_back(tick_unix_ms);
  scheduler_.Post([done = std::move(done), granted = answer] { done(granted); });
}

ProcessFixture::ProcessFixture() {
  RefreshDatabase database;
  database.budget.share = 1;
  worker_ = std::make_unique<RefreshWorker>(scheduler_, store_, *engine_, ownership_,
                                            std::map<std::string, RefreshDatabase>{{"main", database}});
  engine_->SetRefresher(worker_.get());
  worker_->Start([](const Result<void>& started) { ASSERT_TRUE(started); });
  scheduler_.RunReady();
}

ProcessFixture::~ProcessFixture() {
  runner_.reset();
  AnswerComputes("[]");
  worker_->Stop();
  scheduler_.RunReady();
  engine_->SetRefresher(nullptr);
}

Schedule ProcessFixture::Every(std::chrono::milliseconds every) {
  Schedule schedule;
  schedule.every = every;
  schedule.jitter = 0;
  schedule.text = fmt::format("every {}ms", every.count());
  return schedule;
}

Schedule ProcessFixture::Times(std::string_view cron) {
  Schedule schedule;
  schedule.cron = Cron::Parse(cron, "UTC").value();
  schedule.jitter = 0;
  schedule.text = fmt::format("cron {}", cron);
  return schedule;
}

std::shared_ptr<Process> ProcessFixture::Sql(const Schedule& schedule, MissedRuns missed) {
  auto process = std::make_shared<Process>();
  process->name = "work";
  process->schedule = schedule;
  process->missed = missed;
  process->database = "main";
  process->statement = std::make_shared<SqlStatement>();
  return process;
}

std::shared_ptr<Process> ProcessFixture::Domain(const Schedule& schedule, MissedRuns missed) {
  auto process = Sql(schedule, missed);
  process->statement = nullptr;
  process->database.clear();
  process->domain = "item";
  return process;
}

void ProcessFixture::Define(std::vector<ProcessPtr> processes) {
  auto all = std::make_shared<Product>();
  all->name = "all";
  all->database = "main";
  all->fingerprint = 1;
  auto item = std::make_shared<Product>(*all);
  item->name = "item";
  item->params = {Param{"id", ParamType::kInt, false, false}};
  item->fingerprint = 2;
  item->refresh.domain_key = "all";
  engine_->SetCatalog(
      std::make_shared<Catalog>(std::vector<ProductPtr>{all, item}, std::vector<UpdaterPtr>{}, std::move(processes)));
  if (runner_) runner_->CatalogChanged();
  scheduler_.RunReady();
}

void ProcessFixture::StartRunner() {
  const ProcessDatabase database{writer_, std::chrono::seconds(10)};
  runner_ = std::make_unique<ProcessRunner>(clock_, store_, *engine_, *worker_,
                                            std::map<std::string, ProcessDatabase>{{"main", database}}, claim_,
                                            runner_limits_);
  bool started = false;
  runner_->Start([&](const Result<void>& result) { started = result.has_value(); });
  scheduler_.RunReady();
  ASSERT_TRUE(started);
}

void ProcessFixture::Kill(Duration down) {
  runner_.reset();
  ended_ = writer_->begun();
  scheduler_.Advance(down);
}

void ProcessFixture::EndWrite(Result<kck::Written> written) {
  scheduler_.RunReady();
  ASSERT_GT(writes_under_way(), 0U);
  writer_->Answer(ended_++, std::move(written));
  scheduler_.RunReady();
}

kck::Written ProcessFixture::Rows(std::uint64_t rows) {
  kck::Written written;
  written.rows = rows;
  return written;
}

void ProcessFixture::AnswerComputes(const std::string& domain) {
  scheduler_.RunReady();
  while (answered_ < primer_.begun()) {
    const bool is_domain = primer_.Asked(answered_).key.text == "all";
    primer_.Answer(answered_++, PrimedAt(is_domain ? domain : "[]", 700));
    scheduler_.Advance(std::chrono::milliseconds(1));
  }
}

ProcessFixture::Ran ProcessFixture::Run(const std::string& name, ProcessRunner::Answer answer) {
  auto ran = std::make_shared<std::optional<Result<ProcessRun>>>();
  runner_->Run(name, answer, [ran](Result<ProcessRun> run) { *ran = std::move(run); });
  scheduler_.RunReady();
  return ran;
}

ProcessReport ProcessFixture::Report(const std::string& name) {
  for (ProcessReport& report : runner_->Report()) {
    if (report.process->name == name) return report;
  }
  ADD_FAILURE() << "there is no process " << name;
  return {};
}

std::string ProcessFixture::History(const std::string& name) {
  std::vector<std::string> runs;
  for (const ProcessRun& run : Report(name).runs) runs.push_back(fmt::format("{} {}", run.result, run.detail));
  return fmt::format("{}", fmt::join(runs, ", "));
}

std::chrono::milliseconds ProcessFixture::Next(const std::string& name) {
  const auto next = Report(name).next_unix_ms;
  return std::chrono::milliseconds(next ? *next - clock_.UnixMillis() : -1);
}

}  // namespace kck
