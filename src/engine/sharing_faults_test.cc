// Engines that share a store which loses, delays, reorders and repeats what is sent to it, and reads from replicas that
// lag: by seeds, in one thread. A seed that fails is printed with its story, and fails again. KCK_SEEDS takes more of
// them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "engine/engine.h"
#include "model/product_key.h"
#include "testing/held_primer.h"
#include "testing/held_writer.h"
#include "testing/immediate_refresher.h"
#include "testing/manual_scheduler.h"
#include "testing/shared_memory.h"

namespace kck {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kKeys = 3;

using Random = std::mt19937_64;

int Below(Random& random, int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random); }

// A database whose keys hold the number of the commit that changed them last, so that a value tells how old it is.
struct Commits {
  std::uint64_t last = 10;
  std::array<std::uint64_t, kKeys> of_key{10, 10, 10};

  std::uint64_t Change(int key) { return of_key[static_cast<std::size_t>(key)] = ++last; }
};

// Reads at some moment, and answers at a later one.
class SlowPrimer : public Primer {
 public:
  SlowPrimer(ManualScheduler& scheduler, Random& random, const Commits& commits)
      : scheduler_(scheduler), random_(random), commits_(commits) {}

  void Prime(Request request, TimePoint) override {
    auto shared = std::make_shared<Request>(std::move(request));
    scheduler_.At(scheduler_.Now() + milliseconds(Below(random_, 50)), [this, shared] {
      const auto key = static_cast<std::size_t>(shared->key.text.back() - '0');
      Primed primed = PrimedAt(std::to_string(commits_.of_key[key]), commits_.last);
      scheduler_.At(scheduler_.Now() + milliseconds(Below(random_, 400)),
                    [shared, primed] { shared->done(Primed(primed)); });
    });
  }
  void ReadMoment(const std::string&, TimePoint, Callback done) override {
    scheduler_.At(scheduler_.Now() + milliseconds(Below(random_, 50)), [this, done] {
      Primed moment = PrimedAt("", commits_.last);
      scheduler_.At(scheduler_.Now() + milliseconds(Below(random_, 50)), [moment, done] { done(Primed(moment)); });
    });
  }
  void PrimeBehind(std::vector<Request> requests, TimePoint deadline) override {
    for (Request& request : requests) Prime(std::move(request), deadline);
  }

 private:
  ManualScheduler& scheduler_;
  Random& random_;
  const Commits& commits_;
};

struct FaultyNode {
  FaultyNode(ManualScheduler& scheduler, SharedMemory& shared, Random& random, const Commits& commits, int number)
      : store(shared.Open(fmt::format("node{}", number))),
        primer(scheduler, random, commits),
        refresher(scheduler),
        engine(scheduler, *store, primer, std::size_t{16} << 20U, {}, Writers{{"main", writer}}) {
    refresher.Serve(engine);
    engine.SetRefresher(&refresher);
    engine.Start([](const Result<void>&) {});
    auto product = std::make_shared<Product>();
    product->name = "item";
    product->database = "main";
    product->params = {Param{"id", ParamType::kInt, false, false}};
    product->fingerprint = 100;
    auto updater = std::make_shared<Updater>();
    updater->name = "item";
    updater->database = "main";
    updater->templates[static_cast<std::size_t>(WriteAction::kDelete)].emplace();
    engine.SetCatalog(std::make_shared<Catalog>(std::vector<ProductPtr>{product}, std::vector<UpdaterPtr>{updater}));
  }

  std::unique_ptr<SharedStore> store;
  std::shared_ptr<HeldWriter> writer = std::make_shared<HeldWriter>();
  SlowPrimer primer;
  ImmediateRefresher refresher;
  Engine engine;
  std::array<std::uint64_t, kKeys> seen{};  // the newest that it has served
};

class FaultySharing {
 public:
  FaultySharing(std::uint64_t seed, bool lags) : random_(seed) {
    for (int i = 0; i < 3; ++i) {
      nodes_.push_back(std::make_unique<FaultyNode>(scheduler_, shared_, random_, commits_, i));
    }
    shared_.next_fault = [this, lags] { return NextFault(lags); };
    scheduler_.Advance(seconds(6));
  }

  void Run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      Step();
      if (Below(random_, 3) == 0) scheduler_.Advance(milliseconds(Below(random_, 500)));
      scheduler_.RunReady();
    }
    Settle();
    if (testing::Test::HasFailure()) fmt::print("{}", story_);
  }

 private:
  SharedMemory::Fault NextFault(bool lags) {
    SharedMemory::Fault fault;
    if (Below(random_, 3) == 0) fault.late = milliseconds(Below(random_, 2000));
    fault.lost = Below(random_, 20) == 0;
    fault.answer_lost = Below(random_, 20) == 0;
    if (Below(random_, 10) == 0) fault.again_after = milliseconds(1 + Below(random_, 5000));
    if (lags && Below(random_, 4) == 0) fault.lag = static_cast<std::size_t>(1 + Below(random_, 3));
    return fault;
  }

  void Step() {
    FaultyNode& node = *nodes_[static_cast<std::size_t>(Below(random_, 3))];
    const int key = Below(random_, kKeys);
    switch (Below(random_, 12)) {
      case 0:
        commits_.Change(key);
        Tell("commit", key);
        break;
      case 1:
        Write(node, key);
        break;
      case 2:
        Tell("refresh", key);
        node.engine.QueueRefresh(Key(node, key), nullptr, [](const Result<void>&) {});
        break;
      case 3:
        Tell("purge", key);
        node.engine.Purge(Key(node, key), {}, [this, key, now = commits_](const Result<Version>& purged) {
          if (purged) Tell("purged " + VersionText(*purged), key);
          if (purged) Acknowledge(key, now);
        });
        break;
      case 4:
        Tell("purge product", key);
        node.engine.PurgeProduct("item", [this, now = commits_](const Result<void>& purged) {
          if (purged) Tell("purged product", 0);
          for (int each = 0; purged && each < kKeys; ++each) Acknowledge(each, now);
        });
        break;
      default:
        Fetch(node, key, "", 0);
    }
  }

  // Through an updater; what is read with its token shows it, at any node.
  void Write(FaultyNode& node, int key) {
    const std::uint64_t commit = commits_.Change(key);
    const std::size_t write = node.writer->begun();
    node.engine.RunUpdater({node.engine.catalog()->FindUpdater("item"), WriteAction::kDelete, {}, {}}, TimePoint::max(),
                           [this, key, commit](const Result<Updated>& updated) {
                             if (!updated) return;
                             FaultyNode& other = *nodes_[static_cast<std::size_t>(Below(random_, 3))];
                             Fetch(other, key, updated->token, commit);
                           });
    scheduler_.RunReady();
    if (node.writer->begun() > write) node.writer->Answer(write, WrittenAt(commit));
  }

  void Tell(const std::string& what, int key) {
    const auto ms = std::chrono::duration_cast<milliseconds>(scheduler_.Now().time_since_epoch()).count();
    story_ += fmt::format("{} ms: {} item/{} at {}\n", ms, what, key, commits_.last);
  }

  // What is settled on in the end is not older than what was there as a purge began.
  void Acknowledge(int key, const Commits& then) {
    const auto at = static_cast<std::size_t>(key);
    floor_[at] = std::max(floor_[at], then.of_key[at]);
  }

  void Fetch(FaultyNode& node, int key, const std::string& token, std::uint64_t at_least) {
    const std::optional<Served> hit = token.empty() ? node.engine.Peek(fmt::format("item/{}", key)) : std::nullopt;
    if (hit) return SeeHit(node, key, *hit);
    WriteTokens after;
    if (!token.empty()) {
      Result<WriteTokens> opened = node.engine.OpenTokens(token);
      if (!opened) return;  // sealed by a node that has not reached the store
      after = *std::move(opened);
    }
    node.engine.Fetch(
        Key(node, key), scheduler_.Now() + seconds(30),
        [at_least](const Result<Served>& served) {
          if (served) EXPECT_GE(ValueOf(*served), at_least) << "an answer to a token is older than its write";
        },
        std::move(after));
  }

  // What a node holds in memory never grows older.
  static void SeeHit(FaultyNode& node, int key, const Served& hit) {
    std::uint64_t& seen = node.seen[static_cast<std::size_t>(key)];
    EXPECT_GE(ValueOf(hit), seen) << "an older value has replaced a newer one";
    seen = ValueOf(hit);
  }

  static std::uint64_t ValueOf(const Served& served) { return std::stoull(std::string(served.entry->value())); }

  // All arrives; then what one computes is what all serve.
  void Settle() {
    shared_.next_fault = nullptr;
    scheduler_.Advance(seconds(60));
    for (int key = 0; key < kKeys && !testing::Test::HasFailure(); ++key) {
      const auto at = static_cast<std::size_t>(key);
      for (const auto& node : nodes_) {
        EXPECT_GE(ValueAt(*node, key), floor_[at]) << "what was purged is served";
      }
      commits_.Change(key);
      FaultyNode& one = *nodes_[static_cast<std::size_t>(Below(random_, 3))];
      bool refreshed = false;
      one.engine.Refresh(Key(one, key), nullptr, TimePoint::max(),
                         [&refreshed](const Result<Served>& served) { refreshed = served.has_value(); });
      scheduler_.Advance(seconds(5));
      EXPECT_TRUE(refreshed);
      for (const auto& node : nodes_) {
        EXPECT_EQ(ValueAt(*node, key), commits_.of_key[at]) << "the nodes do not come to agree";
        // A mark whose record the store refused to forget stands until this node has computed: a read has it do so.
        if (freshness_ != Freshness::kFresh) ValueAt(*node, key);
        EXPECT_EQ(freshness_, Freshness::kFresh);
      }
    }
  }

  std::uint64_t ValueAt(FaultyNode& node, int key) {
    std::optional<Result<Served>> got;
    node.engine.Fetch(Key(node, key), scheduler_.Now() + seconds(30),
                      [&got](Result<Served> served) { got = std::move(served); });
    scheduler_.Advance(seconds(10));
    if (!got || !*got) {
      ADD_FAILURE() << "no answer: " << (got ? got->error().message : "none came");
      return 0;
    }
    freshness_ = (*got)->freshness;
    return ValueOf(**got);
  }

  static ResolvedKey Key(FaultyNode& node, int key) {
    return ResolveKey(*node.engine.catalog(), fmt::format("item/{}", key)).value();
  }

  Random random_;
  ManualScheduler scheduler_;
  SharedMemory shared_{scheduler_};
  Commits commits_;
  std::vector<std::unique_ptr<FaultyNode>> nodes_;
  std::array<std::uint64_t, kKeys> floor_{};  // what was current when a purge was acknowledged
  Freshness freshness_ = Freshness::kFresh;
  std::string story_;
};

class SharingFaults : public testing::TestWithParam<bool> {};

TEST_P(SharingFaults, AreHealedAndNeverShowWhatIsGone) {
  const char* more = std::getenv("KCK_SEEDS");
  const auto seeds = more != nullptr ? std::strtoull(more, nullptr, 10) : 300;
  for (std::uint64_t seed = 1; seed <= seeds && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    FaultySharing(seed, GetParam()).Run(120);
  }
}

INSTANTIATE_TEST_SUITE_P(Reads, SharingFaults, testing::Values(false, true),
                         [](const auto& parameter) { return parameter.param ? "Lagging" : "OfAQuorum"; });

}  // namespace
}  // namespace kck
