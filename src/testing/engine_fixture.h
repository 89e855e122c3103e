// An engine with everything around it in a test's hands: time, store, primer. One thread.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "engine/engine.h"
#include "store/open.h"
#include "testing/held_primer.h"
#include "testing/held_store.h"
#include "testing/held_writer.h"
#include "testing/immediate_refresher.h"
#include "testing/manual_scheduler.h"

namespace kck {

class EngineFixture : public testing::Test {
 public:
  ~EngineFixture() override;

 protected:
  // What a callback brought, once it did.
  using Fetched = std::shared_ptr<std::optional<Result<Served>>>;
  using Written = std::shared_ptr<std::optional<Result<Version>>>;

  EngineFixture();

  // A product `item` with one int parameter, changed by `edit`, becomes the catalog, with an updater `item` that
  // deletes.
  void Define(const std::function<void(Product&)>& edit = [](Product&) {});

  // A new engine over the same store, as after a restart.
  void Restart();

  ResolvedKey Key(const std::string& text);
  Fetched Fetch(const std::string& key, Duration wait = std::chrono::seconds(30));
  Fetched FetchAfter(const std::string& key, const std::string& tokens, Duration wait = std::chrono::seconds(30));
  Fetched Refresh(const std::string& key, HintPtr hint = nullptr);
  Written Set(const std::string& key, const std::string& value, std::optional<Version> condition = {});
  Written Purge(const std::string& key, std::optional<Version> condition = {});

  // Runs the updater, which commits what `written` says, and returns the token.
  std::string Update(const kck::Written& written);

  // Runs what is due, then ends compute `which` with a value read at `number`.
  void Answer(std::size_t which, const std::string& value, std::uint64_t number);
  void Fail(std::size_t which, ErrorCode code = ErrorCode::kSourceError);

  // The value that a fetch brought, "stale 5" where it is not fresh; "error NAME"; "waits" while it brought nothing.
  static std::string Text(const Fetched& fetched);
  // The same for what the hot path finds; "miss".
  std::string Peek(const std::string& key);

  ManualScheduler scheduler_;
  std::unique_ptr<Store> memory_;
  HeldStore store_;
  HeldPrimer primer_;
  std::shared_ptr<HeldWriter> writer_ = std::make_shared<HeldWriter>();
  EngineLimits limits_;
  std::size_t memory_bytes_ = std::size_t{16} << 20U;  // from the next Restart on
  ImmediateRefresher refresher_{scheduler_};
  std::unique_ptr<Engine> engine_;
};

}  // namespace kck
