#include "testing/http_fixture.h"

#include <future>

#include "model/cache_policy.h"
#include "testing/held_primer.h"

namespace kck {
namespace {

constexpr std::size_t kMemoryBytes = std::size_t{256} << 20U;

std::shared_ptr<Product> MakeProduct(const std::string& name, const Param& param, std::uint64_t fingerprint) {
  auto product = std::make_shared<Product>();
  product->name = name;
  product->database = "main";
  product->params = {param};
  product->fingerprint = fingerprint;
  return product;
}

UpdaterPtr MakeUpdater() {
  auto updater = std::make_shared<Updater>();
  updater->name = "item";
  updater->database = "main";
  updater->params = {{"id", ParamType::kInt, false, true},
                     {"name", ParamType::kString, false, false},
                     {"price", ParamType::kFloat, true, false}};
  const auto statement = std::make_shared<SqlStatement>();
  updater->templates = {WriteTemplate{statement, {1, 2}, {}}, WriteTemplate{statement, {0, 1, 2}, {}},
                        WriteTemplate{statement, {0}, {}}};
  return updater;
}

ProcessPtr MakeProcess() {
  auto process = std::make_shared<Process>();
  process->name = "count";
  process->schedule.every = std::chrono::hours(1);
  process->schedule.text = "every 1h";
  process->database = "main";
  process->statement = std::make_shared<SqlStatement>();
  return process;
}

std::shared_ptr<const CachePolicy> MakePolicy() {
  using std::chrono::seconds;
  auto policy = std::make_shared<CachePolicy>();
  policy->lives = CacheLives{false, seconds(60), std::nullopt, seconds(30), seconds(10)};
  policy->reach = ReachOf(*policy->lives);
  policy->text = CacheControlText(*policy->lives, policy->reach);
  return policy;
}

CatalogPtr MakeCatalog() {
  auto item = MakeProduct("item", {"id", ParamType::kInt, false, false}, 100);
  auto note = MakeProduct("note", {"name", ParamType::kString, false, false}, 101);
  note->settable = true;
  auto rare = MakeProduct("rare", {"id", ParamType::kInt, false, false}, 102);
  rare->on_miss = OnMiss::kError;
  auto page = MakeProduct("page", {"id", ParamType::kInt, false, false}, 103);
  page->expires_after = std::chrono::hours(1);
  page->cache_policy = MakePolicy();
  return std::make_shared<Catalog>(std::vector<ProductPtr>{item, note, rare, page},
                                   std::vector<UpdaterPtr>{MakeUpdater()}, std::vector<ProcessPtr>{MakeProcess()});
}

}  // namespace

HttpFixture::HttpFixture()
    : work_(boost::asio::make_work_guard(io_)),
      scheduler_(io_.get_executor()),
      worker_([this] { io_.run(); }),
      store_(OpenMemoryStore(scheduler_)),
      primer_(scheduler_) {
  limits_.backoff_min = std::chrono::milliseconds(1);
  limits_.backoff_max = std::chrono::milliseconds(1);
}

HttpFixture::~HttpFixture() {
  primer_.Release();
  server_.reset();
  if (forms_) forms_->Stop();
  if (processes_) processes_->Stop();
  if (refresher_) refresher_->Stop();
  if (engine_) engine_->Stop();
  work_.reset();
  io_.stop();
  worker_.join();
}

void HttpFixture::Serve(const std::function<void(HttpSettings&)>& edit, int threads) {
  const Writers writers{{"main", writer_}};
  engine_ = std::make_unique<Engine>(scheduler_, *store_, primer_, kMemoryBytes, limits_, writers);
  std::map<std::string, RefreshDatabase> databases;
  databases["main"].budget.share = 1;
  refresher_ =
      std::make_unique<RefreshWorker>(scheduler_, *store_, *engine_, ownership_, std::move(databases), refresh_limits_);
  engine_->SetRefresher(refresher_.get());
  std::promise<Result<void>> started;
  engine_->Start([&](Result<void> result) { started.set_value(std::move(result)); });
  ASSERT_TRUE(started.get_future().get());
  engine_->SetCatalog(MakeCatalog());
  std::promise<Result<void>> refreshing;
  refresher_->Start([&](Result<void> result) { refreshing.set_value(std::move(result)); });
  ASSERT_TRUE(refreshing.get_future().get());
  const std::map<std::string, ProcessDatabase> processing{{"main", {writer_, std::chrono::seconds(10)}}};
  processes_ = std::make_unique<ProcessRunner>(scheduler_, *store_, *engine_, *refresher_, processing, claims_);
  std::promise<Result<void>> scheduling;
  processes_->Start([&](Result<void> result) { scheduling.set_value(std::move(result)); });
  ASSERT_TRUE(scheduling.get_future().get());
  HttpSettings settings;
  settings.port = 0;
  edit(settings);
  if (settings.compression) forms_.emplace(scheduler_, *store_, *settings.compression, settings.compat_06);
  server_ = std::make_unique<HttpServer>(
      Node{*engine_, *refresher_, *processes_, nullptr, nullptr, forms_ ? &*forms_ : nullptr}, settings, threads,
      ServerProbes{[this] { return definitions_; }, kVersion, [this] { return source_stats_; }});
  const Result<void> serving = server_->Start();
  ASSERT_TRUE(serving) << serving.error().message;
}

WireAnswer HttpFixture::Call(std::string_view method, std::string_view target, std::string_view body,
                             std::string_view headers) {
  return Connect().Call(method, target, body, headers);
}

void HttpFixture::Script(const std::string& value, std::uint64_t number) {
  primer_.SetScript([value, number](const ResolvedKey&) -> Result<Primed> { return PrimedAt(value, number); });
}

void HttpFixture::ScriptFailure(ErrorCode code) {
  primer_.SetScript([code](const ResolvedKey&) -> Result<Primed> { return Fail(code, "scripted"); });
}

}  // namespace kck
