#include "store/open.h"

#ifdef KCK_CASSANDRA
#include "store/cassandra_schema.h"
#include "store/cassandra_store.h"
#endif

namespace kck {
namespace {

#ifdef KCK_CASSANDRA

Result<std::unique_ptr<Store>> OpenShared(const CassandraSettings& settings, Scheduler& scheduler) {
  Result<std::unique_ptr<CassandraStore>> store = OpenCassandraStore(settings, scheduler);
  if (!store) return Failure(std::move(store.error()));
  return *std::move(store);
}

#else

Failure BuiltWithout() {
  return Fail(ErrorCode::kStoreError,
              "this kck was built without Cassandra (KCK_CASSANDRA=OFF): build it with, or use rocksdb:path");
}

#endif

}  // namespace

Result<std::unique_ptr<Store>> OpenStore(const StoreSettings& settings, [[maybe_unused]] const std::string& node_id,
                                         std::size_t memory_bytes, Scheduler& scheduler) {
  if (settings.kind == "memory") return OpenMemoryStore(scheduler, memory_bytes);
  if (settings.kind == "rocksdb") return OpenRocksDbStore(settings.path, scheduler);
#ifdef KCK_CASSANDRA
  return OpenShared(CassandraSettingsOf(*settings.cassandra, node_id), scheduler);
#else
  return BuiltWithout();
#endif
}

Result<void> SetUpStore(const StoreSettings& settings, [[maybe_unused]] const std::string& node_id,
                        [[maybe_unused]] Scheduler& scheduler) {
  if (!settings.cassandra) return {};
#ifdef KCK_CASSANDRA
  return SetUpCassandra(scheduler, CassandraSettingsOf(*settings.cassandra, node_id));
#else
  return BuiltWithout();
#endif
}

Result<void> CheckStore(const StoreSettings& settings, [[maybe_unused]] const std::string& node_id,
                        [[maybe_unused]] Scheduler& scheduler) {
  if (!settings.cassandra) return {};
#ifdef KCK_CASSANDRA
  return CheckCassandra(scheduler, CassandraSettingsOf(*settings.cassandra, node_id));
#else
  return BuiltWithout();
#endif
}

}  // namespace kck
