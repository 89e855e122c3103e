#include "store/rocksdb_open.h"

#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <filesystem>

#include "base/log.h"
#include "base/log_limit.h"
#include "store/damage_log.h"
#include "store/entry_codec.h"
#include "store/store_keys.h"

namespace kck {
namespace {

class ExpiryFilter : public rocksdb::CompactionFilter {
 public:
  explicit ExpiryFilter(std::int64_t now_unix_ms) : now_unix_ms_(now_unix_ms) {}

  const char* Name() const override { return "kck.expiry"; }

  bool Filter(int, const rocksdb::Slice& name, const rocksdb::Slice& value, std::string*, bool*) const override {
    if (!View(name).starts_with(kEntryTag)) return false;
    const auto expires = EncodedExpiryUnixMs(View(value));
    return expires && *expires <= now_unix_ms_;
  }

 private:
  const std::int64_t now_unix_ms_;
};

class ExpiryFilterFactory : public rocksdb::CompactionFilterFactory {
 public:
  explicit ExpiryFilterFactory(const Scheduler& scheduler) : scheduler_(scheduler) {}

  const char* Name() const override { return "kck.expiry"; }

  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    return std::make_unique<ExpiryFilter>(scheduler_.UnixMillis());
  }

 private:
  const Scheduler& scheduler_;
};

// RocksDB's warnings, in the server's own log. Not in a file beside the data: with Debian's build, an assertion on that
// file ends the process once the disk is full.
class WarningLog : public rocksdb::Logger {
 public:
  explicit WarningLog(const Scheduler& scheduler) : Logger(rocksdb::WARN_LEVEL), scheduler_(scheduler) {}

  using Logger::Logv;
  void Logv(const char*, va_list) override {}
  void LogHeader(const char*, va_list) override {}

  void Logv(rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < GetInfoLogLevel() || level >= rocksdb::HEADER_LEVEL || !limit_.Pass(scheduler_.Now())) return;
    std::array<char, 512> line{};
    std::vsnprintf(line.data(), line.size(), format, arguments);
    LogWarning("RocksDB: {}", line.data());
  }

 private:
  const Scheduler& scheduler_;
  LogLimit limit_{kFaultQuiet};
};

rocksdb::CompressionType Compression(rocksdb::CompressionType wanted) {
  const auto supported = rocksdb::GetSupportedCompressions();
  const bool found = std::find(supported.begin(), supported.end(), wanted) != supported.end();
  return found ? wanted : rocksdb::kNoCompression;
}

void SetFiles(rocksdb::Options& options, const RocksDbLimits& limits) {
  options.create_if_missing = true;
  options.write_buffer_size = limits.write_buffer_bytes;
  options.max_write_buffer_number = 2;
  options.max_total_wal_size = 8 * limits.write_buffer_bytes;
  options.target_file_size_base = 2 * limits.write_buffer_bytes;
  options.level_compaction_dynamic_level_bytes = true;
  options.compression = Compression(rocksdb::kLZ4Compression);
  options.bottommost_compression = Compression(rocksdb::kZSTD);
  options.max_open_files = 256;
  options.max_manifest_file_size = std::size_t{64} << 20U;
  // Every file is rewritten within a day, so that what is past its life leaves the disk without being written over.
  options.periodic_compaction_seconds = 24UL * 3600;
}

void SetLogs(rocksdb::Options& options, const Scheduler& scheduler) {
  options.info_log = std::make_shared<WarningLog>(scheduler);
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
}

void SetBlocks(rocksdb::Options& options, const RocksDbLimits& limits) {
  rocksdb::BlockBasedTableOptions table;
  // Few shards: a block larger than its shard is read anew each time.
  constexpr int kShardBits = 2;
  constexpr double kForIndexesAndFilters = 0.5;
  table.block_cache = rocksdb::NewLRUCache(limits.block_cache_bytes, kShardBits, /*strict_capacity_limit=*/false,
                                           kForIndexesAndFilters);
  // Indexes and filters count against the cache's bound too; outside, they would grow with the store. In parts of the
  // usual block size, since whole ones would push each other out.
  table.cache_index_and_filter_blocks = true;
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.pin_top_level_index_and_filter = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.memtable_whole_key_filtering = true;
  options.memtable_prefix_bloom_size_ratio = 0.05;
}

Error OpenError(const std::string& path, const rocksdb::Status& status) {
  const std::string text = status.ToString();
  if (status.IsIOError() && text.find("lock") != std::string::npos && text.find("Permission") == std::string::npos) {
    return {ErrorCode::kStoreError,
            fmt::format("the store in {} is in use by another process: stop that one, or give this one a folder of "
                        "its own (kck.yml: store: {{url: \"rocksdb:FOLDER\"}})",
                        path)};
  }
  return {ErrorCode::kStoreError,
          fmt::format("the store in {} cannot be opened ({}): check that this user may write there and that the "
                      "disk has room",
                      path, text)};
}

// A file that others name and that is not there is damage as well.
bool IsDamage(const rocksdb::Status& status) { return status.IsCorruption() || status.IsPathNotFound(); }

// What is cached may be nobody else's to read, so a new folder is the owner's alone.
Result<void> MakeFolder(const std::string& path) {
  std::error_code error;
  if (std::filesystem::create_directories(path, error)) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  }
  if (!error) return {};
  return Fail(ErrorCode::kStoreError,
              fmt::format("the store's folder {} cannot be made ({}): make it, or name another one (kck.yml: store: "
                          "{{url: \"rocksdb:FOLDER\"}})",
                          path, error.message()));
}

}  // namespace

tl::expected<std::unique_ptr<rocksdb::DB>, OpenRefusal> OpenRocksDb(const std::string& path, const Scheduler& scheduler,
                                                                    const RocksDbLimits& limits) {
  if (auto made = MakeFolder(path); !made) return tl::unexpected(OpenRefusal{std::move(made.error()), {}});
  rocksdb::Options options;
  SetFiles(options, limits);
  SetLogs(options, scheduler);
  SetBlocks(options, limits);
  options.compaction_filter_factory = std::make_shared<ExpiryFilterFactory>(scheduler);
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(options, path, &opened);
  if (!status.ok())
    return tl::unexpected(OpenRefusal{OpenError(path, status), IsDamage(status) ? status.ToString() : ""});
  return std::unique_ptr<rocksdb::DB>(opened);
}

}  // namespace kck
