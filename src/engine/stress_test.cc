// Many threads at once, every call of the engine, and what must hold whoever wins: an answer is never older than what
// had been acknowledged before it was asked for.
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <future>
#include <random>
#include <thread>

#include "base/asio_scheduler.h"
#include "engine/engine.h"
#include "store/open.h"
#include "testing/held_primer.h"

namespace kck {
namespace {

// A database that is one number. A fill reads it, at some moment after it began.
class NumberPrimer : public Primer {
 public:
  explicit NumberPrimer(Scheduler& scheduler) : scheduler_(scheduler) {}

  void PrimeBehind(std::vector<Request> requests, TimePoint deadline) override {
    for (Request& request : requests) Prime(std::move(request), deadline);
  }

  void Prime(Request request, TimePoint) override {
    scheduler_.Post([this, done = std::move(request.done)] {
      if (fills_++ % 17 == 0) return done(Fail(ErrorCode::kSourceError, "scripted"));
      const std::uint64_t number = database;
      done(PrimedAt(std::to_string(number), number));
    });
  }

  std::atomic<std::uint64_t> database{1000};

 private:
  Scheduler& scheduler_;
  std::atomic<int> fills_{0};
};

std::uint64_t NumberOf(const Served& served) { return std::stoull(std::string(served.entry->value())); }

class EngineStress : public testing::Test {
 protected:
  EngineStress() : store_(OpenMemoryStore(scheduler_)), engine_(scheduler_, *store_, primer_, kMemoryBytes, Limits()) {
    std::promise<void> started;
    engine_.Start([&](const Result<void>&) { started.set_value(); });
    started.get_future().wait();
    product_ = std::make_shared<Product>();
    product_->name = "item";
    product_->params = {Param{"id", ParamType::kInt, false, false}};
    product_->stale_after = std::chrono::milliseconds(2);
    product_->fingerprint = 1;
    engine_.SetCatalog(std::make_shared<Catalog>(std::vector<ProductPtr>{product_}));
  }

  // Failures are forgotten soon, or most calls would only be told of one.
  static EngineLimits Limits() {
    EngineLimits limits;
    limits.backoff_min = std::chrono::milliseconds(1);
    limits.backoff_max = std::chrono::milliseconds(1);
    return limits;
  }

  ~EngineStress() override {
    engine_.Stop();
    store_->Close();
    work_.reset();
  }

  ResolvedKey Key(unsigned which) const { return {"item/" + std::to_string(which), product_, {std::to_string(which)}}; }

  template <typename T>
  static std::function<void(Result<T>)> Into(std::promise<Result<T>>& promise) {
    return [&promise](Result<T> result) { promise.set_value(std::move(result)); };
  }

  Result<Served> Fetch(unsigned which) {
    std::promise<Result<Served>> fetched;
    engine_.Fetch(Key(which), scheduler_.Now() + std::chrono::seconds(60), Into(fetched));
    return fetched.get_future().get();
  }

  void Refresh(unsigned which) {
    const std::uint64_t before = primer_.database;
    std::promise<Result<Served>> refreshed;
    engine_.Refresh(Key(which), nullptr, scheduler_.Now() + std::chrono::seconds(60), Into(refreshed));
    const Result<Served> result = refreshed.get_future().get();
    EXPECT_TRUE(!result || NumberOf(*result) >= before) << "a refresh brought what was read before it";
  }

  void Purge(unsigned which) {
    const std::uint64_t before = primer_.database;
    std::promise<Result<Version>> purged;
    engine_.Purge(Key(which), {}, Into(purged));
    ASSERT_TRUE(purged.get_future().get());
    const Result<Served> after = Fetch(which);
    EXPECT_TRUE(!after || NumberOf(*after) >= before) << "a purged value came back";
  }

  void PurgeAll(unsigned which) {
    const std::uint64_t before = primer_.database;
    std::promise<Result<void>> purged;
    engine_.PurgeProduct("item", Into(purged));
    ASSERT_TRUE(purged.get_future().get());
    const Result<Served> after = Fetch(which);
    EXPECT_TRUE(!after || NumberOf(*after) >= before) << "a purged value came back";
  }

  void Act(unsigned choice, unsigned which) {
    if (choice < 5) {
      ++primer_.database;
    } else if (choice < 10) {
      Refresh(which);
    } else if (choice < 14) {
      Purge(which);
    } else if (choice == 14) {
      PurgeAll(which);
    } else if (choice < 60) {
      Fetch(which);
    } else {
      engine_.Peek("item/" + std::to_string(which));
    }
  }

  static constexpr std::size_t kMemoryBytes = 4096;  // a few entries: eviction takes part

  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ =
      boost::asio::make_work_guard(context_);
  AsioScheduler scheduler_{context_.get_executor()};
  std::jthread one_{[this] { context_.run(); }};
  std::jthread two_{[this] { context_.run(); }};
  NumberPrimer primer_{scheduler_};
  std::unique_ptr<Store> store_;
  Engine engine_;
  std::shared_ptr<Product> product_;
};

TEST_F(EngineStress, NothingAcknowledgedIsUndone) {
  std::vector<std::jthread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([this, seed] {
      std::mt19937 random(seed);
      for (int i = 0; i < 1500; ++i) Act(static_cast<unsigned>(random() % 100), static_cast<unsigned>(random() % 6));
    });
  }
}

}  // namespace
}  // namespace kck
