#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "apps/commands.h"
#include "apps/print.h"

namespace kck {
namespace {

struct StartFile {
  std::string_view name;
  std::string_view text;
};

// SQLite takes an empty file for an empty database, so the example works before there is any data.
constexpr std::array<StartFile, 3> kStartFiles = {{
    {"kck.yml",
     R"(# Settings of this KCK node. Every field: docs/reference/settings.md. ${NAME} is taken from the environment.
databases:
  main: {url: "sqlite:hello.db"}
  # orders: {url: "postgresql://reader:${ORDERS_PASSWORD}@db.example.com/orders", pool: 4}
store: {url: "rocksdb:kck-store"}
memory: 256MiB
http: {listen: "127.0.0.1:8001"}
)"},
    {"products/hello.yml",
     R"(# A product: a query with parameters, and how long its values live. Every field: docs/reference/products.md.
# This one is fetched by the key hello/LANGUAGE/NAME, as hello/en/World.
database: main
parameters:
  - {name: language, type: string}
  - {name: name, type: string}
query:
  template: |
    with greeting(language, word) as (values ('en', 'Hello'), ('fr', 'Bonjour'), ('sw', 'Jambo'))
    select word || ', ' || :name || '!' as message, language
    from greeting
    where language = :language
  type: dicts
expire_seconds: 3600     # never served after an hour
stale_seconds: 60        # after a minute: served, and computed again behind
empty: {as: value}       # no rows: [] and not an error
)"},
    {"hello.db", ""},
}};

bool Write(const std::filesystem::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  return file.good();
}

void PrintNextSteps(const std::string& folder) {
  PrintLine(
      fmt::format("\nNext:\n"
                  "  kck --folder {0} check\n"
                  "  kck --folder {0} serve\n"
                  "and in another terminal:\n"
                  "  kck --folder {0} fetch hello/en/World\n"
                  "  curl http://127.0.0.1:8001/fetch/hello/fr/Monde",
                  folder));
}

}  // namespace

int Init(const std::string& folder) {
  const std::filesystem::path root(folder);
  for (const StartFile& file : kStartFiles) {
    if (std::filesystem::exists(root / file.name)) {
      return Failed(
          fmt::format("{} is there already and is not overwritten: name another folder", (root / file.name).string()));
    }
  }
  std::error_code error;
  std::filesystem::create_directories(root / "products", error);
  if (error) return Failed(fmt::format("{} cannot be made: {}", (root / "products").string(), error.message()));
  for (const StartFile& file : kStartFiles) {
    const auto path = root / file.name;
    if (!Write(path, file.text)) return Failed(fmt::format("{} cannot be written: is the disk full?", path.string()));
    PrintLine("wrote " + path.string());
  }
  PrintNextSteps(folder);
  return kExitOk;
}

}  // namespace kck
