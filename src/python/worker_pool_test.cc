// The pool over real workers: whatever a function does, it costs its own call alone.
#include "python/worker_pool.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "testing/patience.h"
#include "testing/temp_folder.h"

namespace kck {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using Results = Result<std::vector<PythonResult>>;

constexpr const char* kFunctions = R"(import asyncio, os, sys, time
import kck

def await_file(name):
    while not os.path.exists(name):
        time.sleep(0.005)

@kck.product()
def pid():
    return os.getpid()

@kck.product()
def double(n: int):
    return 2 * n

@kck.product()
def raises():
    raise ValueError("a secret")

@kck.product()
def refuses():
    raise kck.KCKBadRequest("no such day")

@kck.product()
def none():
    raise kck.KCKKeyNotSetException("nothing")

@kck.product()
def dies():
    os.abort()

@kck.product()
def exits():
    sys.exit(3)

@kck.product()
def hangs():
    while True:
        pass

@kck.product()
def eats():
    return len(bytearray(1 << 40))

@kck.product()
def waits():
    open("begun", "w").close()
    await_file("go")
    return os.getpid()

@kck.product()
async def meets(n: int):
    open(f"here{n}", "w").close()
    while not all(os.path.exists(f"here{i}") for i in range(3)):
        await asyncio.sleep(0.005)
    return n

@kck.product()
async def patient():
    open("patient", "a").write("x")
    while not os.path.exists("go"):
        await asyncio.sleep(0.005)
    return "patience"

@kck.product()
def outer():
    return kck.get("double/4") + 1

@kck.product(many=True, parameters=[{"name": "n", "type": "int"}])
def squares(keys):
    return {n: n * n for n in keys if n != 3}
)";

constexpr const char* kWriters = R"(import os
import kck

@kck.updater(primary_key=["id"])
def item(action, id: int, price: float = None):
    open("writes", "a").write("x")
    if price == 13:
        os.abort()
    return {"id": id, "action": action}
)";

class WorkerPoolTest : public testing::Test {
 protected:
  WorkerPoolTest() {
    settings_.folder = folder_.path();
    settings_.python.interpreter = "/usr/bin/python3";
    settings_.python.workers = 1;
    settings_.python.path = {folder_.path()};
    std::filesystem::create_directory(folder_.path() + "/products");
    Write("products/p.py", kFunctions);
    Write("products/w.py", kWriters);
    files_.products = {Path("products/p.py")};
    files_.updaters = {Path("products/w.py")};
  }

  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }
  void Write(const std::string& name, const std::string& text) const { std::ofstream(Path(name)) << text; }
  bool Exists(const std::string& name) const { return std::filesystem::exists(Path(name)); }
  void AwaitFile(const std::string& name) const {
    ASSERT_TRUE(BecomesTrue([&] { return Exists(name); })) << name;
  }

  // Reads what the files define, and serves it.
  void Serve() {
    PythonDefinitions described = DescribeFiles(settings_, files_);
    ASSERT_TRUE(described.faults.empty()) << FaultText(described.faults[0]);
    functions_.clear();
    for (const PythonDefinition& one : described.definitions) {
      functions_[one.function.name] = std::make_shared<PythonFunction>(one.function);
    }
    pool_->SetHandlers({[this](const WorkerAsk& ask, const std::vector<std::string>& keys, TimePoint, auto done) {
                          Asked(ask, keys, std::move(done));
                          return ask.key;
                        },
                        [this] { ++other_sources_; }});
    pool_->Serve(settings_, files_);
  }

  // What a function asks for is computed by the pool: kck.get alone.
  void Asked(const WorkerAsk& ask, const std::vector<std::string>& keys, WorkerPool::AnswerCallback done) {
    asked_by_ = keys;
    const std::size_t slash = ask.key.find('/');
    Begin(
        ask.key.substr(0, slash), {{ParamValue(ask.key.substr(slash + 1))}},
        [done](Results results) { done({results->at(0).value, "0.1.0"}); }, milliseconds(kPatience), ask.key);
  }

  using Keys = std::vector<std::vector<ParamValue>>;
  void Begin(const std::string& name, Keys keys, WorkerPool::ResultsCallback done, milliseconds timeout,
             const std::string& key = "") {
    WorkerPool::Request request;
    request.call.name = name;
    request.call.hints.resize(keys.size());
    request.call.keys = std::move(keys);
    request.function = functions_.at(name);
    request.computes = {key.empty() ? name : key};
    request.done = std::move(done);
    pool_->Call(std::move(request), Clock::now() + timeout);
  }

  std::future<Results> Begin(const std::string& name, Keys keys = {{}},
                             milliseconds timeout = milliseconds(kPatience)) {
    auto ended = std::make_shared<std::promise<Results>>();
    Begin(name, std::move(keys), [ended](Results results) { ended->set_value(std::move(results)); }, timeout);
    return ended->get_future();
  }

  // The value, or what there is in place of it.
  static std::string Text(const Results& results) {
    if (!results) return fmt::format("{}: {}", ErrorName(results.error().code), results.error().message);
    const PythonResult& one = results->at(0);
    if (one.failure) return fmt::format("raised {}", one.failure->name);
    return one.empty ? "empty" : one.value;
  }
  std::string Run(const std::string& name, Keys keys = {{}}, milliseconds timeout = milliseconds(kPatience)) {
    return Text(Begin(name, std::move(keys), timeout).get());
  }

  Results Update(const std::string& price) {
    std::promise<Results> ended;
    WorkerPool::Request request;
    request.call.kind = PythonCall::Kind::kUpdate;
    request.call.name = "item";
    request.call.action = "update";
    request.call.params = {{"id", ParamValue("7")}, {"price", ParamValue(price)}};
    request.function = functions_.at("item");
    request.done = [&](Results results) { ended.set_value(std::move(results)); };
    pool_->Call(std::move(request), Clock::now() + seconds(20));
    return ended.get_future().get();
  }

  TempFolder folder_;
  Settings settings_;
  PythonFiles files_;
  std::map<std::string, PythonFunctionPtr> functions_;
  std::atomic<int> other_sources_{0};
  std::vector<std::string> asked_by_;
  std::unique_ptr<WorkerPool> pool_ = std::make_unique<WorkerPool>();
};

TEST_F(WorkerPoolTest, RunsWhatIsCalled) {
  Serve();
  EXPECT_EQ(Run("double", {{ParamValue("21")}}), "42");
  EXPECT_EQ(Run("none"), "empty");
  const Results many = Begin("squares", {{ParamValue("2")}, {ParamValue("3")}, {ParamValue("4")}}).get();
  ASSERT_TRUE(many);
  EXPECT_EQ(many->at(0).value, "4");
  EXPECT_TRUE(many->at(1).empty);
  EXPECT_EQ(many->at(2).value, "16");
  EXPECT_EQ(pool_->stats().workers, 1U);
  EXPECT_EQ(pool_->stats().calls, 3U);
}

TEST_F(WorkerPoolTest, AnExceptionIsAResult) {
  Serve();
  const Results raised = Begin("raises").get();
  ASSERT_TRUE(raised && raised->at(0).failure);
  EXPECT_EQ(raised->at(0).failure->name, "ValueError");
  EXPECT_THAT(raised->at(0).failure->traceback, HasSubstr("products/p.py\", line 18, in raises"));
  EXPECT_EQ(raised->at(0).failure->code, "");
  const Results refused = Begin("refuses").get();
  EXPECT_EQ(refused->at(0).failure->code, "KCKBadRequest");
  EXPECT_EQ(refused->at(0).failure->shown, "no such day");
  EXPECT_EQ(pool_->stats().failed, 2U);
}

TEST_F(WorkerPoolTest, AFunctionThatTakesItsWorkerDownCostsItsCallAlone) {
  Serve();
  EXPECT_EQ(Run("dies"), "KCKPrimerFailed: the Python worker that ran it is gone: it ended by signal 6 (Aborted)");
  EXPECT_EQ(Run("exits"), "raised SystemExit");
  EXPECT_EQ(Run("double", {{ParamValue("1")}}), "2");
  EXPECT_EQ(pool_->stats().died, 1U);
  EXPECT_EQ(pool_->stats().restarts, 1U);
}

TEST_F(WorkerPoolTest, WhatRanBesideItIsRunAgain) {
  Serve();
  auto patient = Begin("patient");
  AwaitFile("patient");
  EXPECT_THAT(Run("dies"), HasSubstr("is gone"));
  Write("go", "");
  EXPECT_EQ(Text(patient.get()), "\"patience\"");
  EXPECT_GE(std::filesystem::file_size(Path("patient")), 2U) << "it began a second time";
}

TEST_F(WorkerPoolTest, AFunctionThatHangsIsEndedAtItsDeadline) {
  Serve();
  EXPECT_EQ(Run("hangs", {{}}, milliseconds(700)),
            "KCKSourceTimeout: the Python function of product hangs took longer than allowed");
  EXPECT_EQ(Run("double", {{ParamValue("1")}}), "2");
  EXPECT_EQ(pool_->stats().timed_out, 1U);
}

TEST_F(WorkerPoolTest, AFunctionThatTakesTooMuchMemoryRaises) {
  Serve();
  EXPECT_EQ(Run("eats"), "raised MemoryError");
  EXPECT_EQ(Run("double", {{ParamValue("1")}}), "2");
}

TEST_F(WorkerPoolTest, AsyncFunctionsRunSideBySideInOneWorker) {
  Serve();
  std::vector<std::future<Results>> all;
  for (const char* n : {"0", "1", "2"}) all.push_back(Begin("meets", {{ParamValue(n)}}));
  EXPECT_EQ(Text(all[0].get()), "0");
  EXPECT_EQ(Text(all[1].get()), "1");
  EXPECT_EQ(Text(all[2].get()), "2");
}

TEST_F(WorkerPoolTest, SyncFunctionsRunInAsManyWorkersAsThereAre) {
  settings_.python.workers = 2;
  Serve();
  auto waits = Begin("waits");
  AwaitFile("begun");
  const std::string other = Run("pid");
  Write("go", "");
  EXPECT_NE(Text(waits.get()), other);
}

// The only worker waits for what only it can compute.
TEST_F(WorkerPoolTest, WhatAFunctionReadsIsComputedThoughNoOtherWorkerIsFree) {
  Serve();
  const Results outer = Begin("outer").get();
  ASSERT_EQ(Text(outer), "9");
  EXPECT_THAT(asked_by_, testing::ElementsAre("outer"));
  ASSERT_EQ(outer->at(0).reads.size(), 1U);
  EXPECT_EQ(outer->at(0).reads[0].first, "double/4");
}

TEST_F(WorkerPoolTest, AWriteIsNeverRunTwice) {
  Serve();
  const Results wrote = Update("2.5");
  ASSERT_TRUE(wrote);
  EXPECT_EQ(wrote->at(0).returning, R"([{"id":7,"action":"update"}])");
  EXPECT_EQ(wrote->at(0).rows, 1U);
  const Results died = Update("13");
  ASSERT_FALSE(died);
  EXPECT_EQ(died.error().code, ErrorCode::kSourceError);
  EXPECT_THAT(died.error().message, HasSubstr("whether it wrote is not known"));
  EXPECT_EQ(std::filesystem::file_size(Path("writes")), 2U);
}

TEST_F(WorkerPoolTest, AWorkerIsReplacedAfterSoManyCalls) {
  settings_.python.calls_max = 1;
  Serve();
  const std::string first = Run("pid");
  EXPECT_TRUE(BecomesTrue([&] { return Run("pid") != first; })) << "once the other one is ready";
}

TEST_F(WorkerPoolTest, AnInterpreterThatIsNotThereIsAFaultAndAnAnswer) {
  Serve();
  settings_.python.interpreter = "/none/python3";
  const PythonDefinitions described = DescribeFiles(settings_, files_);
  ASSERT_EQ(described.faults.size(), 1U);
  EXPECT_THAT(FaultText(described.faults[0]),
              HasSubstr("cannot be started with '/none/python3': No such file or directory"));
  pool_ = std::make_unique<WorkerPool>();
  pool_->Serve(settings_, files_);
  EXPECT_THAT(Run("pid"), HasSubstr("KCKPrimerFailed: Python workers cannot be started with '/none/python3'"));
}

TEST_F(WorkerPoolTest, FilesThatAreOtherOnesThanTheDefinitionsAreToldOf) {
  Serve();
  EXPECT_EQ(Run("double", {{ParamValue("1")}}), "2");
  Write("products/p.py", std::string(kFunctions) + "\n# another\n");
  settings_.python.calls_max -= 1;  // so that there are new workers
  pool_->Serve(settings_, files_);
  ASSERT_TRUE(BecomesTrue([&] { return Run("pid").find("have changed") != std::string::npos; }));
  EXPECT_GE(other_sources_, 1);
}

TEST_F(WorkerPoolTest, OlderWorkersEndWhatTheyDo) {
  Serve();
  auto waits = Begin("waits");
  AwaitFile("begun");
  Write("products/p.py", std::string(kFunctions) + "\n# another\n");
  Serve();
  const std::string now = Run("pid");
  Write("go", "");
  EXPECT_NE(Text(waits.get()), now) << "it was ended by the worker that had begun it";
  EXPECT_TRUE(BecomesTrue([&] { return pool_->stats().workers == 1; }));
}

TEST_F(WorkerPoolTest, TheSameDefinitionsAgainStartNoWorkers) {
  Serve();
  const std::string pid = Run("pid");
  Serve();
  EXPECT_EQ(Run("pid"), pid);
  EXPECT_EQ(pool_->stats().restarts, 0U);
}

TEST_F(WorkerPoolTest, AFaultOfAFileHasItsLine) {
  Write("products/p.py", "import kck\n\n\nx = 1 +\n");
  const PythonDefinitions described = DescribeFiles(settings_, files_);
  ASSERT_EQ(described.faults.size(), 1U);
  EXPECT_EQ(described.faults[0].location.file, Path("products/p.py"));
  EXPECT_EQ(described.faults[0].location.line, 4);
  EXPECT_THAT(described.faults[0].message, HasSubstr("invalid syntax"));
}

TEST_F(WorkerPoolTest, TooManyThatWaitAreRefused) {
  WorkerPoolLimits limits;
  limits.waiting_max = 1;
  pool_ = std::make_unique<WorkerPool>(limits);
  Serve();
  auto runs = Begin("waits");
  AwaitFile("begun");
  auto queued = Begin("pid");
  EXPECT_EQ(Run("pid"), "KCKOverloaded: too many calls wait for a Python worker");
  EXPECT_THAT(Run("pid", {{}}, milliseconds(0)), HasSubstr("KCKOverloaded"));
  Write("go", "");
  EXPECT_EQ(Text(queued.get()), Text(runs.get()));
}

TEST_F(WorkerPoolTest, WhatNoWorkerTakesInTimeIsLate) {
  Serve();
  auto runs = Begin("waits");
  AwaitFile("begun");
  EXPECT_EQ(Run("pid", {{}}, milliseconds(50)), "KCKSourceTimeout: no Python worker became free in time");
  Write("go", "");
  EXPECT_TRUE(runs.get());
}

TEST_F(WorkerPoolTest, StopEndsThoughWorkersAreLookedAtJustThen) {
  WorkerPoolLimits limits;
  limits.memory_look = milliseconds(0);
  pool_ = std::make_unique<WorkerPool>(limits);
  Serve();
  EXPECT_EQ(Run("double", {{ParamValue("1")}}), "2");
  pool_->Stop();
  EXPECT_EQ(pool_->stats().workers, 0U);
}

TEST_F(WorkerPoolTest, StopAnswersAll) {
  WorkerPoolLimits limits;
  limits.stop_grace = milliseconds(50);
  pool_ = std::make_unique<WorkerPool>(limits);
  Serve();
  auto runs = Begin("waits");
  AwaitFile("begun");
  auto queued = Begin("pid");
  pool_->Stop();
  EXPECT_THAT(Text(queued.get()), HasSubstr("KCKOverloaded: the server is stopping"));
  EXPECT_THAT(Text(runs.get()), HasSubstr("the server is stopping"));
}

// A statement that was slow may bring rows only then, which a hook in Python is to see.
TEST_F(WorkerPoolTest, WhatComesAfterStopIsAnsweredToo) {
  pool_ = std::make_unique<WorkerPool>();
  Serve();
  pool_->Stop();
  auto late = Begin("pid");
  ASSERT_EQ(late.wait_for(milliseconds(kPatience)), std::future_status::ready);
  EXPECT_THAT(Text(late.get()), HasSubstr("KCKOverloaded: the server is stopping"));
}

}  // namespace
}  // namespace kck
