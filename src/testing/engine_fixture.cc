#include "testing/engine_fixture.h"

#include <fmt/format.h>

#include "model/product_key.h"

namespace kck {
namespace {

std::string Describe(const Served& served) {
  const std::string value(served.entry->value());
  if (served.freshness == Freshness::kFresh) return value;
  return fmt::format("{} {}", FreshnessName(served.freshness), value);
}

}  // namespace

EngineFixture::EngineFixture() : memory_(OpenMemoryStore(scheduler_)), store_(*memory_, scheduler_) {
  Restart();
  Define();
}

EngineFixture::~EngineFixture() { scheduler_.RunReady(); }

void EngineFixture::Restart() {
  const CatalogPtr catalog = engine_ ? engine_->catalog() : std::make_shared<Catalog>();
  const Writers writers{{"main", writer_}, {"other", writer_}};
  engine_ = std::make_unique<Engine>(scheduler_, store_, primer_, memory_bytes_, limits_, writers);
  refresher_.Serve(*engine_);
  engine_->SetRefresher(&refresher_);
  bool started = false;
  engine_->Start([&](const Result<void>& result) { started = result.has_value(); });
  scheduler_.RunReady();
  ASSERT_TRUE(started);
  engine_->SetCatalog(catalog);
  scheduler_.RunReady();  // what it posted is for this engine
}

void EngineFixture::Define(const std::function<void(Product&)>& edit) {
  auto product = std::make_shared<Product>();
  product->name = "item";
  product->database = "main";
  product->params = {Param{"id", ParamType::kInt, false, false}};
  product->fingerprint = 100;
  edit(*product);
  auto updater = std::make_shared<Updater>();
  updater->name = "item";
  updater->database = "main";
  updater->templates[static_cast<std::size_t>(WriteAction::kDelete)].emplace();
  engine_->SetCatalog(
      std::make_shared<Catalog>(std::vector<ProductPtr>{product}, std::vector<UpdaterPtr>{std::move(updater)}));
  scheduler_.RunReady();
}

ResolvedKey EngineFixture::Key(const std::string& text) {
  Result<ResolvedKey> key = ResolveKey(*engine_->catalog(), text);
  EXPECT_TRUE(key) << key.error().message;
  return *key;
}

EngineFixture::Fetched EngineFixture::Fetch(const std::string& key, Duration wait) { return FetchAfter(key, "", wait); }

EngineFixture::Fetched EngineFixture::FetchAfter(const std::string& key, const std::string& tokens, Duration wait) {
  auto fetched = std::make_shared<std::optional<Result<Served>>>();
  WriteTokens after;
  if (!tokens.empty()) after = engine_->OpenTokens(tokens).value();
  engine_->Fetch(
      Key(key), scheduler_.Now() + wait, [fetched](Result<Served> result) { *fetched = std::move(result); },
      std::move(after));
  scheduler_.RunReady();
  return fetched;
}

std::string EngineFixture::Update(const kck::Written& written) {
  std::string token;
  engine_->RunUpdater({engine_->catalog()->FindUpdater("item"), WriteAction::kDelete, {}, {}}, TimePoint::max(),
                      [&](const Result<Updated>& updated) { token = updated.value().token; });
  writer_->Answer(writer_->begun() - 1, written);
  scheduler_.RunReady();
  return token;
}

EngineFixture::Fetched EngineFixture::Refresh(const std::string& key, HintPtr hint) {
  auto fetched = std::make_shared<std::optional<Result<Served>>>();
  engine_->Refresh(Key(key), std::move(hint), scheduler_.Now() + std::chrono::seconds(30),
                   [fetched](Result<Served> result) { *fetched = std::move(result); });
  scheduler_.RunReady();
  return fetched;
}

EngineFixture::Written EngineFixture::Set(const std::string& key, const std::string& value,
                                          std::optional<Version> condition) {
  auto written = std::make_shared<std::optional<Result<Version>>>();
  engine_->Set(Key(key), value, condition, [written](Result<Version> result) { *written = std::move(result); });
  scheduler_.RunReady();
  return written;
}

EngineFixture::Written EngineFixture::Purge(const std::string& key, std::optional<Version> condition) {
  auto written = std::make_shared<std::optional<Result<Version>>>();
  engine_->Purge(Key(key), condition, [written](Result<Version> result) { *written = std::move(result); });
  scheduler_.RunReady();
  return written;
}

void EngineFixture::Answer(std::size_t which, const std::string& value, std::uint64_t number) {
  scheduler_.RunReady();
  primer_.Answer(which, PrimedAt(value, number));
  scheduler_.RunReady();
}

void EngineFixture::Fail(std::size_t which, ErrorCode code) {
  scheduler_.RunReady();
  primer_.Fail(which, code);
  scheduler_.RunReady();
}

std::string EngineFixture::Text(const Fetched& fetched) {
  if (!*fetched) return "waits";
  const Result<Served>& result = **fetched;
  return result ? Describe(*result) : fmt::format("error {}", ErrorName(result.error().code));
}

std::string EngineFixture::Peek(const std::string& key) {
  const std::optional<Served> served = engine_->Peek(key);
  scheduler_.RunReady();
  return served ? Describe(*served) : "miss";
}

}  // namespace kck
