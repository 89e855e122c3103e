#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <filesystem>

#include "model/auth_settings_reader.h"
#include "model/client_settings_reader.h"
#include "model/compression_settings_reader.h"
#include "model/cors_settings_reader.h"
#include "model/folder_readers.h"
#include "model/log_settings_reader.h"
#include "model/login_settings.h"
#include "model/python_function.h"
#include "model/python_settings_reader.h"
#include "model/store_settings_reader.h"
#include "model/yaml_reader.h"

namespace kck {
namespace {

using std::chrono::milliseconds;

std::string Join(const std::string& folder, const std::string& path) {
  return (std::filesystem::path(folder) / path).lexically_normal().string();
}

template <typename T>
void Assign(T& to, const std::optional<T>& from) {
  if (from) to = *from;
}

class SettingsReader {
 public:
  SettingsReader(const YamlFile& file, const std::string& folder) : file_(file), folder_(folder) {
    settings_.folder = folder;
    settings_.products_folder = Join(folder, "products");
    settings_.updaters_folder = Join(folder, "updaters");
    settings_.processes_folder = Join(folder, "processes");
    settings_.http.compression = std::make_shared<CompressionSettings>();
  }

  Settings Read(const YAML::Node& root) {
    YamlMap top(file_, root, "kck.yml");
    ReadDatabases(top);
    settings_.store = ReadStoreSettings(file_, top.Take("store"), folder_);
    if (const YAML::Node auth = top.Take("auth"); auth.IsDefined()) {
      settings_.auth = ReadAuthSettings(file_, auth, folder_);
      settings_.http.admin_socket = Join(folder_, "kck.sock");
    }
    ReadHttp(top);
    if (const YAML::Node log = top.Take("log"); log.IsDefined()) settings_.log = ReadLogSettings(file_, log);
    Assign(settings_.memory_bytes, top.TakeBytes("memory"));
    if (const auto folder = top.TakeText("products")) settings_.products_folder = Join(folder_, *folder);
    if (const auto folder = top.TakeText("updaters")) settings_.updaters_folder = Join(folder_, *folder);
    if (const auto folder = top.TakeText("processes")) settings_.processes_folder = Join(folder_, *folder);
    if (const auto threads = top.TakeInt("threads", 1, 256)) settings_.threads = static_cast<int>(*threads);
    if (const auto choice = top.TakeChoice("on_miss", {"prime", "error"})) settings_.prime_on_miss = *choice == 0;
    ReadNode(top);
    CheckStore();
    settings_.python = ReadPythonSettings(file_, top.Take("python"), folder_);
    top.RefuseForNow("changes");
    top.Finish();
    return std::move(settings_);
  }

 private:
  void ReadDatabases(YamlMap& top) {
    const YAML::Node node = top.Take("databases");
    if (!node.IsDefined()) return;
    YamlMap databases(file_, node, "databases");
    for (const auto& item : databases.node()) {
      const std::string name = item.first.Scalar();
      databases.Take(name);
      if (name == kPythonDatabase) {
        file_.Report(item.first, "no database can be named \"python\": so the work of Python is called that needs none",
                     "give it another name");
        continue;
      }
      if (auto database = ReadDatabase(name, item.first, item.second)) {
        settings_.databases[name] = *std::move(database);
      } else {
        settings_.faulty_databases.insert(name);
      }
    }
  }

  std::optional<DatabaseSettings> ReadDatabase(const std::string& name, const YAML::Node& at, const YAML::Node& node) {
    YamlMap fields(file_, node, fmt::format("database {}", name));
    DatabaseSettings database;
    database.name = name;
    database.location = file_.At(at);
    const bool given = fields.Has("url");
    const auto url = fields.TakeText("url");
    if (!given)
      file_.Report(at, fmt::format("database {} has no url", name), "add url: postgresql://… or url: sqlite:path");
    if (const auto pool = fields.TakeInt("pool", 1, 64)) database.pool = static_cast<int>(*pool);
    if (const auto pool = fields.TakeInt("write_pool", 1, 64)) database.write_pool = static_cast<int>(*pool);
    Assign(database.statement_timeout, fields.TakeDuration("statement_timeout_ms", milliseconds(1)));
    ReadBudget(fields, database);
    fields.Finish();
    if (!url) return std::nullopt;
    if (url->starts_with("postgresql://") || url->starts_with("postgres://")) {
      database.url = *url;
      return database;
    }
    constexpr std::string_view kSqlite = "sqlite:";
    if (url->starts_with(kSqlite) && url->size() > kSqlite.size()) {
      database.dialect = SqlDialect::kSqlite;
      database.url = std::string(kSqlite) + Join(folder_, url->substr(kSqlite.size()));
      return database;
    }
    file_.Report(fields.Take("url"), fmt::format("the url of database {} is of no known kind", name),
                 "postgresql://user@host/name or sqlite:path");
    return std::nullopt;
  }

  void ReadBudget(YamlMap& database_fields, DatabaseSettings& database) {
    YamlMap fields(file_, database_fields.Take("refresh"), "refresh");
    if (const auto share = fields.TakeNumber("share", 0, 1)) {
      database.refresh.share = *share;
      if (*share == 0) {
        file_.Report(fields.Take("share"), "with a share of 0 nothing would be refreshed",
                     "0.2 lets refreshes run for a fifth of the time");
      }
    }
    if (const auto connections = fields.TakeInt("connections", 1, 64)) {
      database.refresh.connections = static_cast<int>(*connections);
      if (*connections > database.pool) {
        file_.Report(fields.Take("connections"),
                     fmt::format("refreshes cannot have {} connections of a pool of {}", *connections, database.pool),
                     "lower connections, or raise pool");
      }
    }
    fields.Finish();
  }

  void CheckStore() {
    if (!settings_.store.cassandra || !settings_.auth.login) return;
    file_.faults->push_back({settings_.auth.login->location,
                             "auth_user needs a store of one node in this version: a session that ends at one node "
                             "would live on at the others",
                             "take rocksdb:path, or let another service give the tokens"});
  }

  // A name that people will know, and that no other node has unless it listens at the same address.
  void ReadNode(YamlMap& top) {
    const YAML::Node node = top.Take("node");
    if (node.IsDefined()) {
      YamlMap fields(file_, node, "node");
      if (const auto id = fields.TakeText("id")) {
        settings_.node_id = *id;
        if (!IsNodeId(*id)) {
          file_.Report(fields.Take("id"), fmt::format("node.id is '{}'", *id),
                       "letters, digits, '.', '_' and '-', 64 at most");
        }
      }
      fields.RefuseForNow("advertise");
      fields.Finish();
    }
    if (settings_.node_id.empty()) settings_.node_id = fmt::format("{}-{}", HostName(), settings_.http.port);
  }

  static bool IsNodeId(const std::string& id) {
    const auto fits = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
    };
    return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, fits);
  }

  static std::string HostName() {
    std::array<char, 65> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "node";
  }

  void ReadHttp(YamlMap& top) {
    const YAML::Node node = top.Take("http");
    if (!node.IsDefined()) return;
    YamlMap fields(file_, node, "http");
    HttpSettings& http = settings_.http;
    ReadListen(fields);
    ReadAdmin(fields);
    if (fields.TakeChoice("compat", {"0.6"})) http.compat_06 = true;
    Assign(http.fetch_timeout, fields.TakeDuration("fetch_timeout_ms", milliseconds(1)));
    Assign(http.drain_timeout, fields.TakeDuration("drain_timeout_ms", milliseconds(1)));
    Assign(http.idle_timeout, fields.TakeDuration("idle_timeout_ms", milliseconds(1)));
    Assign(http.body_bytes_max, fields.TakeBytes("body_bytes_max"));
    Assign(http.bodies_bytes_max, fields.TakeBytes("bodies_bytes_max"));
    Assign(http.unsent_bytes_max, fields.TakeBytes("unsent_bytes_max"));
    if (const auto most = fields.TakeInt("connections_max", 1, 1000000)) {
      http.connections_max = static_cast<std::size_t>(*most);
    }
    ReadTls(fields);
    ReadClientSettings(file_, fields, http);
    if (const YAML::Node cors = fields.Take("cors"); cors.IsDefined()) http.cors = ReadCorsSettings(file_, cors);
    http.compression = ReadCompressionSettings(file_, fields.Take("compression"));
    if (const auto keys = fields.TakeBool("surrogate_keys")) http.surrogate_keys = *keys;
    fields.Finish();
  }

  void ReadTls(YamlMap& http_fields) {
    const YAML::Node node = http_fields.Take("tls");
    if (!node.IsDefined()) return;
    YamlMap fields(file_, node, "tls");
    TlsSettings tls;
    const bool has_cert = ReadTlsFile(fields, node, "cert", tls.cert, tls.cert_location);
    const bool has_key = ReadTlsFile(fields, node, "key", tls.key, tls.key_location);
    tls.requires_13 = fields.TakeChoice("min_version", {"1.2", "1.3"}) == std::size_t{1};
    fields.Finish();
    if (has_cert && has_key) settings_.http.tls = std::move(tls);
  }

  // False where there is none.
  bool ReadTlsFile(YamlMap& fields, const YAML::Node& tls, const std::string& field, std::string& path,
                   Location& location) {
    const YAML::Node node = fields.Take(field);
    if (!node.IsDefined()) {
      file_.Report(tls, fmt::format("tls has no \"{}\"", field), "tls: {cert: FILE, key: FILE} names both");
      return false;
    }
    location = file_.At(node);
    const auto text = fields.TakeText(field);
    if (text) path = Join(folder_, *text);
    return text.has_value();
  }

  void ReadListen(YamlMap& fields) {
    const auto listen = fields.TakeText("listen");
    if (!listen) return;
    const std::size_t colon = listen->rfind(':');
    const std::string port = colon == std::string::npos ? "" : listen->substr(colon + 1);
    unsigned number = 65536;
    const auto [stop, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (port.empty() || error != std::errc{} || stop != port.data() + port.size() || number > 65535 || colon == 0) {
      file_.Report(fields.Take("listen"), "\"listen\" has to be an address and a port",
                   "as 127.0.0.1:8001 or [::1]:8001");
      return;
    }
    settings_.http.address = listen->substr(0, colon);
    settings_.http.port = static_cast<std::uint16_t>(number);
  }

  void ReadAdmin(YamlMap& fields) {
    constexpr std::string_view kUnix = "unix:";
    const auto admin = fields.TakeText("admin");
    if (!admin) return;
    if (*admin == "off") {
      settings_.http.admin_socket.clear();
    } else if (admin->starts_with(kUnix) && admin->size() > kUnix.size()) {
      settings_.http.admin_socket = Join(folder_, admin->substr(kUnix.size()));
    } else {
      file_.Report(fields.Take("admin"), "\"admin\" is no Unix socket", "unix:PATH, or off");
    }
  }

  YamlFile file_;
  std::string folder_;
  Settings settings_;
};

}  // namespace

std::string RedactUrl(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  // The last @ before the parameters: a password whose own @ or / should have been encoded is hidden all the same.
  std::size_t host = url.substr(0, url.find('?')).rfind('@');
  if (host != std::string::npos && host < scheme + 3) host = std::string::npos;
  const std::size_t colon = url.find(':', scheme + 3);
  std::string shown = url;
  if (host != std::string::npos && colon < host) shown.replace(colon + 1, host - colon - 1, "***");
  // libpq takes passwords among the parameters as well: password and sslpassword.
  constexpr std::string_view kPassword = "password=";
  for (std::size_t at = shown.find(kPassword); at != std::string::npos; at = shown.find(kPassword, at)) {
    at += kPassword.size();
    shown.replace(at, std::min(shown.find('&', at), shown.size()) - at, "***");
  }
  return shown;
}

std::map<std::string, std::string> DatabaseUrls(const Settings& settings) {
  std::map<std::string, std::string> urls;
  for (const auto& [name, database] : settings.databases) urls[name] = database.url;
  return urls;
}

bool SameDatabases(const Settings& one, const Settings& other) {
  const auto same = [](const auto& a, const auto& b) {
    return a.first == b.first && a.second.url == b.second.url && a.second.pool == b.second.pool &&
           a.second.write_pool == b.second.write_pool && a.second.statement_timeout == b.second.statement_timeout &&
           a.second.refresh == b.second.refresh;
  };
  return std::equal(one.databases.begin(), one.databases.end(), other.databases.begin(), other.databases.end(), same);
}

Settings ReadSettings(const std::string& folder, const std::string& name, const std::string& text, Faults& faults) {
  const YamlFile file{name, &faults};
  const std::vector<YAML::Node> documents = ParseYaml(file, text);
  if (documents.size() > 1) file.Report(documents[1], "kck.yml has a second document", "take out the --- before it");
  SettingsReader reader(file, folder);
  return reader.Read(documents.empty() ? YAML::Node(YAML::NodeType::Map) : documents[0]);
}

}  // namespace kck
