#include "store/cql_client.h"

#include <boost/container/small_vector.hpp>
#include <future>
#include <stdexcept>
#include <utility>

#include "store/cql/kck_cql.h"
#include "store/cql_hand_over.h"

namespace kck {
namespace {

using Cells = boost::container::small_vector<KckCqlCell, 16>;

void AppendCells(std::span<const CqlValue> values, auto& cells) {
  for (const CqlValue& value : values) {
    cells.push_back({reinterpret_cast<const std::uint8_t*>(value.data()), value.size()});
  }
}

std::uint16_t NumberOf(const std::optional<CqlConsistency>& consistency) {
  return consistency ? static_cast<std::uint16_t>(*consistency) : std::uint16_t{KCK_CQL_CONSISTENCY_DEFAULT};
}

// The driver's form; `options` is kept meanwhile.
KckCqlOptions RawOf(const CqlOptions& options) {
  return {.timestamp_us = options.timestamp_us.value_or(KCK_CQL_NO_TIMESTAMP),
          .paging_state = reinterpret_cast<const std::uint8_t*>(options.paging_state.data()),
          .paging_state_size = options.paging_state.size(),
          .timeout_ms = static_cast<std::uint32_t>(options.timeout_ms),
          .page_size = static_cast<std::uint32_t>(options.page_size),
          .consistency = NumberOf(options.consistency),
          .serial_consistency = NumberOf(options.serial_consistency),
          .idempotent = options.idempotent};
}

std::string ContactPoints(const CqlSettings& settings) {
  std::string joined;
  for (const std::string& point : settings.contact_points) {
    if (!joined.empty()) joined += ',';
    const bool has_port = point.find(':') != std::string::npos && !point.ends_with(']');  // [::1] has none
    joined += has_port ? point : fmt::format("{}:{}", point, settings.port);
  }
  return joined;
}

const char* TextOrNull(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

KckCqlClient* Open(const CqlSettings& settings) {
  const std::string contact_points = ContactPoints(settings);
  const KckCqlSettings raw{.contact_points = contact_points.c_str(),
                           .user = TextOrNull(settings.user),
                           .password = TextOrNull(settings.password),
                           .ca_file = TextOrNull(settings.ca_file),
                           .local_datacenter = TextOrNull(settings.local_datacenter),
                           .threads = static_cast<std::uint32_t>(settings.threads),
                           .connections_per_host = static_cast<std::uint32_t>(settings.connections_per_host),
                           .connect_timeout_ms = static_cast<std::uint32_t>(settings.connect_timeout_ms),
                           .request_timeout_ms = static_cast<std::uint32_t>(settings.request_timeout_ms),
                           .speculative_delay_ms = static_cast<std::uint32_t>(settings.speculative_delay_ms),
                           .consistency = static_cast<std::uint16_t>(settings.consistency),
                           .tls = settings.tls,
                           .verify_host = settings.verify_host};
  KckCqlClient* driver = kck_cql_open(&raw);
  if (driver == nullptr) throw std::runtime_error("no thread can be started for Cassandra's driver: check the limits");
  return driver;
}

Result<CqlStatementPtr> PreparedOf(CqlResult& result) {
  if (!result.ok()) return Failure(result.error());
  return result.TakeStatement();
}

Result<void> NothingOf(const CqlResult& result) {
  if (!result.ok()) return Failure(result.error());
  return {};
}

struct Waiter {
  std::promise<CqlResult> result;
  CqlHandOver hand_over;
};

void Wake(void* awaited, KckCqlResult* result) noexcept {
  auto* waiter = static_cast<Waiter*>(awaited);
  waiter->hand_over.FromDriver();
  waiter->result.set_value(CqlResult(result));
}

}  // namespace

void CqlClient::Free::operator()(KckCqlClient* client) const { kck_cql_free(client); }

CqlClient::CqlClient(Scheduler& scheduler, const CqlSettings& settings)
    : completions_(std::make_shared<CqlCompletions>(scheduler, settings.requests_max)), driver_(Open(settings)) {}

CqlClient::~CqlClient() { Close(); }

void CqlClient::Connect(Callback done) {
  ++requests_;
  if (void* begun = completions_->Begin(std::move(done))) {
    kck_cql_connect(driver_.get(), CqlCompletions::OnDone, begun);
  }
}

void CqlClient::Prepare(const std::string& cql, PreparedCallback done) {
  ++requests_;
  auto take = [done = std::move(done)](CqlResult result) { done(PreparedOf(result)); };
  if (void* begun = completions_->Begin(std::move(take))) {
    kck_cql_prepare(driver_.get(), cql.c_str(), CqlCompletions::OnDone, begun);
  }
}

void CqlClient::Execute(const CqlStatementPtr& statement, std::span<const CqlValue> values, const CqlOptions& options,
                        Callback done) {
  ++requests_;
  void* begun = completions_->Begin(std::move(done));
  if (begun == nullptr) return;
  Cells cells;
  AppendCells(values, cells);
  const KckCqlOptions raw = RawOf(options);
  kck_cql_execute(driver_.get(), statement.get(), cells.data(), cells.size(), &raw, CqlCompletions::OnDone, begun);
}

void CqlClient::ExecuteBatch(const std::vector<CqlBatchItem>& items, const CqlOptions& options, Callback done) {
  ++requests_;
  void* begun = completions_->Begin(std::move(done));
  if (begun == nullptr) return;
  std::vector<Cells> cells(items.size());
  std::vector<KckCqlBatchItem> raw_items;
  raw_items.reserve(items.size());
  for (std::size_t at = 0; at < items.size(); ++at) {
    AppendCells(items[at].values, cells[at]);
    raw_items.push_back({items[at].statement.get(), cells[at].data(), cells[at].size()});
  }
  const KckCqlOptions raw = RawOf(options);
  kck_cql_batch(driver_.get(), raw_items.data(), raw_items.size(), &raw, CqlCompletions::OnDone, begun);
}

void CqlClient::Query(const std::string& cql, const CqlOptions& options, Callback done) {
  ++requests_;
  if (void* begun = completions_->Begin(std::move(done))) {
    const KckCqlOptions raw = RawOf(options);
    kck_cql_query(driver_.get(), cql.c_str(), &raw, CqlCompletions::OnDone, begun);
  }
}

// The result comes straight from the driver's thread: one that waits may be the scheduler's only one.
CqlResult CqlClient::Await(const std::function<void(void (*)(void*, KckCqlResult*), void*)>& start) {
  ++requests_;
  Waiter waiter;
  std::future<CqlResult> future = waiter.result.get_future();
  waiter.hand_over.ToDriver();
  start(Wake, &waiter);
  CqlResult result = future.get();
  completions_->Count(result.status());
  return result;
}

Result<void> CqlClient::Connect() {
  return NothingOf(Await([this](auto* wake, void* waiter) { kck_cql_connect(driver_.get(), wake, waiter); }));
}

Result<CqlStatementPtr> CqlClient::Prepare(const std::string& cql) {
  CqlResult result =
      Await([this, &cql](auto* wake, void* waiter) { kck_cql_prepare(driver_.get(), cql.c_str(), wake, waiter); });
  return PreparedOf(result);
}

Result<void> CqlClient::Query(const std::string& cql, const CqlOptions& options) {
  const KckCqlOptions raw = RawOf(options);
  return NothingOf(Await(
      [this, &cql, &raw](auto* wake, void* waiter) { kck_cql_query(driver_.get(), cql.c_str(), &raw, wake, waiter); }));
}

Result<void> CqlClient::AwaitSchemaAgreement() {
  return NothingOf(
      Await([this](auto* wake, void* waiter) { kck_cql_await_schema_agreement(driver_.get(), wake, waiter); }));
}

void CqlClient::Close() {
  kck_cql_close(driver_.get());
  completions_->AwaitAll();
}

CqlCounts CqlClient::counts() const {
  CqlCounts counts{.requests = requests_.load(std::memory_order_relaxed)};
  for (int status = 0; status < kCqlStatuses; ++status) {
    counts.results[static_cast<std::size_t>(status)] = completions_->count(static_cast<CqlStatus>(status));
  }
  counts.failed_in_a_row = completions_->failed_in_a_row();
  KckCqlCounts raw{};
  kck_cql_counts(driver_.get(), &raw);
  counts.retries = raw.retries;
  counts.nodes_known = raw.nodes_known;
  counts.nodes_up = raw.nodes_up;
  return counts;
}

}  // namespace kck
