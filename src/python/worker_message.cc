#include "python/worker_message.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <nlohmann/json.hpp>

#include "model/settings.h"

namespace kck {
namespace {

using Json = nlohmann::json;

// Deeper than any message, and far from the end of the stack.
constexpr std::size_t kDepthMax = 16;

Failure Bad(std::string what) { return Fail(ErrorCode::kPrimerFailed, std::move(what)); }

// Builds a value as its parts come, and stops the reader where they lie too deep.
class Builder : public nlohmann::json_sax<Json> {
 public:
  Json Take() { return std::move(root_); }

  bool null() override { return Put(nullptr); }
  bool boolean(bool value) override { return Put(value); }
  bool number_integer(number_integer_t value) override { return Put(value); }
  bool number_unsigned(number_unsigned_t value) override { return Put(value); }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return Put(value); }
  bool string(string_t& value) override { return Put(std::move(value)); }
  bool binary(binary_t& value) override { return Put(std::string(value.begin(), value.end())); }
  bool start_object(std::size_t /*size*/) override { return Begin(Json::object()); }
  bool end_object() override { return End(); }
  bool start_array(std::size_t /*size*/) override { return Begin(Json::array()); }
  bool end_array() override { return End(); }
  bool key(string_t& name) override {
    name_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t /*at*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    return false;
  }

 private:
  template <typename Value>
  bool Put(Value&& value) {
    Add(Json(std::forward<Value>(value)));
    return true;
  }

  Json& Add(Json value) {
    if (open_.empty()) return root_ = std::move(value);
    if (open_.back()->is_array()) return open_.back()->emplace_back(std::move(value));
    return (*open_.back())[name_] = std::move(value);
  }

  bool Begin(Json value) {
    if (open_.size() >= kDepthMax) return false;
    open_.push_back(&Add(std::move(value)));
    return true;
  }

  bool End() {
    open_.pop_back();
    return true;
  }

  Json root_;
  std::vector<Json*> open_;  // from the root down; a list that is open grows at its end alone
  std::string name_;         // of the member whose value comes next
};

// Of anything but a map there is nothing.
std::string Text(const Json& map, const char* name) {
  const auto found = map.find(name);
  return found != map.end() && found->is_string() ? found->get<std::string>() : "";
}

std::uint64_t Number(const Json& map, const char* name) {
  const auto found = map.find(name);
  if (found == map.end() || !found->is_number_integer()) return 0;
  // Signed or not, as the writer chose; a negative one has no meaning here.
  return found->is_number_unsigned()
             ? found->get<std::uint64_t>()
             : static_cast<std::uint64_t>(std::max<std::int64_t>(0, found->get<std::int64_t>()));
}

bool Flag(const Json& map, const char* name) {
  const auto found = map.find(name);
  return found != map.end() && found->is_boolean() && found->get<bool>();
}

const Json& List(const Json& map, const char* name) {
  static const Json kNone = Json::array();
  const auto found = map.find(name);
  return found != map.end() && found->is_array() ? *found : kNone;
}

std::vector<std::string> Texts(const Json& map, const char* name) {
  std::vector<std::string> texts;
  for (const Json& item : List(map, name)) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

// False: one of the list is no pair of texts.
bool ReadPairs(const Json& map, const char* name, std::vector<std::pair<std::string, std::string>>& pairs) {
  for (const Json& item : List(map, name)) {
    if (!item.is_array() || item.size() != 2 || !item[0].is_string() || !item[1].is_string()) return false;
    pairs.emplace_back(item[0].get<std::string>(), item[1].get<std::string>());
  }
  return true;
}

int Line(const Json& map) {
  return static_cast<int>(std::min<std::uint64_t>(Number(map, "line"), std::numeric_limits<int>::max()));
}

PythonDefinition ReadDefinition(const Json& map) {
  PythonDefinition definition;
  definition.kind = Text(map, "kind");
  definition.file = Text(map, "file");
  definition.line = Line(map);
  definition.fields = Text(map, "fields");
  definition.hooks = Texts(map, "hooks");
  definition.hooks_only = Flag(map, "hooks_only");
  const Json fields = Json::parse(definition.fields, nullptr, false);
  definition.runs = !fields.is_object() || !fields.contains("query");  // else the server runs its SQL
  PythonFunction& function = definition.function;
  function.name = Text(fields, "name");
  function.function = Text(map, "function");
  function.source_hash = Text(map, "source_hash");
  function.is_async = Flag(map, "is_async");
  function.many = Flag(map, "many");
  return definition;
}

Result<WorkerMessage> ReadHello(const Json& map) {
  WorkerHello hello{Number(map, "protocol"), Text(map, "kck"), Text(map, "python"), {}};
  for (const Json& item : List(map, "definitions")) {
    if (!item.is_object()) return Bad("a definition is no map");
    hello.described.definitions.push_back(ReadDefinition(item));
  }
  for (const Json& item : List(map, "faults")) {
    if (!item.is_object()) return Bad("a fault is no map");
    hello.described.faults.push_back(
        {{Text(item, "file"), Line(item), 0}, Text(item, "message"), Text(item, "cure"), false});
  }
  hello.described.files = Texts(map, "files");
  if (!ReadPairs(map, "sources", hello.described.sources)) return Bad("one of sources is no pair of path and content");
  return hello;
}

PythonFailure ReadFailure(const Json& map) {
  return {Text(map, "name"), Text(map, "message"), Text(map, "traceback"), Text(map, "code"), Text(map, "public")};
}

Result<PythonResult> ReadOne(const Json& map) {
  if (!map.is_object()) return Bad("a result is no map");
  PythonResult result;
  result.value = Text(map, "value");
  result.empty = Flag(map, "empty");
  result.rows = Number(map, "rows");
  if (map.contains("returning")) result.returning = Text(map, "returning");
  if (!ReadPairs(map, "reads", result.reads)) return Bad("one of reads is no pair of key and version");
  if (const auto error = map.find("error"); error != map.end() && error->is_object()) {
    result.failure = ReadFailure(*error);
  }
  return result;
}

Result<WorkerMessage> ReadResult(const Json& map) {
  WorkerResult result;
  result.id = Number(map, "id");
  result.resident_bytes = Number(map, "resident_bytes");
  result.time_us = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(Number(map, "time_us"), std::numeric_limits<std::uint32_t>::max()));
  for (const Json& item : List(map, "results")) {
    Result<PythonResult> one = ReadOne(item);
    if (!one) return Failure(std::move(one.error()));
    result.results.push_back(*std::move(one));
  }
  for (PythonResult& one : result.results) {
    one.cost_us = result.time_us / static_cast<std::uint32_t>(result.results.size());
  }
  return result;
}

WorkerAsk ReadAsk(const Json& map) {
  WorkerAsk ask;
  ask.id = Number(map, "id");
  if (const auto call = map.find("call"); call != map.end() && call->is_number_integer()) {
    ask.call = Number(map, "call");
  }
  ask.op = Text(map, "op");
  ask.action = Text(map, "action");
  ask.key = Text(map, "key");
  ask.value = Text(map, "value");
  ask.hint = Text(map, "hint");
  ask.fields = Text(map, "fields");
  ask.wait = Flag(map, "wait");
  ask.expire_ms = Number(map, "expire_ms");
  return ask;
}

std::string Frame(const Json& message) {
  std::string frame(kFrameHeadBytes, '\0');
  Json::to_msgpack(message, frame);
  const std::size_t bytes = frame.size() - kFrameHeadBytes;
  for (std::size_t i = 0; i < kFrameHeadBytes; ++i) {
    frame[i] = static_cast<char>((bytes >> (8 * (kFrameHeadBytes - 1 - i))) & 0xFFU);
  }
  return frame;
}

Json Binary(std::string_view bytes) { return Json::binary(std::vector<std::uint8_t>(bytes.begin(), bytes.end())); }

Json ParamJson(const ParamValue& value) { return value ? Json(*value) : Json(nullptr); }

Json HintsJson(const Hints& hints) {
  Json list = Json::array();
  for (const HintPtr& hint : hints.all()) list.push_back(*hint);
  return list;
}

void AddPrime(const PythonCall& call, Json& message) {
  Json keys = Json::array();
  for (const auto& params : call.keys) {
    Json key = Json::array();
    for (const ParamValue& param : params) key.push_back(ParamJson(param));
    keys.push_back(std::move(key));
  }
  Json hints = Json::array();
  for (const Hints& one : call.hints) hints.push_back(HintsJson(one));
  message["keys"] = std::move(keys);
  message["hints"] = std::move(hints);
}

void AddUpdate(const PythonCall& call, Json& message) {
  message["action"] = call.action;
  Json params = Json::object();
  for (const auto& [name, value] : call.params) params[name] = ParamJson(value);
  message["params"] = std::move(params);
}

void AddHook(const PythonCall& call, Json& message) {
  message["hook"] = HookName(call.hook);
  message["key"] = call.key;
  if (call.keys.empty()) {
    AddUpdate(call, message);
  } else {
    Json params = Json::array();
    for (const ParamValue& param : call.keys.front()) params.push_back(ParamJson(param));
    message["params"] = std::move(params);
  }
  if (call.value) message["value"] = Binary(*call.value);
  Json hints = Json::array();
  for (const Hints& one : call.hints) hints = HintsJson(one);
  message["hints"] = std::move(hints);
}

}  // namespace

WorkerStart StartOf(const Settings& settings, const PythonFiles& files) {
  WorkerStart start;
  start.folder = settings.folder;
  start.path = settings.python.path;
  start.files = files;
  start.memory_bytes = settings.python.memory_bytes;
  start.concurrency = settings.python.concurrency;
  start.message_bytes_max = settings.python.message_bytes_max;
  start.databases = DatabaseUrls(settings);
  return start;
}

std::string StartFrame(const WorkerStart& start) {
  Json sources = Json::array();
  for (const auto& [path, content] : start.files.sources) sources.push_back(Json::array({path, Binary(content)}));
  return Frame({{"type", "start"},
                {"protocol", kWorkerProtocol},
                {"folder", start.folder},
                {"path", start.path},
                {"products", start.files.products},
                {"updaters", start.files.updaters},
                {"processes", start.files.processes},
                {"sources", std::move(sources)},
                {"memory_bytes", start.memory_bytes},
                {"concurrency", start.concurrency},
                {"message_bytes_max", start.message_bytes_max},
                {"databases", start.databases},
                {"describe", start.describe}});
}

std::string CallFrame(std::uint64_t id, const PythonCall& call, std::chrono::milliseconds timeout) {
  Json message{{"type", "call"}, {"id", id}, {"name", call.name}, {"timeout_ms", timeout.count()}};
  switch (call.kind) {
    case PythonCall::Kind::kPrime:
      message["kind"] = "prime";
      AddPrime(call, message);
      break;
    case PythonCall::Kind::kUpdate:
      message["kind"] = "update";
      AddUpdate(call, message);
      break;
    case PythonCall::Kind::kRun:
      message["kind"] = "run";
      break;
    case PythonCall::Kind::kHook:
      message["kind"] = "hook";
      AddHook(call, message);
      break;
  }
  return Frame(message);
}

std::string ReplyFrame(std::uint64_t ask, const Result<std::string>& answer, std::string_view version,
                       std::int64_t modified_unix_ms) {
  Json message{{"type", "reply"}, {"id", ask}, {"ok", answer.has_value()}};
  if (!version.empty()) message["version"] = version;
  if (modified_unix_ms > 0) message["modified_ms"] = modified_unix_ms;
  if (answer) {
    message["value"] = Binary(*answer);
  } else {
    message["error"] = {{"name", ErrorName(answer.error().code)}, {"message", answer.error().message}};
  }
  return Frame(message);
}

std::string CancelFrame(std::uint64_t call) { return Frame({{"type", "cancel"}, {"id", call}}); }

std::string StopFrame() { return Frame({{"type", "stop"}}); }

Result<WorkerMessage> ReadWorkerMessage(std::string_view frame) {
  Builder builder;
  if (!Json::sax_parse(frame.begin(), frame.end(), &builder, Json::input_format_t::msgpack)) {
    return Bad("a message is no MessagePack, or lies too deep");
  }
  const Json message = builder.Take();
  if (!message.is_object()) return Bad("a message is no map");
  const std::string type = Text(message, "type");
  if (type == "hello") return ReadHello(message);
  if (type == "result") return ReadResult(message);
  if (type == "ask") return ReadAsk(message);
  if (type == "end") return WorkerEnd{Text(message, "reason")};
  return Bad(fmt::format("there is no message of type \"{}\"", type.substr(0, 40)));
}

Result<std::optional<std::string_view>> FrameReader::Next() {
  held_.erase(0, std::exchange(read_, 0));
  if (held_.size() < kFrameHeadBytes) return std::nullopt;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < kFrameHeadBytes; ++i) bytes = bytes << 8U | static_cast<unsigned char>(held_[i]);
  if (bytes > bytes_max_) return Bad(fmt::format("a message of {} bytes, of {} at most", bytes, bytes_max_));
  if (held_.size() < kFrameHeadBytes + bytes) return std::nullopt;
  read_ = kFrameHeadBytes + bytes;
  return std::string_view(held_).substr(kFrameHeadBytes, bytes);
}

}  // namespace kck
