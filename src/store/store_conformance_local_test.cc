// The stores of one process, against what every store keeps to.
#include "store/open.h"
#include "testing/store_conformance.h"

namespace kck {
namespace {

const StoreUnderTest kMemory{"memory",
                             [](const std::string&, Scheduler& scheduler) { return OpenMemoryStore(scheduler); }};

const StoreUnderTest kRocksDb{"rocksdb", [](const std::string& folder, Scheduler& scheduler) {
                                return OpenRocksDbStore(folder, scheduler).value();
                              }};

INSTANTIATE_TEST_SUITE_P(Stores, StoreConformance, testing::Values(kMemory, kRocksDb), NameOfStore);

}  // namespace
}  // namespace kck
