// kck.yml, read and checked. Plain data; docs/reference/settings.md lists every field with its default.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/auth_settings.h"
#include "model/fault.h"
#include "model/python_settings.h"
#include "model/sql_template.h"
#include "model/store_settings.h"

namespace kck {

// What refreshes may take of a database, so that its other users come first.
struct RefreshBudget {
  double share = 0.2;   // of the time of `connections`: how much of it refreshing statements may run; 1: all of it
  int connections = 1;  // how many refreshing statements run at once, of the pool

  bool operator==(const RefreshBudget&) const = default;
};

struct DatabaseSettings {
  std::string name;
  std::string url;  // as written, ${ENV} expanded: holds the password, so it is never logged
  SqlDialect dialect = SqlDialect::kPostgres;
  int pool = 4;        // connections (PostgreSQL) or reader threads (SQLite)
  int write_pool = 4;  // PostgreSQL: connections that updaters write through; SQLite has one writer
  std::chrono::milliseconds statement_timeout{10000};
  RefreshBudget refresh;
  Location location;
};

// Which pages of other origins may read answers.
struct CorsSettings {
  std::vector<std::string> origins;   // as browsers send them: scheme, host and, where it is not the usual one, port
  bool every_origin = false;          // "*"
  bool credentials = false;           // with cookies and the like, which KCK itself does not look at
  std::vector<std::string> headers;   // that pages may send, beside those that KCK knows
  std::chrono::seconds max_age{600};  // how long a browser remembers a preflight

  bool on() const { return every_origin || !origins.empty(); }
};

// What HTTPS is served with. Nothing here has looked into the files: http/tls_check.h does.
struct TlsSettings {
  std::string cert;  // a file in PEM form: the server's certificate, then those between it and its authority; absolute
  std::string key;   // likewise: its private key
  bool requires_13 = false;  // TLS 1.3 alone; else 1.2 as well
  Location cert_location;
  Location key_location;
};

struct CompressionSettings;  // model/compression_settings.h

// How many requests one client may make: as many at once as `burst`, and `per_second` in the long run.
struct RateLimitSettings {
  double per_second = 0;
  double burst = 0;
};

struct LogSettings {
  bool json = false;  // one object a line; else text
  std::string level = "info";
  bool requests = false;                               // a line a request
  std::optional<std::chrono::milliseconds> slow_fill;  // fills that take as long are logged
};

struct HttpSettings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8001;
  std::string admin_socket;  // a Unix socket for administrators, absolute or already joined; empty: none
  CorsSettings cors;
  bool compat_06 = false;
  std::chrono::milliseconds fetch_timeout{15000};  // how long a request waits for a fill
  std::chrono::milliseconds drain_timeout{10000};  // how long SIGTERM waits for requests under way
  std::chrono::milliseconds idle_timeout{75000};
  std::size_t body_bytes_max = std::size_t{8} << 20U;
  std::size_t bodies_bytes_max = std::size_t{256} << 20U;  // over all connections together
  std::size_t unsent_bytes_max = std::size_t{256} << 20U;  // of answers that clients do not take, the same
  std::size_t connections_max = 20000;
  std::optional<TlsSettings> tls;                          // none: plain HTTP
  std::shared_ptr<const CompressionSettings> compression;  // null: nothing is compressed
  bool surrogate_keys = false;
  std::optional<RateLimitSettings> rate_limit;
  // Addresses and networks (CIDR) whose Forwarded headers are believed.
  std::vector<std::string> trusted_proxies;
};

struct Settings {
  std::string folder;  // of kck.yml
  std::map<std::string, DatabaseSettings> databases;
  std::set<std::string> faulty_databases;  // named in kck.yml, with a fault in the url, and so not in `databases`
  StoreSettings store;
  std::string node_id;  // tells this node from others that share the store
  std::size_t memory_bytes = std::size_t{512} << 20U;
  std::string products_folder;
  std::string updaters_folder;
  std::string processes_folder;
  HttpSettings http;
  AuthSettings auth;
  PythonSettings python;
  LogSettings log;
  int threads = 0;            // network threads; 0: one a core
  bool prime_on_miss = true;  // of products that do not say `on_miss`
};

// True where both name the same databases, with equal urls and limits.
bool SameDatabases(const Settings& one, const Settings& other);

// By name; with their passwords.
std::map<std::string, std::string> DatabaseUrls(const Settings& settings);

// A password in a URL replaced by three stars.
std::string RedactUrl(const std::string& url);

}  // namespace kck
