// `kck serve`: puts the parts together, top to bottom, and takes them apart in the other direction.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <future>
#include <random>

#include "apps/commands.h"
#include "apps/log_setup.h"
#include "apps/print.h"
#include "apps/reloader.h"
#include "apps/worker_threads.h"
#include "auth/key_loader.h"
#include "base/asio_scheduler.h"
#include "base/log.h"
#include "engine/engine.h"
#include "engine/python_asks.h"
#include "http/compressed_forms.h"
#include "http/server.h"
#include "model/loader.h"
#include "primer/check.h"
#include "primer/product_primer.h"
#include "primer/python_functions.h"
#include "primer/python_hooks.h"
#include "process/one_node.h"
#include "process/process_runner.h"
#include "process/shared_claims.h"
#include "refresh/refresh_worker.h"
#include "refresh/source_database.h"
#include "store/open.h"

namespace kck {
namespace {

// The engine's own steps are short; a second thread lets one of them be slow.
constexpr int kWorkerThreads = 2;

// Each connection is a descriptor, and the usual soft limit of 1,024 is there for programs that use select().
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) LogWarning("the limit of open files stays at {}", limit.rlim_cur);
}

void ApplyOptions(const ServeOptions& options, Settings& settings) {
  if (options.threads > 0) settings.threads = options.threads;
  if (!options.listen) return;
  settings.http.address = options.listen->host;
  settings.http.port = options.listen->port;
}

void WarnIfOpenToOthers(const Settings& settings) {
  const std::string& address = settings.http.address;
  if (settings.auth.on || address.starts_with("127.") || address == "::1" || address == "localhost") return;
  LogWarning(
      "kck.yml has no auth: whoever reaches {} can read, set and purge every key, and write through every updater",
      address);
}

// A cache must start without its database: what it kept is there to be served.
bool Serveable(const LogSettings& log, Faults faults) {
  for (Fault& fault : faults) fault.warning = fault.warning || fault.unreachable;
  if (log.json) {
    for (const Fault& fault : faults) LogLine(fault.warning ? LogLevel::kWarning : LogLevel::kError, FaultText(fault));
  } else {
    fmt::print(stderr, "{}", FaultLines(faults));
  }
  return !HasErrors(faults);
}

// The end of a server that cannot go on, told in the log's form.
int Refused(const LogSettings& log, const std::string& why) {
  if (!log.json) return Failed(why);
  LogError("{}", why);
  return kExitFailed;
}

using DoneCallback = std::function<void(Result<void>)>;

// Begins something, and waits until it is done.
Result<void> Await(const std::function<void(DoneCallback)>& begin) {
  std::promise<Result<void>> ended;
  begin([&](Result<void> result) { ended.set_value(std::move(result)); });
  return ended.get_future().get();
}

Result<void> StartEngine(Engine& engine, const Folder& folder) {
  Result<void> started = Await([&](DoneCallback done) { engine.Start(std::move(done)); });
  if (started) engine.SetCatalog(std::make_shared<Catalog>(folder.products, folder.updaters, folder.processes));
  return started;
}

std::map<std::string, RefreshDatabase> RefreshDatabases(const Settings& settings, const Sources& sources) {
  std::map<std::string, RefreshDatabase> databases;
  for (const auto& [name, database] : settings.databases) {
    databases[name] = RefreshDatabaseOf(database, sources.at(name));
  }
  // What Python computes without a database takes its workers' time.
  RefreshDatabase& python = databases[kPythonDatabase];
  python.budget = {settings.python.refresh_share, settings.python.refresh_connections};
  python.is_told_unused = false;
  return databases;
}

std::map<std::string, SourceStats> StatsOf(const Sources& sources) {
  std::map<std::string, SourceStats> stats;
  for (const auto& [name, source] : sources) stats[name] = source->stats();
  return stats;
}

std::map<std::string, ProcessDatabase> ProcessDatabases(const Settings& settings, const Writers& writers) {
  std::map<std::string, ProcessDatabase> databases;
  for (const auto& [name, database] : settings.databases) {
    databases[name] = {writers.at(name), database.statement_timeout};
  }
  return databases;
}

int NetworkThreads(const Settings& settings) {
  if (settings.threads > 0) return settings.threads;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::string StoreText(const StoreSettings& store) {
  if (store.cassandra) {
    return fmt::format("cassandra://{}/{}", fmt::join(store.cassandra->hosts, ","), store.cassandra->keyspace);
  }
  return store.kind == "memory" ? "memory" : store.kind + ":" + store.path;
}

EngineLimits LimitsOf(const StoreSettings& store) {
  EngineLimits limits;
  if (!store.cassandra) return limits;
  limits.recheck = store.cassandra->recheck;
  limits.rechecks_per_second_max = store.cassandra->rechecks_per_second_max;
  return limits;
}

// Serves until a signal. The engine is started, and stopped by the caller.
Result<void> ServeUntilSignal(const Node& node, const Folder& folder, WorkerThreads& workers,
                              const Databases& databases, PythonAsks& asks) {
  const Settings& settings = folder.settings;
  const auto reloader = std::make_shared<Reloader>(folder, databases, node);
  const auto answer = [&asks](const WorkerAsk& ask, const std::vector<std::string>& keys, TimePoint deadline,
                              auto done) { return asks.Answer(ask, keys, deadline, std::move(done)); };
  node.workers->SetHandlers({answer, [weak = std::weak_ptr(reloader)] {
                               if (const auto alive = weak.lock()) alive->ReloadNow();
                             }});
  node.workers->Serve(settings, folder.python_files);
  ServerProbes probes{[&reloader] { return reloader->Report(); }, KCK_VERSION,
                      [&databases] { return StatsOf(databases.sources); }};
  const auto server = std::make_shared<HttpServer>(node, settings.http, NetworkThreads(settings), std::move(probes));
  if (Result<void> started = server->Start(); !started) return started;
  workers.OnHangup([definitions = std::weak_ptr(reloader), serving = std::weak_ptr(server)] {
    if (const auto alive = definitions.lock()) alive->ReloadNow();
    if (const auto alive = serving.lock()) alive->ReloadCertificate();
  });
  LogInfo("kck {} serves {} products at {} (store {}, pid {})", KCK_VERSION, folder.products.size(),
          ServerAddress{settings.http.address, server->port(), settings.http.tls.has_value()}.Url(),
          StoreText(settings.store), getpid());
  const int signal = workers.AwaitSignal();
  LogInfo("signal {}: finishing the requests under way, for at most {} ms; a second signal ends at once", signal,
          settings.http.drain_timeout.count());
  server->Drain();
  return {};
}

// What tokens are judged by, where kck.yml asks for them.
struct FrontDoor {
  FrontDoor(const AuthSettings& settings, std::vector<JwtKey> keys, Scheduler& scheduler, Store& store, Engine& engine)
      : sessions(store),
        authenticator(settings, std::move(keys), &sessions),
        login(scheduler, engine, authenticator, sessions) {}

  Sessions sessions;
  Authenticator authenticator;
  Login login;
};

std::unique_ptr<TickClaim> Claims(Store& store, Scheduler& scheduler, const std::string& node_id) {
  if (SharedStore* shared = store.shared()) return std::make_unique<SharedClaims>(*shared, node_id);
  return std::make_unique<OneNode>(scheduler);
}

int Run(const Folder& folder, WorkerThreads& workers, Scheduler& scheduler, const Databases& databases,
        std::vector<JwtKey> keys) {
  auto store = OpenStore(folder.settings.store, folder.settings.node_id, folder.settings.memory_bytes, scheduler);
  if (!store) return Refused(folder.settings.log, store.error().message);
  WorkerPool pool;
  SqlPrimer sql(databases.sources);
  PythonPrimer python(pool);
  PythonHooks hooks(pool);
  ProductPrimer primer(sql, python, hooks);
  PythonFunctions functions(pool);
  Engine engine(scheduler, **store, primer, folder.settings.memory_bytes, LimitsOf(folder.settings.store),
                databases.writers, &functions);
  engine.SetHooks(&hooks);
  PythonAsks asks(engine);
  const OwnsAllKeys ownership;
  RefreshWorker refresher(scheduler, **store, engine, ownership, RefreshDatabases(folder.settings, databases.sources),
                          {}, std::random_device{}());
  engine.SetRefresher(&refresher);
  ApplyLogSettings(folder.settings.log, engine);
  const std::unique_ptr<TickClaim> claims = Claims(**store, scheduler, folder.settings.node_id);
  ProcessRunner processes(scheduler, **store, engine, refresher, ProcessDatabases(folder.settings, databases.writers),
                          *claims, {}, std::random_device{}(), &functions);
  std::optional<FrontDoor> door;
  if (folder.settings.auth.on) door.emplace(folder.settings.auth, std::move(keys), scheduler, **store, engine);
  const HttpSettings& http = folder.settings.http;
  std::optional<CompressedForms> forms;
  if (http.compression) forms.emplace(scheduler, **store, *http.compression, http.compat_06);
  Result<void> served = StartEngine(engine, folder);
  if (served && door) {
    const std::int64_t now_unix_s = scheduler.UnixMillis() / 1000;
    served = Await([&](DoneCallback done) { door->sessions.Start(now_unix_s, std::move(done)); });
  }
  if (served) served = Await([&](DoneCallback done) { refresher.Start(std::move(done)); });
  if (served) served = Await([&](DoneCallback done) { processes.Start(std::move(done)); });
  Node node{engine, refresher, processes};
  node.workers = &pool;
  if (door) node.authenticator = &door->authenticator;
  if (door) node.login = &door->login;
  if (forms) node.forms = &*forms;
  if (served) served = ServeUntilSignal(node, folder, workers, databases, asks);
  if (forms) forms->Stop();
  processes.Stop();
  refresher.Stop();
  pool.Stop();  // what it runs is answered, and what comes later, and so no flight of the engine waits for it
  engine.Stop();
  (*store)->Close();
  workers.Stop();  // before the engine goes, which posted work may still name
  if (!served) return Refused(folder.settings.log, served.error().message);
  LogInfo("stopped");
  return kExitOk;
}

}  // namespace

int Serve(const ServeOptions& options) {
  Folder folder = LoadFolder(options.folder, DescribeFiles);
  ApplyOptions(options, folder.settings);
  StartLog(folder.settings.log);
  WorkerThreads workers(kWorkerThreads);
  AsioScheduler scheduler(workers.executor());
  const Databases databases = OpenDatabases(folder.settings.databases);
  std::vector<JwtKey> keys = LoadKeys(folder.settings.auth, folder.faults);
  Faults asked = CheckOnDatabases(folder, databases);
  folder.faults.insert(folder.faults.end(), asked.begin(), asked.end());
  if (!Serveable(folder.settings.log, folder.faults)) {
    return Refused(folder.settings.log,
                   FaultSummary(folder.faults) + ": nothing is served until 'kck check' finds none");
  }
  std::signal(SIGPIPE, SIG_IGN);
  RaiseDescriptorLimit();
  WarnIfOpenToOthers(folder.settings);
  return Run(folder, workers, scheduler, databases, std::move(keys));
}

}  // namespace kck
