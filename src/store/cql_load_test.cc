// Many requests at once, and requests that end in other ways than by an answer: each is called back once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <future>
#include <mutex>
#include <random>
#include <thread>

#include "store/cql/kck_cql.h"
#include "testing/cql_fixture.h"

namespace kck {
namespace {

class CqlLoadTest : public CqlTest {
 protected:
  CqlStatementPtr insert_ = Prepare("insert into kck_cql_test.item (k, n) values (?, ?)");
  CqlStatementPtr select_ = Prepare("select n from kck_cql_test.item where k = ?");
};

// Keeps so many requests under way until all are done, each begun by the callback of one before it.
class Load {
 public:
  using Start = std::function<void(std::size_t request, CqlClient::Callback)>;

  Load(std::size_t requests, Start start) : calls_(requests), start_(std::move(start)) {}

  // Gives up when nothing is answered for long; `client` is closed then.
  void Run(std::size_t at_once, CqlClient& client) {
    for (std::size_t begun = 0; begun < at_once; ++begun) Next();
    for (std::size_t seen = 0; seen < calls_.size(); seen = done_) {
      if (BecomesTrue([&] { return done_ > seen; })) continue;
      ADD_FAILURE() << "nothing comes after " << seen << " answers of " << calls_.size();
      next_ = calls_.size();
      return client.Close();
    }
    for (const auto& calls : calls_) ASSERT_EQ(calls, 1);
  }

  std::size_t failed() const { return failed_; }

 private:
  void Next() {
    const std::size_t request = next_++;
    if (request >= calls_.size()) return;
    start_(request, [this, request](const CqlResult& result) {
      if (!result.ok()) ++failed_;
      ++calls_[request];
      Next();
      ++done_;
    });
  }

  std::vector<std::atomic<int>> calls_;
  Start start_;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::size_t> done_{0};
  std::atomic<std::size_t> failed_{0};
};

TEST_F(CqlLoadTest, ManyRequestsAreEachAnsweredOnce) {
  constexpr std::size_t kKeys = 500;
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::minstd_rand random(seed);  // under the mutex
  std::mutex mutex;
  const CqlOptions one{.idempotent = true, .consistency = CqlConsistency::kOne};
  std::atomic<std::size_t> wrong{0};
  Load load(30'000, [&](std::size_t, CqlClient::Callback done) {
    std::unique_lock lock(mutex);
    const auto key_number = static_cast<std::int64_t>(random() % kKeys);
    const auto what = random() % 10;
    lock.unlock();
    const auto key = Key(std::to_string(key_number));
    const std::vector key_alone{CqlValue::Bytes(key)};
    if (what < 7) {
      client_.Execute(select_, key_alone, one, [&wrong, key_number, done](CqlResult result) {
        if (result.ok() && result.rows() == 1 && result.Bigint(0, 0) != key_number) ++wrong;
        done(std::move(result));
      });
    } else if (what < 9) {
      const std::vector both{CqlValue::Bytes(key), CqlValue::Bigint(key_number)};
      client_.Execute(insert_, both, one, std::move(done));
    } else {
      client_.ExecuteBatch({{insert_, {CqlValue::Bytes(key), CqlValue::Bigint(key_number)}}}, one, std::move(done));
    }
  });
  load.Run(256, client_);
  EXPECT_EQ(load.failed(), 0U);
  EXPECT_EQ(wrong, 0U);
}

TEST_F(CqlLoadTest, AtTheBoundARequestIsRefused) {
  CqlSettings settings = Settings();
  settings.requests_max = 10;
  CqlClient client(scheduler_, settings);
  ASSERT_TRUE(client.Connect());
  const auto statement = client.Prepare("select k from kck_cql_test.item where k = ?");
  ASSERT_TRUE(statement);
  std::atomic<int> done{0};
  std::atomic<int> refused{0};
  // The callbacks wait for this thread, so that none makes room for another.
  std::promise<void> all_sent;
  scheduler_.Post([sent = all_sent.get_future().share()] { sent.wait(); });
  const std::vector values{CqlValue::Bytes("x")};
  for (int request = 0; request < 15; ++request) {
    client.Execute(*statement, values, {}, [&](const CqlResult& result) {
      if (result.status() == CqlStatus::kOverloaded) ++refused;
      ++done;
    });
  }
  all_sent.set_value();
  ASSERT_TRUE(BecomesTrue([&] { return done == 15; }));
  EXPECT_EQ(refused, 5);
  EXPECT_EQ(client.counts().results[static_cast<std::size_t>(CqlStatus::kOverloaded)], 5U);
}

TEST_F(CqlLoadTest, CloseAnswersAllThatIsUnderWay) {
  constexpr int kRequests = 1000;
  std::vector<std::atomic<int>> calls(kRequests);
  std::atomic<int> aborted{0};
  std::atomic<int> fine{0};
  const std::vector values{CqlValue::Bytes("x")};
  SharedCluster().Pause(2);  // so that some are under way for as long as it takes
  for (auto& call : calls) {
    client_.Execute(select_, values, {.consistency = CqlConsistency::kAll}, [&](const CqlResult& result) {
      if (result.status() == CqlStatus::kAborted) ++aborted;
      if (result.ok()) ++fine;
      ++call;
    });
  }
  const auto start = std::chrono::steady_clock::now();
  client_.Close();
  const auto took = std::chrono::steady_clock::now() - start;
  SharedCluster().Resume(2);
  for (const auto& call : calls) ASSERT_EQ(call, 1) << "when Close has returned";
  EXPECT_EQ(aborted, kRequests - fine);
  EXPECT_GT(aborted, kRequests / 2);
  EXPECT_LT(took, std::chrono::seconds(15));

  const auto late = Await([&](CqlClient::Callback done) { client_.Execute(select_, values, {}, std::move(done)); });
  EXPECT_EQ(late.status(), CqlStatus::kAborted);
  EXPECT_EQ(late.message(), "the client was closed");
  EXPECT_FALSE(client_.Prepare("select k from kck_cql_test.item"));
  client_.Close();
}

TEST_F(CqlLoadTest, CloseWhileOthersSend) {
  std::atomic<bool> stop{false};
  std::atomic<int> begun{0};
  std::atomic<int> done{0};
  const std::vector values{CqlValue::Bytes("x")};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 2; ++thread) {
    threads.emplace_back([&] {
      while (!stop) {
        if (begun - done > 500) continue;
        ++begun;
        client_.Execute(select_, values, {}, [&](const CqlResult&) { ++done; });
      }
    });
  }
  ASSERT_TRUE(BecomesTrue([&] { return done > 1000; }));
  client_.Close();
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(BecomesTrue([&] { return done == begun; })) << done << " of " << begun;
}

// Of the C interface: nothing else can make the driver panic.
TEST_F(CqlLoadTest, APanicEndsOneRequest) {
  const std::string points = ContactPoints(SharedCluster()).front();
  KckCqlSettings settings{};
  settings.contact_points = points.c_str();
  settings.threads = 1;
  settings.connect_timeout_ms = settings.request_timeout_ms = 20000;
  KckCqlClient* driver = kck_cql_open(&settings);
  struct Answers {
    std::atomic<int> count{0};
    std::atomic<int> status{-1};
  };
  const auto note = [](void* user, KckCqlResult* result) {
    auto* answers = static_cast<Answers*>(user);
    answers->status = result->status;
    kck_cql_result_free(result);
    ++answers->count;
  };
  std::array<Answers, 3> panics;
  for (Answers& answers : panics) kck_cql_panic(driver, note, &answers);
  for (Answers& answers : panics) {
    ASSERT_TRUE(BecomesTrue([&] { return answers.count > 0; }));
    EXPECT_EQ(answers.status, KCK_CQL_ABORTED);
  }
  Answers connected;
  kck_cql_connect(driver, note, &connected);
  ASSERT_TRUE(BecomesTrue([&] { return connected.count > 0; }));
  EXPECT_EQ(connected.status, KCK_CQL_OK) << "others go on";
  kck_cql_free(driver);
  for (const Answers& answers : panics) EXPECT_EQ(answers.count, 1);
}

}  // namespace
}  // namespace kck
