#include "http/system_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace kck {
namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

void AddSystemMetrics(Families& families) {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    AddCounter(families, "process_cpu_seconds_total", "Time of processors that the process took.",
               Seconds(usage.ru_utime) + Seconds(usage.ru_stime));
  }
  std::uint64_t pages = 0;
  std::uint64_t resident_pages = 0;
  if (std::ifstream statm("/proc/self/statm"); statm >> pages >> resident_pages) {
    AddGauge(families, "process_resident_memory_bytes", "Memory that the process has of the machine's.",
             resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
  }
  std::error_code error;
  const std::filesystem::directory_iterator open("/proc/self/fd", error);
  if (error) return;
  AddGauge(families, "process_open_fds", "Descriptors that are open.",
           static_cast<std::uint64_t>(std::distance(begin(open), end(open))));
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  AddGauge(families, "process_max_fds", "Descriptors that may be open.", limit.rlim_cur);
}

}  // namespace kck
