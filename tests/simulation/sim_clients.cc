#include "simulation/sim_clients.h"

#include <utility>

namespace kck {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kNoNode = milliseconds(20);
constexpr auto kPatience = seconds(5);
constexpr std::size_t kTokensKept = 6;

// "[[3,17]]": the row that was written, and the number of its change.
std::pair<Row, std::uint64_t> ReadWritten(const std::string& returning) {
  const std::size_t comma = returning.find(',');
  return {std::stoi(returning.substr(2)), std::stoull(returning.substr(comma + 1))};
}

}  // namespace

std::vector<ResolvedKey> SimClients::AllKeys(const CatalogPtr& catalog, int rows) {
  std::vector<ResolvedKey> keys;
  for (const ProductPtr& product : catalog->Products()) {
    if (product->params.empty()) keys.push_back({product->name, product, {}});
    for (Row row = 0; !product->params.empty() && row < rows; ++row) {
      keys.push_back({fmt::format("{}/{}", product->name, row), product, {std::to_string(row)}});
    }
  }
  return keys;
}

void KnownTokens::Add(Token token) {
  if (tokens_.size() == kTokensKept) tokens_.erase(tokens_.begin());
  tokens_.push_back(std::move(token));
}

void SimClients::LoseNode() {
  for (; waiting_ > 0; --waiting_) Next();
}

void SimClients::Next() {
  process_.After(random_.Between(Duration::zero(), think_max_), [this] { Act(); });
}

// Counts one answer that is awaited; what is returned tells that it came.
SimClients::Then SimClients::Asks() {
  ++waiting_;
  return [this] {
    --waiting_;
    Next();
  };
}

ResolvedKey SimClients::AnyKey() {
  const std::vector<ResolvedKey> keys = AllKeys(node_()->engine().catalog(), rows_);
  const std::uint64_t chosen = random_.Below(keys.size() + 1);
  // A name without a product.
  if (chosen == keys.size()) return {"free/0", nullptr, {}};
  return keys[chosen];
}

std::string SimClients::AnyProduct() {
  const std::vector<ProductPtr> products = node_()->engine().catalog()->Products();
  return products[random_.Below(products.size())]->name;
}

void SimClients::Act() {
  if (ended_) return;
  if (node_() == nullptr) return process_.After(kNoNode, [this] { Act(); });
  const std::uint64_t chosen = random_.Below(100);
  if (chosen < 45) return Read(AnyKey(), [then = Asks()](const Result<Served>&) { then(); });
  if (chosen < 57) return ReadAfterWrite(AnyKey());
  if (chosen < 76) return Update();
  if (chosen < 80) return Refresh(AnyKey());
  if (chosen < 86) return QueueRefresh(AnyKey());
  if (chosen < 88) return RefreshProduct(AnyProduct());
  if (chosen < 89) return RefreshDomain();
  if (chosen < 94) return Set();
  if (chosen < 99) return Purge(AnyKey());
  PurgeProduct(AnyProduct());
}

// As the handler of GET /fetch does: the hot path first.
void SimClients::Read(const ResolvedKey& key, Engine::FetchCallback done) {
  const ReaderPtr reader = checker_.Begins(key);
  if (std::optional<Served> hit = node_()->engine().Peek(key.text)) {
    checker_.Answered(reader, *hit);
    return done(*std::move(hit));
  }
  reader->plain = true;
  node_()->engine().Fetch(key, process_.Now() + kPatience, [this, reader, done = std::move(done)](Result<Served> got) {
    checker_.Answered(reader, got);
    done(std::move(got));
  });
}

void SimClients::ReadAfterWrite(const ResolvedKey& key) {
  const ReaderPtr reader = checker_.Begins(key);
  WriteTokens after;
  for (const KnownTokens::Token& token : tokens_.all()) {
    Result<WriteTokens> opened = node_()->engine().OpenTokens(token.text);
    if (!opened) {
      // Where nodes share a store, one of the two has not reached it.
      if (checker_.sharer) continue;
      checker_.Violated(key, "the node does not know a token that it gave");
      continue;
    }
    after.push_back(opened->front());
    if (!key.product || key.product->database != token.database) continue;
    const std::vector<Row> rows = RowsOf(key, rows_);
    if (std::ranges::find(rows, token.row) == rows.end()) continue;
    reader->by_tokens[token.row] = std::max(reader->by_tokens[token.row], token.number);
  }
  node_()->engine().Fetch(
      key, process_.Now() + kPatience,
      [this, reader, then = Asks()](const Result<Served>& got) {
        checker_.Answered(reader, got);
        then();
      },
      std::move(after));
}

void SimClients::Update() {
  const std::string_view database = random_.Below(3) > 0 ? kMain : kLite;
  const std::uint64_t kind = random_.Below(10);
  std::optional<Row> row = static_cast<Row>(random_.Below(static_cast<std::uint64_t>(rows_)));
  WriteAction action = WriteAction::kUpdate;
  if (kind == 0 && inserts_) {
    action = WriteAction::kInsert;
    row.reset();
  } else if (kind == 1 && database == kMain) {
    action = WriteAction::kDelete;
  }
  node_()->engine().RunUpdater(MakeWrite(*node_()->engine().catalog(), database, action, row),
                               process_.Now() + kPatience,
                               [this, database, then = Asks()](const Result<Updated>& updated) {
                                 OnUpdated(database, updated);
                                 then();
                               });
}

void SimClients::OnUpdated(std::string_view database, const Result<Updated>& updated) {
  if (!updated) return;
  const auto [row, number] = ReadWritten(updated->returning);
  if (checker_.sharer && !kWritesOfNoEpochAreHeld && database == kMain) {
    const Result<WriteTokens> own = node_()->engine().OpenTokens(updated->token);
    if (!own || !own->front().transaction) return;
  }
  checker_.WriteAcknowledged(database, row, number);
  tokens_.Add({updated->token, std::string(database), row, number});
}

void SimClients::Refresh(const ResolvedKey& key) {
  const Moment began = checker_.MomentOf(node_()->engine());
  node_()->engine().Refresh(key, nullptr, process_.Now() + kPatience,
                            [this, key, began, then = Asks()](const Result<Served>& got) {
                              if (got && checker_.IsBefore(*got->entry, began)) {
                                checker_.Violated(key, "a refresh brought what was computed before it was asked for");
                              }
                              if (got) checker_.RefreshAcknowledged(key.text, began);
                              then();
                            });
}

void SimClients::QueueRefresh(const ResolvedKey& key) {
  const Moment began = checker_.MomentOf(node_()->engine());
  node_()->engine().QueueRefresh(key, nullptr, [this, key, began, then = Asks()](const Result<void>& queued) {
    if (queued) checker_.RefreshAcknowledged(key.text, began);
    then();
  });
}

void SimClients::RefreshProduct(const std::string& product) {
  const Moment began = checker_.MomentOf(node_()->engine());
  node_()->engine().RefreshProduct(product, [this, product, began, then = Asks()](const Result<void>& marked) {
    if (marked) checker_.ProductRefreshAcknowledged(product, began);
    then();
  });
}

// Nobody waits for a walk: it may end with the database's next error.
void SimClients::RefreshDomain() {
  const ProductPtr* rank = node_()->engine().catalog()->Find("rank");
  node_()->worker().RefreshDomain(*rank, RefreshReason::kHand, random_.OneIn(2),
                                  [](const Result<DomainWalkReport>&) {});
  Next();
}

void SimClients::Set() {
  const Row row = static_cast<Row>(random_.Below(static_cast<std::uint64_t>(rows_)));
  const ProductPtr memo = *node_()->engine().catalog()->Find("memo");
  ResolvedKey key{fmt::format("memo/{}", row), memo, {std::to_string(row)}};
  if (random_.OneIn(3)) key = {"free/0", nullptr, {}};
  std::optional<Version> condition;
  if (const auto held = node_()->engine().Peek(key.text); held && random_.OneIn(3)) {
    condition = held->entry->content_version();
  }
  const std::uint64_t began = checker_.WriteBegins(key.text);
  std::string value = fmt::format(R"({{"set":{}}})", tokens_.NextSet());
  auto done = [this, key, began, then = Asks()](const Result<Version>& version) {
    checker_.WriteEnds(key.text);
    if (version) checker_.SetAcknowledged(key.text, began, node_()->engine().NextSequence(), *version);
    then();
  };
  node_()->engine().Set(key, std::move(value), condition, std::move(done));
}

void SimClients::Purge(const ResolvedKey& key) {
  const std::uint64_t began = checker_.WriteBegins(key.text);
  node_()->engine().Purge(key, {}, [this, key, began, then = Asks()](const Result<Version>& purged) {
    checker_.WriteEnds(key.text);
    if (purged) checker_.PurgeAcknowledged(key.text, began, node_()->engine().NextSequence(), *purged);
    then();
  });
}

void SimClients::PurgeProduct(const std::string& product) {
  checker_.ThrowsProductAway(product);
  const Moment began = checker_.MomentOf(node_()->engine());
  node_()->engine().PurgeProduct(product, [this, product, began, then = Asks()](const Result<void>& purged) {
    if (purged) checker_.ProductPurgeAcknowledged(product, began);
    then();
  });
}

}  // namespace kck
