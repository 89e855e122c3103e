#include "http/compression_metrics.h"

#include "http/compressed_forms.h"

namespace kck {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

// One metric a coding.
template <typename Count>
void AddByCoding(Families& families, const CompressedForms& forms, const char* name, const char* help, Count count) {
  MetricFamily& family = AddFamily(families, name, help, MetricType::Counter);
  for (const ContentCoding coding : forms.codings()) {
    AddCounterMetric(family, static_cast<double>(count(static_cast<std::size_t>(coding)))).label = {
        {"encoding", std::string(CodingName(coding))}};
  }
}

}  // namespace

void AddCompressionMetrics(Families& families, const ServerState& server) {
  const CompressedForms* forms = server.node.forms;
  if (forms == nullptr) return;
  const CompressionCounters& counters = forms->counters();
  const auto answers = [&](std::size_t coding) {
    std::uint64_t sum = 0;
    for (const auto& thread : server.metrics) sum += thread->compressed_answers.at(coding);
    return sum;
  };
  std::uint64_t saved_bytes = 0;
  for (const auto& thread : server.metrics) saved_bytes += thread->saved_bytes;
  AddByCoding(families, *forms, "kck_compressed_answers_total", "Answers sent compressed, by encoding.", answers);
  AddCounter(families, "kck_compressed_saved_bytes_total", "Bytes that they were smaller by.", saved_bytes);
  AddByCoding(families, *forms, "kck_compressed_made_total", "Compressed forms made, by encoding.",
              [&](std::size_t coding) { return counters.made.at(coding).load(); });
  AddCounter(families, "kck_compressed_loaded_total", "Compressed forms that the store had.", counters.loaded);
  AddCounter(families, "kck_compressed_unpaid_total", "Tries to compress that saved less than a tenth.",
             counters.unpaid);
  AddCounter(families, "kck_compressed_dropped_total", "Forms not made because too many waited.", counters.dropped);
  AddCounter(families, "kck_compressed_seconds_total", "Time spent on compressing.",
             static_cast<double>(counters.time_us) / 1e6);
  AddGauge(families, "kck_compressed_bytes", "Bytes of compressed forms in memory, of http.compression.memory.",
           forms->memory_bytes());
  AddCounter(families, "kck_compressed_evictions_total", "Keys whose forms were pushed out of memory by that budget.",
             forms->evictions());
}

}  // namespace kck
