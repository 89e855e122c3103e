// Python products over real workers: what functions return becomes values, and what they raise errors.
#include "primer/python_primer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "model/loader.h"
#include "primer/python_functions.h"
#include "testing/patience.h"
#include "testing/temp_folder.h"

namespace kck {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kProducts = R"(import kck

@kck.product(many=True, parameters=[{"name": "n", "type": "int"}])
def halves(keys):
    if 3 in keys:
        raise ValueError("three")
    open("calls", "a").write("x")
    return {n: n / 2 for n in keys if n != 5}

@kck.product()
def raises(kind: str):
    if kind == "own":
        raise kck.KCKBadRequest("no such day")
    raise ValueError("secret")

@kck.product()
def hinted(n: int, hints):
    return hints
)";

constexpr const char* kWorkers = R"(import kck

@kck.updater(primary_key=["id"])
def item(action, id: int, price: float = None):
    if price == 13:
        raise ValueError("unlucky")
    return [{"id": id, "price": price}, {"id": id}]

@kck.process(every="1h")
def job():
    open("ran", "w").close()

@kck.process(every="1h")
def broken():
    raise ValueError("secret")
)";

class PythonPrimerTest : public testing::Test {
 protected:
  PythonPrimerTest() {
    Write("kck.yml", "python: {interpreter: /usr/bin/python3, workers: 1}\n");
    Write("products/p.py", kProducts);
    Write("updaters/w.py", kWorkers);
    folder_ = LoadFolder(temp_.path(), DescribeFiles);
    EXPECT_TRUE(folder_.faults.empty()) << FaultText(folder_.faults.at(0));
    pool_.Serve(folder_.settings, folder_.python_files);
  }

  void Write(const std::string& name, const std::string& text) const {
    const auto path = std::filesystem::path(temp_.path()) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  ProductPtr Find(const std::string& name) const {
    return *std::ranges::find(folder_.products, name, [](const ProductPtr& product) { return product->name; });
  }

  Primer::Request Request(const std::string& name, const std::string& param, std::promise<Result<Primed>>& promise) {
    return {{name + "/" + param, Find(name), {ParamValue(param)}}, {}, [&promise](Result<Primed> primed) {
              promise.set_value(std::move(primed));
            }};
  }

  Result<Primed> Prime(const std::string& name, const std::string& param, const Hints& hints = {}) {
    std::promise<Result<Primed>> promise;
    Primer::Request request = Request(name, param, promise);
    request.hints = hints;
    primer_.Prime(std::move(request), Clock::now() + kPatience);
    return promise.get_future().get();
  }

  static std::string Text(const Result<Primed>& primed) {
    if (!primed) return std::string(ErrorName(primed.error().code));
    return primed->empty ? "empty" : primed->value;
  }

  Result<Written> Update(const std::string& price) {
    std::promise<Result<Written>> promise;
    const ResolvedWrite write{folder_.updaters.at(0), WriteAction::kUpdate, {ParamValue("7"), ParamValue(price)}, {}};
    functions_.Write(write, Clock::now() + kPatience,
                     [&](Result<Written> written) { promise.set_value(std::move(written)); });
    return promise.get_future().get();
  }

  Result<void> RunProcess(const std::string& name) {
    std::promise<Result<void>> promise;
    const auto process = std::ranges::find(folder_.processes, name, [](const ProcessPtr& one) { return one->name; });
    functions_.Run(**process, [&](Result<void> ran) { promise.set_value(std::move(ran)); });
    return promise.get_future().get();
  }

  TempFolder temp_;
  Folder folder_;
  WorkerPool pool_;
  PythonPrimer primer_{pool_};
  PythonFunctions functions_{pool_};
};

TEST_F(PythonPrimerTest, AValueHasACostAndNoStamp) {
  const Result<Primed> primed = Prime("halves", "8");
  ASSERT_TRUE(primed);
  EXPECT_EQ(primed->value, "4.0");
  EXPECT_GT(primed->cost_us, 0U);
  EXPECT_FALSE(primed->stamp);
  EXPECT_EQ(Text(Prime("halves", "5")), "empty");
}

TEST_F(PythonPrimerTest, OnlyWhatAFunctionRaisesForItsCallerIsShown) {
  const Result<Primed> own = Prime("raises", "own");
  EXPECT_EQ(own.error().code, ErrorCode::kBadRequest);
  EXPECT_EQ(own.error().message, "no such day");
  const Result<Primed> other = Prime("raises", "x");
  EXPECT_EQ(other.error().code, ErrorCode::kPrimerFailed);
  EXPECT_EQ(other.error().message, "the Python function of product raises raised ValueError");
  EXPECT_THAT(other.error().detail, HasSubstr("ValueError: secret"));
}

TEST_F(PythonPrimerTest, HintsAreAnArgument) {
  Hints hints;
  hints.Add(std::make_shared<const std::string>(R"({"rows":2})"));
  EXPECT_EQ(Text(Prime("hinted", "1", hints)), R"([{"rows":2}])");
}

// All at once; the call that fails is halved until the bad key stands alone.
TEST_F(PythonPrimerTest, ABadKeyFailsAlone) {
  std::vector<std::promise<Result<Primed>>> promises(8);
  std::vector<Primer::Request> requests;
  for (std::size_t i = 0; i < promises.size(); ++i) {
    requests.push_back(Request("halves", std::to_string(i), promises[i]));
  }
  primer_.PrimeBehind(std::move(requests), Clock::now() + kPatience);
  std::vector<std::string> texts;
  for (auto& promise : promises) texts.push_back(Text(promise.get_future().get()));
  EXPECT_THAT(texts, ElementsAre("0.0", "0.5", "1.0", "KCKPrimerFailed", "2.0", "empty", "3.0", "3.5"));
  EXPECT_EQ(std::filesystem::file_size(temp_.path() + "/calls"), 3U) << "0 and 1, 2, and 4 to 7";
}

TEST_F(PythonPrimerTest, AnUpdatersRowsAreWhatItReturned) {
  const Result<Written> written = Update("2.5");
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(written->rows, 2U);
  EXPECT_EQ(written->returning, R"([{"id":7,"price":2.5},{"id":7}])");
  EXPECT_FALSE(written->transaction);
  const Result<Written> raised = Update("13");
  EXPECT_EQ(raised.error().code, ErrorCode::kSourceError) << "it may have written before it raised";
}

TEST_F(PythonPrimerTest, AProcessRuns) {
  EXPECT_TRUE(RunProcess("job"));
  EXPECT_TRUE(std::filesystem::exists(temp_.path() + "/ran"));
  EXPECT_EQ(RunProcess("broken").error().message, "the Python function of process broken raised ValueError");
}

}  // namespace
}  // namespace kck
