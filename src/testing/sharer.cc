#include "testing/sharer.h"

#include <fmt/format.h>

#include "model/product_key.h"

namespace kck {
namespace {

std::string Describe(const Served& served) {
  const std::string value(served.entry->value());
  return served.freshness == Freshness::kFresh ? value : fmt::format("{} {}", FreshnessName(served.freshness), value);
}

std::shared_ptr<Updater> ItemUpdater() {
  auto updater = std::make_shared<Updater>();
  updater->name = "item";
  updater->database = "main";
  updater->params = {Param{"id", ParamType::kInt, false, true}};
  updater->templates[static_cast<std::size_t>(WriteAction::kDelete)].emplace();
  return updater;
}

}  // namespace

Sharer::Sharer(ManualScheduler& scheduler, SharedMemory& shared, const std::string& name,
               const std::function<void(Product&)>& edit)
    : scheduler_(scheduler),
      store_(shared.Open(name)),
      writer_(std::make_shared<HeldWriter>()),
      refresher_(scheduler),
      engine_(scheduler, *store_, primer_, std::size_t{16} << 20U, {}, Writers{{"main", writer_}}) {
  refresher_.Serve(engine_);
  engine_.SetRefresher(&refresher_);
  engine_.Start([this](const Result<void>& result) { started_ = result.has_value(); });
  scheduler_.RunReady();
  Define(edit);
}

void Sharer::Define(const std::function<void(Product&)>& edit) {
  auto product = std::make_shared<Product>();
  product->name = "item";
  product->database = "main";
  product->params = {Param{"id", ParamType::kInt, false, false}};
  product->fingerprint = 100;
  product->settable = true;
  if (edit) edit(*product);
  engine_.SetCatalog(
      std::make_shared<Catalog>(std::vector<ProductPtr>{product}, std::vector<UpdaterPtr>{ItemUpdater()}));
  scheduler_.RunReady();
}

std::string Sharer::Get(const std::string& text, const std::string& tokens) {
  if (tokens.empty()) {
    const std::optional<Served> hit = engine_.Peek(text);
    scheduler_.RunReady();
    if (hit) return Describe(*hit);
  }
  last_.reset();
  WriteTokens after;
  if (!tokens.empty()) after = engine_.OpenTokens(tokens).value();
  engine_.Fetch(
      Key(text), scheduler_.Now() + std::chrono::seconds(30),
      [this](Result<Served> result) { last_ = std::move(result); }, std::move(after));
  scheduler_.RunReady();
  return Last();
}

std::string Sharer::Last() const {
  if (!last_) return "waits";
  return *last_ ? Describe(**last_) : fmt::format("error {}", ErrorName(last_->error().code));
}

std::string Sharer::Answer(const std::string& value, std::uint64_t number, DatabaseIdentity identity) {
  scheduler_.RunReady();
  Primed primed = PrimedAt(value, number);
  primed.identity = identity;
  primer_.Answer(primer_.begun() - 1, std::move(primed));
  scheduler_.RunReady();
  return Last();
}

void Sharer::AnswerNumber(std::size_t which, const std::string& value, std::uint64_t number) {
  primer_.Answer(which, PrimedAt(value, number));
  scheduler_.RunReady();
}

std::string Sharer::AnswerUnstamped(const std::string& value, std::vector<std::string> reads) {
  scheduler_.RunReady();
  Primed primed;
  primed.value = value;
  primed.reads = std::move(reads);
  primer_.Answer(primer_.begun() - 1, std::move(primed));
  scheduler_.RunReady();
  return Last();
}

bool Sharer::Set(const std::string& text, const std::string& value) {
  bool done = false;
  engine_.Set(Key(text), value, {}, [&done](const Result<Version>& result) { done = result.has_value(); });
  scheduler_.RunReady();
  return done;
}

bool Sharer::Purge(const std::string& text) {
  bool done = false;
  engine_.Purge(Key(text), {}, [&done](const Result<Version>& result) { done = result.has_value(); });
  scheduler_.RunReady();
  return done;
}

bool Sharer::QueueRefresh(const std::string& text) {
  bool done = false;
  engine_.QueueRefresh(Key(text), nullptr, [&done](const Result<void>& result) { done = result.has_value(); });
  scheduler_.RunReady();
  return done;
}

void Sharer::Refresh(const std::string& text) {
  engine_.Refresh(Key(text), nullptr, TimePoint::max(), [](const Result<Served>&) {});
  scheduler_.RunReady();
}

bool Sharer::Mark(void (Engine::*mark)(std::string_view, Engine::DoneCallback)) {
  bool done = false;
  (engine_.*mark)("item", [&done](const Result<void>& result) { done = result.has_value(); });
  scheduler_.RunReady();
  return done;
}

std::string Sharer::Update(const Written& written, const std::string& id, const std::function<void()>& before) {
  ResolvedWrite write{engine_.catalog()->FindUpdater("item"), WriteAction::kDelete, {}, {}};
  if (!id.empty()) write.key = {ParamValue{id}};
  std::string token;
  engine_.RunUpdater(std::move(write), TimePoint::max(),
                     [&token](const Result<Updated>& updated) { token = updated.value().token; });
  scheduler_.RunReady();
  if (before) before();
  writer_->Answer(writer_->begun() - 1, written);
  scheduler_.RunReady();
  return token;
}

ResolvedKey Sharer::Key(const std::string& text) { return ResolveKey(*engine_.catalog(), text).value(); }

}  // namespace kck
