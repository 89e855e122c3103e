#include "simulation/sim_products.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "model/entry.h"

namespace kck {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kDeleteId = 2;

std::string UpdaterOf(std::string_view database) { return fmt::format("{}_row", database); }

Trigger After(std::string_view source, bool whole = false) {
  Trigger trigger;
  trigger.source = source;
  trigger.whole_source = whole;
  if (!whole) trigger.parts.push_back({Trigger::Part::Kind::kParam, "id"});
  return trigger;
}

std::shared_ptr<Product> Make(std::string_view name, std::string_view database, const Definitions& definitions) {
  auto product = std::make_shared<Product>();
  product->name = name;
  product->database = database;
  product->params = {Param{"id", ParamType::kInt, false, false}};
  product->empty_as = EmptyAs::kValue;
  product->empty_expires_after = std::chrono::hours(1);  // it is due after writes, as a value is
  product->fingerprint = ValueHash(name) / 1000 * 100 + definitions.edition;
  return product;
}

std::vector<ProductPtr> MainProducts(const Definitions& definitions) {
  const std::string updater = UpdaterOf(kMain);
  const int slower = definitions.slow ? 20 : 1;
  auto item = Make("item", kMain, definitions);
  item->refresh.after_updates = {After(updater)};
  auto pair = Make("pair", kMain, definitions);
  pair->refresh.after_primes = {After("item")};
  auto patient = Make("patient", kMain, definitions);
  patient->refresh.after_updates = {After(updater)};
  patient->on_stale = OnStale::kWait;
  patient->wait_max = milliseconds(50);
  auto plain = Make("plain", kMain, definitions);
  plain->stale_after = milliseconds(200);
  plain->expires_after = milliseconds(2000);
  plain->empty_expires_after = milliseconds(2000);
  auto rank = Make("rank", kMain, definitions);
  rank->refresh.after_updates = {After(updater, true)};
  rank->refresh.domain_key = "ids";
  auto ids = Make("ids", kMain, definitions);
  ids->params.clear();
  ids->refresh.after_updates = {After(updater, true)};
  auto clock = Make("clock", kMain, definitions);
  clock->refresh.after_updates = {After(updater)};
  clock->refresh.schedule = Schedule{slower * milliseconds(15), nullptr, 0.1, {}};
  auto target = Make("target", kMain, definitions);
  target->refresh.after_updates = {After(updater)};
  target->refresh.fresh = slower * milliseconds(40);
  std::vector<ProductPtr> products{item, pair, patient, plain, rank, ids, clock, target};
  if (definitions.has_total) {
    auto total = Make("total", kMain, definitions);
    total->refresh.after_primes = {After("pair")};
    products.push_back(total);
  }
  return products;
}

std::vector<ProductPtr> LiteProducts(const Definitions& definitions) {
  const std::string updater = UpdaterOf(kLite);
  auto note = Make("note", kLite, definitions);
  note->refresh.after_updates = {After(updater)};
  auto echo = Make("echo", kLite, definitions);
  echo->refresh.after_primes = {After("note")};
  auto memo = Make("memo", kLite, definitions);
  memo->refresh.after_updates = {After(updater)};
  memo->settable = true;
  return {note, echo, memo};
}

UpdaterPtr MakeUpdater(std::string_view database) {
  auto updater = std::make_shared<Updater>();
  updater->name = UpdaterOf(database);
  updater->database = database;
  updater->params = {Param{"id", ParamType::kInt, false, true}};
  for (const WriteAction action : kWriteActions) {
    auto statement = std::make_shared<SqlStatement>();
    statement->id = static_cast<std::uint64_t>(action);
    WriteTemplate one{statement, {}, {}};
    if (action != WriteAction::kInsert) one.params = {0};
    updater->templates.at(static_cast<std::size_t>(action)) = std::move(one);
  }
  return updater;
}

}  // namespace

static_assert(static_cast<std::uint64_t>(WriteAction::kDelete) == kDeleteId);

CatalogPtr MakeCatalog(const Definitions& definitions) {
  std::vector<ProductPtr> products = MainProducts(definitions);
  for (ProductPtr& product : LiteProducts(definitions)) products.push_back(std::move(product));
  return std::make_shared<Catalog>(std::move(products), std::vector{MakeUpdater(kMain), MakeUpdater(kLite)});
}

std::string_view DueAfterPrimeOf(std::string_view product) {
  if (product == "item") return "pair";
  if (product == "pair") return "total";
  if (product == "note") return "echo";
  return "";
}

bool IsDueAfterWrites(std::string_view product) {
  return product == "item" || product == "patient" || product == "rank" || product == "ids" || product == "note" ||
         product == "memo" || product == "clock" || product == "target";
}

bool IsDueAsAWhole(std::string_view product) { return product == "rank"; }

std::vector<Row> RowsOf(const ResolvedKey& key, int rows) {
  if (!key.params.empty()) return {std::stoi(*key.params[0])};
  std::vector<Row> all;
  for (Row row = 0; row < rows; ++row) all.push_back(row);
  return all;
}

std::string ValueOf(const ResolvedKey& key, std::uint64_t fingerprint, int rows,
                    const std::function<RowState(Row)>& state) {
  const std::vector<Row> read = RowsOf(key, rows);
  if (key.params.empty()) {
    std::vector<std::string> ids;
    for (const Row row : read) {
      if (state(row).exists) ids.push_back(fmt::format("[{}]", row));
    }
    return fmt::format("[{}]", fmt::join(ids, ","));
  }
  const RowState one = state(read[0]);
  return one.exists ? fmt::format(R"({{"edition":{},"n":{}}})", fingerprint % 100, one.number) : "[]";
}

std::uint64_t NumberIn(std::string_view value) {
  constexpr std::string_view kBefore = R"("n":)";
  const std::size_t at = value.find(kBefore);
  std::uint64_t number = 0;
  if (at == std::string_view::npos) return number;
  std::from_chars(value.data() + at + kBefore.size(), value.data() + value.size(), number);
  return number;
}

ResolvedWrite MakeWrite(const Catalog& catalog, std::string_view database, WriteAction action, std::optional<Row> row) {
  ResolvedWrite write{catalog.FindUpdater(UpdaterOf(database)), action, {}, {std::nullopt}};
  if (!row) return write;
  write.params = {std::to_string(*row)};
  write.key = {ParamValue(std::to_string(*row))};
  return write;
}

bool Deletes(const SqlStatement& statement) { return statement.id == kDeleteId; }

}  // namespace kck
