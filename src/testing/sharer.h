// Engines that share a store, for tests: each as one process has it, with a primer and a writer that the test answers
// for.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/engine.h"
#include "testing/held_primer.h"
#include "testing/held_writer.h"
#include "testing/immediate_refresher.h"
#include "testing/manual_scheduler.h"
#include "testing/shared_memory.h"

namespace kck {

// One process of those that share the store. It has a product `item/:id`, settable, which `edit` may change, and an
// updater of that name. One thread.
class Sharer {
 public:
  Sharer(ManualScheduler& scheduler, SharedMemory& shared, const std::string& name,
         const std::function<void(Product&)>& edit);
  ~Sharer() { scheduler_.RunReady(); }

  void Define(const std::function<void(Product&)>& edit);

  // The value, "stale 5" where it is not fresh, "error NAME", "waits" while there is nothing yet.
  std::string Get(const std::string& text, const std::string& tokens = "");

  // What the last Get that waited has brought by now.
  std::string Last() const;

  // Ends the last compute that began.
  std::string Answer(const std::string& value, std::uint64_t number, DatabaseIdentity identity = {7, 1});

  // Where the database is by now, for what is written from here on.
  void SetMoment(std::uint64_t number) { primer_.moment = PrimedAt("", number); }

  // Ends compute `which`, from 0.
  void AnswerNumber(std::size_t which, const std::string& value, std::uint64_t number);

  // Without a stamp, as from SQLite.
  std::string AnswerUnstamped(const std::string& value, std::vector<std::string> reads = {});

  // True: it was done.
  bool Set(const std::string& text, const std::string& value);
  bool Purge(const std::string& text);
  // Queues it, and has the refresher begin it.
  bool QueueRefresh(const std::string& text);
  // Begins at once.
  void Refresh(const std::string& text);
  bool Mark(void (Engine::*mark)(std::string_view, Engine::DoneCallback));

  // The token of a write through the updater, of the row `id` where one is named.
  // `before` runs before it is committed.
  std::string Update(const Written& written, const std::string& id = "", const std::function<void()>& before = nullptr);

  ResolvedKey Key(const std::string& text);
  std::size_t begun() const { return primer_.begun(); }
  bool started() const { return started_; }
  Engine& engine() { return engine_; }

 private:
  ManualScheduler& scheduler_;
  const std::unique_ptr<SharedStore> store_;
  HeldPrimer primer_;
  const std::shared_ptr<HeldWriter> writer_;
  ImmediateRefresher refresher_;
  Engine engine_;
  bool started_ = false;
  std::optional<Result<Served>> last_;
};

class Sharing : public testing::Test {
 protected:
  std::unique_ptr<Sharer> Start(const std::string& name, const std::function<void(Product&)>& edit = nullptr) {
    return std::make_unique<Sharer>(scheduler_, shared_, name, edit);
  }

  // Both serve "[1]" of item/1, which the first has computed, of snapshot 10.
  static void ShareOne(Sharer& one, Sharer& other) {
    one.Get("item/1");
    EXPECT_EQ(one.Answer("[1]", 10), "[1]");
    EXPECT_EQ(other.Get("item/1"), "[1]");
  }

  // Longer than what memory holds is believed without a look at the store.
  void PassRecheck() { scheduler_.Advance(std::chrono::seconds(2)); }

  ManualScheduler scheduler_;
  SharedMemory shared_{scheduler_};
};

}  // namespace kck
