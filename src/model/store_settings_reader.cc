#include "model/store_settings_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>

#include "model/near_name.h"
#include "model/product_key.h"

namespace kck {
namespace {

constexpr std::string_view kRocksDb = "rocksdb:";
constexpr std::string_view kCassandra = "cassandra:";
constexpr const char* kCassandraForm = "cassandra://host,host/keyspace?consistency=local_quorum&rf=3";
constexpr int kCopiesMax = 100;
constexpr auto kRecheckMin = std::chrono::milliseconds(300);

std::string Join(const std::string& folder, const std::string& path) {
  return (std::filesystem::path(folder) / path).lexically_normal().string();
}

std::vector<std::string_view> Split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(by);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<int> Copies(std::string_view text) {
  int number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || stop != text.data() + text.size() || number < 1 || number > kCopiesMax) {
    return std::nullopt;
  }
  return number;
}

// cassandra://user:password@host:port,host/keyspace?consistency=…&rf=…
class CassandraUrl {
 public:
  CassandraUrl(const YamlFile& file, const YAML::Node& node, CassandraStoreSettings& settings)
      : file_(file), node_(node), settings_(settings) {}

  void Read(std::string_view url) {
    if (!url.starts_with("//")) return Refuse("the store's url is no address of Cassandra", kCassandraForm);
    url.remove_prefix(2);
    const std::size_t question = url.find('?');
    const std::string_view query = question == std::string_view::npos ? "" : url.substr(question + 1);
    std::string_view place = url.substr(0, question);
    if (const std::size_t at = place.rfind('@'); at != std::string_view::npos) {
      ReadLogin(place.substr(0, at));
      place.remove_prefix(at + 1);
    }
    const std::size_t slash = place.find('/');
    ReadHosts(place.substr(0, slash));
    settings_.keyspace = slash == std::string_view::npos ? "" : std::string(place.substr(slash + 1));
    if (!IsKeyspace(settings_.keyspace)) {
      Refuse("the store's url names no keyspace that KCK can use",
             "a letter, then letters, digits and _, all small, 48 at most, as cassandra://host/kck");
    }
    if (!query.empty()) ReadQuery(query);
  }

 private:
  void Refuse(std::string what, std::string cure) { file_.Report(node_, std::move(what), std::move(cure)); }

  static bool IsKeyspace(std::string_view name) {
    const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    const auto fits = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; };
    return !name.empty() && name.size() <= 48 && is_letter(name[0]) && std::ranges::all_of(name, fits);
  }

  void ReadLogin(std::string_view text) {
    const std::size_t colon = text.find(':');
    const auto user = DecodeSegment(text.substr(0, colon));
    const auto password = DecodeSegment(colon == std::string_view::npos ? "" : text.substr(colon + 1));
    if (!user || !password) {
      return Refuse("the user or the password in the store's url is not percent-encoded", "a % itself is written %25");
    }
    settings_.user = *user;
    settings_.password = *password;
  }

  void ReadHosts(std::string_view text) {
    for (const std::string_view host : Split(text, ',')) {
      if (host.empty() || host.find_first_of(" []/") != std::string_view::npos) {
        return Refuse(fmt::format("the store's url names a host '{}'", host), "host or host:port, parted by commas");
      }
      settings_.hosts.emplace_back(host);
    }
  }

  void ReadQuery(std::string_view query) {
    for (const std::string_view item : Split(query, '&')) {
      const std::size_t equals = item.find('=');
      const std::string name(item.substr(0, equals));
      const std::string value(equals == std::string_view::npos ? "" : item.substr(equals + 1));
      if (name == "consistency") {
        ReadConsistency(value);
      } else if (name == "rf") {
        ReadCopies(value);
      } else {
        Refuse(fmt::format("the store's url has a parameter '{}'", name), "consistency and rf are known");
      }
    }
  }

  void ReadConsistency(const std::string& value) {
    if (std::ranges::find(kCassandraConsistencies, value) == kCassandraConsistencies.end()) {
      return Refuse(fmt::format("the store's url asks for a consistency of '{}'", value),
                    fmt::format("one of {}", fmt::join(kCassandraConsistencies, ", ")));
    }
    settings_.consistency = value;
  }

  // "3", or "dc1:3,dc2:2".
  void ReadCopies(const std::string& value) {
    if (const auto copies = Copies(value)) {
      settings_.replication_factor = *copies;
      return;
    }
    for (const std::string_view item : Split(value, ',')) {
      const std::size_t colon = item.find(':');
      const auto copies = colon == std::string_view::npos ? std::nullopt : Copies(item.substr(colon + 1));
      if (!copies || colon == 0) {
        return Refuse(fmt::format("the store's url asks for copies '{}'", value),
                      "a number, as rf=3, or one for each data centre, as rf=dc1:3,dc2:2");
      }
      settings_.datacenters.emplace_back(item.substr(0, colon), *copies);
    }
  }

  const YamlFile& file_;
  const YAML::Node node_;
  CassandraStoreSettings& settings_;
};

void ReadTls(const YamlFile& file, YamlMap& fields, const std::string& folder, CassandraStoreSettings& settings) {
  const YAML::Node node = fields.Take("tls");
  if (!node.IsDefined()) return;
  settings.tls = true;
  YamlMap tls(file, node, "store.tls");
  if (const auto ca = tls.TakeText("ca")) settings.ca_file = Join(folder, *ca);
  if (const auto verify = tls.TakeBool("verify_host")) settings.verify_host = *verify;
  tls.Finish();
}

// Parts of it are counted in tenths of a second.
void ReadRecheck(const YamlFile& file, YamlMap& fields, CassandraStoreSettings& settings) {
  const auto recheck = fields.TakeSpan("recheck");
  if (!recheck) return;
  settings.recheck = *recheck;
  if (*recheck >= kRecheckMin) return;
  file.Report(fields.Take("recheck"), fmt::format("recheck is {} ms", recheck->count()), "300ms or more");
}

// What only a store that nodes share has.
constexpr const char* kSharedFields[] = {"datacenter", "tls", "request_timeout", "recheck", "rechecks_per_second_max"};

std::shared_ptr<const CassandraStoreSettings> ReadCassandra(const YamlFile& file, YamlMap& fields, std::string_view url,
                                                            const std::string& folder) {
  auto settings = std::make_shared<CassandraStoreSettings>();
  settings->location = file.At(fields.Take("url"));
  CassandraUrl(file, fields.Take("url"), *settings).Read(url.substr(kCassandra.size()));
  if (const auto name = fields.TakeText("datacenter")) settings->local_datacenter = *name;
  ReadTls(file, fields, folder, *settings);
  if (const auto timeout = fields.TakeSpan("request_timeout")) settings->request_timeout = *timeout;
  ReadRecheck(file, fields, *settings);
  if (const auto looks = fields.TakeInt("rechecks_per_second_max", 1, 1000000)) {
    settings->rechecks_per_second_max = static_cast<std::size_t>(*looks);
  }
  return settings;
}

}  // namespace

StoreSettings ReadStoreSettings(const YamlFile& file, const YAML::Node& node, const std::string& folder) {
  StoreSettings store;
  store.path = Join(folder, "kck-store");
  if (!node.IsDefined()) return store;
  YamlMap fields(file, node, "store");
  const auto url = fields.TakeText("url");
  if (url && url->starts_with(kCassandra)) {
    store.kind = "cassandra";
    store.cassandra = ReadCassandra(file, fields, *url, folder);
    fields.Finish();
    return store;
  }
  for (const char* field : kSharedFields) {
    if (const YAML::Node given = fields.Take(field); given.IsDefined()) {
      file.Report(given, fmt::format("store.{} has no meaning for a store of this kind", field),
                  "it is for cassandra://");
    }
  }
  fields.Finish();
  if (!url) return store;
  if (*url == "memory:") {
    store.kind = "memory";
  } else if (url->starts_with(kRocksDb) && url->size() > kRocksDb.size()) {
    store.path = Join(folder, url->substr(kRocksDb.size()));
  } else {
    file.Report(fields.Take("url"), "the store's url is of no known kind", "rocksdb:path, memory: or cassandra://…");
  }
  return store;
}

}  // namespace kck
