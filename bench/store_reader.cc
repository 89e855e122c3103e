// Reads of a store's entries as misses of the hot tier make them: random keys, a fixed number in flight, answers on one
// thread as in a server with one. With --fill it writes the entries first, and only that.
//
// It prints `begun` after the warm-up, then one line of JSON: requests answered while time was taken, seconds, the time
// from Get to its callback, the CPU of this process meanwhile. An answer that is an error, none, or another value than
// was written, ends the program with a failure.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <latch>
#include <random>
#include <thread>

#include "base/asio_scheduler.h"
#include "store/cassandra_schema.h"
#include "store/cassandra_store.h"
#include "store/open.h"

namespace kck {
namespace {

constexpr std::uint64_t kFingerprint = 0x5ca1ab1e0ddba11;
constexpr std::uint64_t kSeed = 1;
constexpr std::size_t kWritesInFlight = 128;
constexpr auto kConnectMax = std::chrono::seconds(30);

struct Options {
  std::string store;
  std::string keyspace = "kck";
  bool fill = false;
  std::size_t entries = 100000;
  std::size_t in_flight = 256;
  double warm_up_seconds = 1;
  double seconds = 5;
};

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "store_reader: %s\n", what.c_str());
  std::_Exit(1);  // other threads go on meanwhile
}

std::string KeyOf(std::size_t number) { return fmt::format("row/{}", number); }

// A JSON string, 100 bytes with its quotes.
std::string ValueOf(std::size_t number) { return fmt::format("\"{:098}\"", number); }

// What a fill from PostgreSQL makes, of a product whose values live for a day.
EntryPtr EntryOf(std::size_t number, const Scheduler& scheduler) {
  EntryFacts facts;
  facts.fingerprint = kFingerprint;
  facts.stamp = InternStamp("734:740:735,738");
  facts.version = {1, facts.stamp->VersionNumber(), 0};
  facts.fill_sequence = number + 1;
  facts.as_of_unix_ms = scheduler.UnixMillis();
  facts.as_of = scheduler.Now();
  facts.expires_at = facts.as_of + std::chrono::hours(24);
  facts.cost_us = 200;
  return Entry::Make(KeyOf(number), facts, ValueOf(number));
}

// One thread, as the callbacks of a server with one have.
class Loop {
 public:
  Loop() : thread_([this] { context_.run(); }) {}
  ~Loop() {
    guard_.reset();
    thread_.join();
  }

  Scheduler& scheduler() { return scheduler_; }

 private:
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{context_.get_executor()};
  AsioScheduler scheduler_{context_.get_executor()};
  std::thread thread_;
};

std::unique_ptr<Store> OpenCassandra(const Options& options, const std::string& node, Scheduler& scheduler) {
  CassandraSettings settings;
  settings.cql.contact_points = {node};
  settings.keyspace = options.keyspace;
  settings.scope = "bench";
  settings.cql.request_timeout_ms = 30000;  // a slow answer is a figure, not a failure
  if (options.fill) {
    if (const Result<void> made = SetUpCassandra(scheduler, settings); !made) Die(made.error().message);
  }
  auto store = OpenCassandraStore(settings, scheduler);
  if (!store) Die(store.error().message);
  const TimePoint until = scheduler.Now() + kConnectMax;
  while (!(*store)->cassandra_health().connected) {
    if (scheduler.Now() > until) Die((*store)->cassandra_health().why_not);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return *std::move(store);
}

std::unique_ptr<Store> OpenMeasured(const Options& options, Scheduler& scheduler) {
  const auto colon = options.store.find(':');
  const std::string kind = options.store.substr(0, colon);
  const std::string place = colon == std::string::npos ? "" : options.store.substr(colon + 1);
  if (kind == "cassandra") return OpenCassandra(options, place, scheduler);
  if (kind != "rocksdb") Die("the store is rocksdb:FOLDER or cassandra:HOST:PORT");
  auto store = OpenRocksDbStore(place, scheduler);
  if (!store) Die(store.error().message);
  return *std::move(store);
}

// Writes that follow one another, many of these at once.
class Writer {
 public:
  Writer(const Options& options, Store& store, Scheduler& scheduler, std::atomic<std::size_t>& next, std::latch& ended)
      : options_(options), store_(store), scheduler_(scheduler), next_(next), ended_(ended) {}

  void Write() {
    const std::size_t number = next_.fetch_add(1);
    if (number >= options_.entries) return ended_.count_down();
    store_.Put(KeyOf(number), EntryOf(number, scheduler_), [this](const Result<void>& written) {
      if (!written) Die(written.error().message);
      Write();
    });
  }

 private:
  const Options& options_;
  Store& store_;
  Scheduler& scheduler_;
  std::atomic<std::size_t>& next_;
  std::latch& ended_;
};

void Fill(const Options& options, Store& store, Scheduler& scheduler) {
  std::atomic<std::size_t> next{0};
  std::latch ended(kWritesInFlight);
  std::vector<Writer> writers(kWritesInFlight, Writer(options, store, scheduler, next, ended));
  for (Writer& writer : writers) writer.Write();
  ended.wait();
}

enum class Stage : std::uint8_t { kWarmUp, kMeasure, kEnd };

// Reads that follow one another, as many of these as are in flight. What it counts is its own, since a store may call
// back on several threads.
class Reader {
 public:
  Reader(const Options& options, Store& store, std::atomic<Stage>& stage, std::latch& ended, std::uint64_t seed)
      : store_(store), stage_(stage), ended_(ended), random_(seed), numbers_(0, options.entries - 1) {}

  void Read() {
    number_ = numbers_(random_);
    asked_ = Clock::now();
    store_.Get(KeyOf(number_), kFingerprint, [this](const Result<EntryPtr>& found) { OnFound(found); });
  }

  const std::vector<float>& times_us() const { return times_us_; }

 private:
  void OnFound(const Result<EntryPtr>& found) {
    const Stage stage = stage_.load(std::memory_order_relaxed);
    if (stage == Stage::kMeasure) {
      times_us_.push_back(std::chrono::duration<float, std::micro>(Clock::now() - asked_).count());
    }
    if (!found) Die(found.error().message);
    if (!*found) Die(fmt::format("{} is missing", KeyOf(number_)));
    if ((*found)->value() != ValueOf(number_)) Die(fmt::format("{} has the value of another key", KeyOf(number_)));
    if (stage == Stage::kEnd) return ended_.count_down();
    Read();
  }

  Store& store_;
  std::atomic<Stage>& stage_;
  std::latch& ended_;
  std::minstd_rand random_;  // small, as there is one for each read in flight
  std::uniform_int_distribution<std::size_t> numbers_;
  std::size_t number_ = 0;
  TimePoint asked_;
  std::vector<float> times_us_;
};

double CpuSeconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

void Sleep(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

void Report(const std::vector<Reader>& readers, double seconds, double cpu_seconds) {
  std::vector<float> times_us;
  for (const Reader& reader : readers) {
    times_us.insert(times_us.end(), reader.times_us().begin(), reader.times_us().end());
  }
  if (times_us.empty()) Die("no answer at all");
  std::ranges::sort(times_us);
  const auto at = [&times_us](double share) {
    return times_us[static_cast<std::size_t>(share * static_cast<double>(times_us.size() - 1))];
  };
  fmt::print(R"({{"requests": {}, "seconds": {:.3f}, "p50_us": {:.1f}, "p99_us": {:.1f}, "max_us": {:.1f}, )"
             R"("cpu_seconds": {:.3f}}})"
             "\n",
             times_us.size(), seconds, at(0.5), at(0.99), at(1), cpu_seconds);
}

void Measure(const Options& options, Store& store) {
  std::atomic<Stage> stage{Stage::kWarmUp};
  std::latch ended(static_cast<std::ptrdiff_t>(options.in_flight));
  std::vector<Reader> readers;
  readers.reserve(options.in_flight);
  for (std::size_t i = 0; i < options.in_flight; ++i) readers.emplace_back(options, store, stage, ended, kSeed + i);
  for (Reader& reader : readers) reader.Read();
  Sleep(options.warm_up_seconds);
  std::puts("begun");
  std::fflush(stdout);
  const TimePoint began = Clock::now();
  const double cpu_before = CpuSeconds();
  stage = Stage::kMeasure;
  Sleep(options.seconds);
  stage = Stage::kEnd;
  const double cpu_seconds = CpuSeconds() - cpu_before;
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  ended.wait();
  Report(readers, seconds, cpu_seconds);
}

}  // namespace
}  // namespace kck

int main(int argc, char** argv) {
  CLI::App app("Random reads of a store's entries.", "store_reader");
  kck::Options options;
  app.add_option("STORE", options.store, "rocksdb:FOLDER or cassandra:HOST:PORT")->required();
  app.add_option("--keyspace", options.keyspace, "Of Cassandra")->capture_default_str();
  app.add_flag("--fill", options.fill, "Write the entries, and read none");
  app.add_option("--entries", options.entries)->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--in-flight", options.in_flight)->check(CLI::Range(1, 16384))->capture_default_str();
  app.add_option("--warm-up", options.warm_up_seconds, "Seconds before time is taken")->capture_default_str();
  app.add_option("--seconds", options.seconds)->check(CLI::Range(0.1, 3600.0))->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  kck::Loop loop;
  const std::unique_ptr<kck::Store> store = kck::OpenMeasured(options, loop.scheduler());
  options.fill ? kck::Fill(options, *store, loop.scheduler()) : kck::Measure(options, *store);
  store->Close();
  return 0;
}
