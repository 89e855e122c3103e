// Frames and messages of workers: what is right is read, and what is wrong is refused, whatever it is.
#include "python/worker_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <nlohmann/json.hpp>

namespace kck {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using Json = nlohmann::json;

std::string Packed(const Json& message) {
  std::string bytes;
  Json::to_msgpack(message, bytes);
  return bytes;
}

Json Unpacked(const std::string& frame) { return Json::from_msgpack(frame.substr(kFrameHeadBytes)); }

std::string ErrorOfRead(const std::string& bytes) {
  const auto read = ReadWorkerMessage(bytes);
  return read ? "none" : read.error().message;
}

TEST(FrameReader, TakesAStreamApartWhereverItIsCut) {
  const auto holds = [](const std::vector<std::string>& bodies) {
    std::string stream;
    for (const std::string& body : bodies) {
      stream += std::string(2, '\0');
      stream += static_cast<char>(body.size() >> 8U);
      stream += static_cast<char>(body.size() & 0xFFU);
      stream += body;
    }
    FrameReader reader(65535);
    std::vector<std::string> read;
    while (!stream.empty()) {
      const std::size_t part = std::min<std::size_t>(stream.size(), *rc::gen::inRange(1, 9));
      reader.Add(stream.substr(0, part));
      stream.erase(0, part);
      while (true) {
        const auto next = reader.Next();
        if (!next || !*next) break;
        read.emplace_back(**next);
      }
    }
    RC_ASSERT(read == bodies);
  };
  EXPECT_TRUE(rc::check(holds));
}

TEST(FrameReader, RefusesAFrameThatIsLongerThanAllowed) {
  FrameReader reader(10);
  reader.Add(std::string("\0\0\0\x0b", 4));
  const auto next = reader.Next();
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().message, "a message of 11 bytes, of 10 at most");
}

TEST(WorkerMessage, ReadsAHello) {
  const Json fields{{"name", "route"}, {"parameters", Json::array()}};
  const Json hello{{"type", "hello"},
                   {"protocol", 1},
                   {"kck", "0.1.0"},
                   {"python", "3.11.2"},
                   {"files", {"/f/lib/a.py"}},
                   {"sources", Json::array({Json::array({"/f/lib/a.py", Json::binary({'x', '\n'})})})},
                   {"definitions",
                    {{{"kind", "product"},
                      {"file", "/f/products/p.py"},
                      {"line", 7},
                      {"function", "p.route"},
                      {"is_async", true},
                      {"many", false},
                      {"source_hash", "abc"},
                      {"fields", fields.dump()}}}},
                   {"faults", {{{"file", "/f/x.py"}, {"line", 3}, {"message", "bad"}, {"cure", "good"}}}}};
  const auto read = ReadWorkerMessage(Packed(hello));
  ASSERT_TRUE(read) << read.error().message;
  const auto& message = std::get<WorkerHello>(*read);
  EXPECT_EQ(message.protocol, 1U);
  EXPECT_EQ(message.kck_version, "0.1.0");
  EXPECT_THAT(message.described.files, ElementsAre("/f/lib/a.py"));
  EXPECT_THAT(message.described.sources, ElementsAre(Pair("/f/lib/a.py", "x\n")));
  ASSERT_EQ(message.described.definitions.size(), 1U);
  const PythonDefinition& definition = message.described.definitions[0];
  EXPECT_EQ(definition.kind, "product");
  EXPECT_EQ(definition.line, 7);
  EXPECT_TRUE(definition.runs);
  EXPECT_EQ(definition.function.name, "route");
  EXPECT_EQ(definition.function.source_hash, "abc");
  EXPECT_TRUE(definition.function.is_async);
  ASSERT_EQ(message.described.faults.size(), 1U);
  EXPECT_EQ(FaultText(message.described.faults[0]), "/f/x.py:3: error: bad (good)");
}

TEST(WorkerMessage, ReadsResults) {
  const Json result{
      {"type", "result"},
      {"id", 9},
      {"time_us", 500},
      {"resident_bytes", 1000000},
      {"results",
       {{{"value", Json::binary({'[', '1', ']'})}, {"reads", Json::array({Json::array({"a/1", "0.5.0"})})}},
        {{"empty", true}},
        {{"error", {{"name", "ValueError"}, {"message", "m"}, {"traceback", "t"}, {"public", nullptr}}}},
        {{"rows", 2}, {"returning", "[{}]"}},
        {{"error", {{"name", "KCKBadRequest"}, {"public", "no such day"}, {"code", "KCKBadRequest"}}}}}}};
  const auto read = ReadWorkerMessage(Packed(result));
  ASSERT_TRUE(read) << read.error().message;
  const auto& message = std::get<WorkerResult>(*read);
  EXPECT_EQ(message.id, 9U);
  EXPECT_EQ(message.resident_bytes, 1000000U);
  ASSERT_EQ(message.results.size(), 5U);
  EXPECT_EQ(message.results[0].value, "[1]");
  EXPECT_EQ(message.results[0].cost_us, 100U) << "each has its part of the time";
  EXPECT_THAT(message.results[0].reads, ElementsAre(Pair("a/1", "0.5.0")));
  EXPECT_TRUE(message.results[1].empty);
  EXPECT_EQ(message.results[2].failure->name, "ValueError");
  EXPECT_EQ(message.results[2].failure->traceback, "t");
  EXPECT_EQ(message.results[2].failure->code, "");
  EXPECT_EQ(message.results[3].rows, 2U);
  EXPECT_EQ(message.results[4].failure->shown, "no such day");
}

TEST(WorkerMessage, ReadsWhatIsAsked) {
  const auto read = ReadWorkerMessage(
      Packed({{"type", "ask"}, {"id", 4}, {"call", 9}, {"op", "update"}, {"action", "insert"}, {"key", "item"}}));
  ASSERT_TRUE(read);
  const auto& ask = std::get<WorkerAsk>(*read);
  EXPECT_EQ(ask.call, 9U);
  EXPECT_EQ(ask.op, "update");
  EXPECT_EQ(ask.action, "insert");
  EXPECT_EQ(ask.key, "item");
  const auto free = ReadWorkerMessage(Packed({{"type", "ask"}, {"id", 4}, {"call", nullptr}, {"op", "get"}}));
  EXPECT_FALSE(std::get<WorkerAsk>(*free).call);
  EXPECT_EQ(std::get<WorkerEnd>(*ReadWorkerMessage(Packed({{"type", "end"}, {"reason", "memory"}}))).reason, "memory");
}

TEST(WorkerMessage, RefusesWhatIsNone) {
  EXPECT_THAT(ErrorOfRead(""), HasSubstr("no MessagePack"));
  EXPECT_THAT(ErrorOfRead("\xc1"), HasSubstr("no MessagePack"));
  EXPECT_EQ(ErrorOfRead(Packed(7)), "a message is no map");
  EXPECT_EQ(ErrorOfRead(Packed({{"type", "helo"}})), "there is no message of type \"helo\"");
  EXPECT_EQ(ErrorOfRead(Packed({{"type", "result"}, {"results", {1}}})), "a result is no map");
  EXPECT_EQ(ErrorOfRead(Packed({{"type", "hello"}, {"definitions", {1}}})), "a definition is no map");
  EXPECT_EQ(ErrorOfRead(Packed({{"type", "hello"}, {"faults", {1}}})), "a fault is no map");
  EXPECT_THAT(ErrorOfRead(Packed({{"type", "hello"}, {"sources", {1}}})), HasSubstr("no pair"));
  EXPECT_THAT(ErrorOfRead(Packed({{"type", "result"}, {"results", {{{"reads", {{"a"}}}}}}})), HasSubstr("no pair"));
}

// A list in a list in a list…: a byte each.
TEST(WorkerMessage, StopsWhereItLiesTooDeep) {
  EXPECT_THAT(ErrorOfRead(std::string(50'000'000, '\x91')), HasSubstr("too deep"));
  EXPECT_THAT(ErrorOfRead(std::string(1000, '\x81')), HasSubstr("no MessagePack"));
}

TEST(WorkerMessage, AnyBytesAreReadOrRefused) {
  EXPECT_TRUE(rc::check([](const std::string& bytes) { static_cast<void>(ReadWorkerMessage(bytes)); }));
}

TEST(WorkerFrames, SayWhatAWorkerIsTold) {
  WorkerStart start;
  start.folder = "/f";
  start.path = {"/f/lib"};
  start.files.products = {"/f/products/p.py"};
  start.files.sources = {{"/f/lib/a.py", "x"}};
  start.describe = true;
  const Json started = Unpacked(StartFrame(start));
  EXPECT_EQ(started["type"], "start");
  EXPECT_EQ(started["products"][0], "/f/products/p.py");
  EXPECT_EQ(started["describe"], true);
  EXPECT_EQ(started["sources"][0][0], "/f/lib/a.py");
  EXPECT_EQ(started["sources"][0][1], Json::binary({'x'}));

  PythonCall prime;
  prime.name = "route";
  prime.keys = {{ParamValue("JFK"), ParamValue()}};
  prime.hints.emplace_back();
  prime.hints[0].Add(std::make_shared<const std::string>(R"({"a":1})"));
  const Json called = Unpacked(CallFrame(3, prime, std::chrono::milliseconds(250)));
  EXPECT_EQ(called["kind"], "prime");
  EXPECT_EQ(called["timeout_ms"], 250);
  EXPECT_EQ(called["keys"], Json::parse(R"([["JFK",null]])"));
  EXPECT_EQ(called["hints"], Json::parse(R"([["{\"a\":1}"]])"));

  PythonCall update;
  update.kind = PythonCall::Kind::kUpdate;
  update.action = "insert";
  update.params = {{"id", ParamValue("7")}, {"name", ParamValue()}};
  const Json updated = Unpacked(CallFrame(4, update, std::chrono::milliseconds(1)));
  EXPECT_EQ(updated["action"], "insert");
  EXPECT_EQ(updated["params"], Json::parse(R"({"id":"7","name":null})"));

  const Json replied = Unpacked(ReplyFrame(5, std::string("[1]"), "0.5.0"));
  EXPECT_EQ(replied["value"], Json::binary({'[', '1', ']'}));
  EXPECT_EQ(replied["version"], "0.5.0");
  const Json refused = Unpacked(ReplyFrame(5, Fail(ErrorCode::kUnknownKey, "none"), ""));
  EXPECT_EQ(refused["ok"], false);
  EXPECT_EQ(refused["error"]["name"], "KCKUnknownKey");
}

TEST(WorkerMessages, HooksAreCallsWithParametersOfAKeyOrOfAWrite) {
  PythonCall call;
  call.kind = PythonCall::Kind::kHook;
  call.name = "item";
  call.hook = Hook::kPostSet;
  call.key = "item/7";
  call.keys = {{"7", std::nullopt}};
  call.value = "[1]";
  Hints hints;
  hints.Add(std::make_shared<const std::string>(R"({"a":1})"));
  call.hints = {hints};
  const Json of_product = Unpacked(CallFrame(1, call, std::chrono::milliseconds(5)));
  EXPECT_EQ(of_product["kind"], "hook");
  EXPECT_EQ(of_product["hook"], "post_set");
  EXPECT_EQ(of_product["key"], "item/7");
  EXPECT_EQ(of_product["params"], Json({"7", nullptr}));
  EXPECT_EQ(of_product["hints"], Json({R"({"a":1})"}));
  EXPECT_EQ(of_product["value"].get_binary().size(), 3U);
  EXPECT_TRUE(call.writes());
  call.hook = Hook::kResultFilter;
  EXPECT_FALSE(call.writes());

  PythonCall update;
  update.kind = PythonCall::Kind::kHook;
  update.name = "item";
  update.hook = Hook::kPreUpdate;
  update.action = "insert";
  update.params = {{"name", "pen"}};
  const Json of_updater = Unpacked(CallFrame(2, update, std::chrono::milliseconds(5)));
  EXPECT_EQ(of_updater["params"], Json({{"name", "pen"}}));
  EXPECT_EQ(of_updater["action"], "insert");
  EXPECT_FALSE(of_updater.contains("value"));
}

TEST(WorkerMessages, DefinitionsSayTheirHooksAndWhoRunsThem) {
  const auto read = [](const Json& fields) {
    const Json definition{{"kind", "product"},       {"file", "p.py"},       {"function", "A"},
                          {"fields", fields.dump()}, {"hooks", {"pre_set"}}, {"hooks_only", true}};
    auto hello = ReadWorkerMessage(Packed({{"type", "hello"}, {"definitions", {definition}}}));
    return std::get<WorkerHello>(*hello).described.definitions.at(0);
  };
  EXPECT_TRUE(read({{"name", "a"}}).runs);
  EXPECT_FALSE(read({{"name", "a"}, {"query", {{"template", "select 1"}}}}).runs);
  EXPECT_THAT(read({{"name", "a"}}).hooks, ElementsAre("pre_set"));
  EXPECT_TRUE(read({{"name", "a"}}).hooks_only);
}

TEST(WorkerMessages, AWorkerIsToldTheDatabasesAndWhenAValueChanged) {
  WorkerStart start;
  start.databases["main"] = "sqlite:x.db";
  EXPECT_EQ(Unpacked(StartFrame(start))["databases"], Json({{"main", "sqlite:x.db"}}));
  EXPECT_EQ(Unpacked(ReplyFrame(1, std::string("1"), "1.2.3", 99))["modified_ms"], 99);
  EXPECT_FALSE(Unpacked(ReplyFrame(1, std::string("1"), "1.2.3")).contains("modified_ms"));
  const auto ask = ReadWorkerMessage(Packed({{"type", "ask"}, {"id", 1}, {"wait", true}, {"expire_ms", 300}}));
  EXPECT_TRUE(std::get<WorkerAsk>(*ask).wait);
  EXPECT_EQ(std::get<WorkerAsk>(*ask).expire_ms, 300U);
}

}  // namespace
}  // namespace kck
