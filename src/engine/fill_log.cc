// What is told of computes: counts by product, the slow ones, the failed ones. Lines name the product, never the key,
// which holds parameter values.
#include "base/log.h"
#include "engine/engine_impl.h"

namespace kck {
namespace {

void AddRequest(LogFields& fields, const TracePtr& trace) {
  if (!trace) return;
  fields.Text("request_id", trace->request_id).Text("trace_id", trace->trace_id).Text("span_id", trace->span_id);
}

}  // namespace

void Engine::Impl::SetSlowFill(std::optional<Duration> slow_fill) { slow_fill_ = slow_fill.value_or(Duration::max()); }

void Engine::Impl::NoteFill(const Flight& flight, bool behind, const Result<Primed>& primed) {
  const ServedProduct* product = serving().Find(flight.key.product->name);
  if (product != nullptr) {
    FillTally& tally = *product->tally;
    tally.fills.fetch_add(1, std::memory_order_relaxed);
    if (primed) tally.cost_us.fetch_add(primed->cost_us, std::memory_order_relaxed);
    if (!primed) tally.errors.fetch_add(1, std::memory_order_relaxed);
  }
  if (primed) return LogSlowFill(flight, behind, *primed);
  const Error& error = primed.error();
  // Somebody wrote the function that raised, and looks for each of its products.
  LogLimit& limit = product != nullptr && !error.detail.empty() ? product->tally->raised : failed_fill_logged_;
  const auto held = limit.Pass(scheduler_.Now());
  if (!held) return;
  LogFields fields;
  fields.Text("product", flight.key.product->name).Text("error", ErrorName(error.code));
  AddRequest(fields, flight.trace);
  if (*held > 0) fields.Number("held_back", *held);
  LogLine(LogLevel::kWarning, "a fill failed: " + error.message, fields);
  LogDetail(flight.key.product->name, error.detail);
}

// A reader waits for the connection too; a refresh is meant to wait, and only what it took of the database counts.
void Engine::Impl::LogSlowFill(const Flight& flight, bool behind, const Primed& primed) {
  const Duration slow = slow_fill_.load(std::memory_order_relaxed);
  if (slow == Duration::max()) return;
  const Duration statement = std::chrono::microseconds(std::uint64_t{primed.cost_us} * primed.statement_keys);
  const Duration took = scheduler_.Now() - flight.compute_began;
  if (statement < slow && (behind || took < slow)) return;
  const auto held = slow_fill_logged_.Pass(scheduler_.Now());
  if (!held) return;
  LogFields fields;
  fields.Text("product", flight.key.product->name).Text("database", flight.key.product->database);
  fields.Milliseconds("took_ms", took).Milliseconds("cost_ms", std::chrono::microseconds(primed.cost_us));
  fields.Milliseconds("statement_ms", statement).Number("statement_keys", primed.statement_keys);
  fields.Number("rows", primed.rows).Number("bytes", primed.value.size()).Text("behind", behind ? "yes" : "no");
  AddRequest(fields, flight.trace);
  if (*held > 0) fields.Number("held_back", *held);
  LogLine(LogLevel::kWarning, "a fill was slow", fields);
}

std::map<std::string, FillCounts> Engine::Impl::CopyFillCounts() {
  std::map<std::string, FillCounts> counts;
  for (const auto& [name, product] : serving().products) {
    const FillTally& tally = *product.tally;
    counts[name] = {product.product->database, tally.fills, tally.errors, tally.cost_us};
  }
  return counts;
}

}  // namespace kck
