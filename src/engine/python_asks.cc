#include "engine/python_asks.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/json_object.h"
#include "model/product_key.h"
#include "model/write_fields.h"

namespace kck {
namespace {

using Answer = WorkerPool::Answer;
using AnswerCallback = WorkerPool::AnswerCallback;

Answer Refused(Error error) { return {Failure(std::move(error)), ""}; }

Engine::WriteCallback VersionTold(AnswerCallback done) {
  return [done = std::move(done)](const Result<Version>& version) {
    if (!version) return done(Refused(version.error()));
    done({std::string("null"), VersionText(*version)});
  };
}

}  // namespace

std::string PythonAsks::Answer(const WorkerAsk& ask, const std::vector<std::string>& keys, TimePoint deadline,
                               AnswerCallback done) {
  if (ask.op == "get" || (ask.op == "refresh" && ask.wait)) return Get(ask, keys, deadline, std::move(done));
  if (ask.op == "update") return Update(ask, deadline, std::move(done));
  if (ask.op == "refresh") {
    Refresh(ask, std::move(done));
  } else {
    Write(ask, std::move(done));
  }
  return "";
}

void PythonAsks::Write(const WorkerAsk& ask, AnswerCallback done) {
  Result<ResolvedKey> resolved = ResolveKey(*engine_.catalog(), ask.key);
  if (!resolved) return done(Refused(resolved.error()));
  if (ask.op == "purge") return engine_.Purge(*std::move(resolved), std::nullopt, VersionTold(std::move(done)));
  if (ask.op == "set") {
    if (!IsJson(ask.value)) return done(Refused({ErrorCode::kBadRequest, "the value is no JSON"}));
    SetTerms terms;
    if (ask.expire_ms > 0) terms.expires_after = std::chrono::milliseconds(ask.expire_ms);
    return engine_.Set(*std::move(resolved), ask.value, std::nullopt, VersionTold(std::move(done)), terms);
  }
  done(Refused({ErrorCode::kBadRequest, fmt::format("\"{}\" is nothing that can be asked for", ask.op)}));
}

Result<PythonAsks::Read> PythonAsks::BeginRead(const std::string& raw_key, const std::vector<std::string>& readers) {
  const CatalogPtr catalog = engine_.catalog();
  Result<ResolvedKey> key = ResolveKey(*catalog, raw_key);
  if (!key) return Failure(std::move(key.error()));
  Read read{*std::move(key), {}};
  for (const std::string& text : readers) {
    Result<ResolvedKey> reader = ResolveKey(*catalog, text);
    // Its product may have gone while it was computed: nobody will keep what comes of it.
    if (!reader || !reader->product) continue;
    if (Result<void> noted = engine_.BeginRead(*reader, read.key.text); !noted) {
      EndRead(read, nullptr);
      return Failure(std::move(noted.error()));
    }
    read.readers.push_back(*std::move(reader));
  }
  return read;
}

void PythonAsks::EndRead(const Read& read, const Served* served) {
  for (const ResolvedKey& reader : read.readers) engine_.EndRead(reader, read.key.text, served);
}

Engine::FetchCallback PythonAsks::ServedTold(const Read& read, AnswerCallback done) {
  return [this, read, done = std::move(done)](const Result<Served>& served) {
    EndRead(read, served ? &*served : nullptr);
    if (!served) {
      const ErrorCode code = served.error().code;
      const bool none = code == ErrorCode::kUnknownKey || code == ErrorCode::kKeyNotSet;
      // That there was none has been read as well.
      return done({Failure(served.error()), none ? "none" : ""});
    }
    const Entry& entry = *served->entry;
    done({std::string(entry.value()), VersionText(entry.version()), entry.content().modified_unix_ms});
  };
}

std::string PythonAsks::Get(const WorkerAsk& ask, const std::vector<std::string>& readers, TimePoint deadline,
                            AnswerCallback done) {
  Result<Read> read = BeginRead(ask.key, readers);
  if (!read) {
    done(Refused(read.error()));
    return "";
  }
  auto told = ServedTold(*read, std::move(done));
  if (ask.op == "refresh") {
    engine_.Refresh(read->key, nullptr, deadline, std::move(told));
  } else {
    engine_.Fetch(read->key, deadline, std::move(told));
  }
  return read->key.text;
}

std::string PythonAsks::Update(const WorkerAsk& ask, TimePoint deadline, AnswerCallback done) {
  const auto refuse = [&done](Error error) {
    done(Refused(std::move(error)));
    return std::string();
  };
  const std::string name(KeyName(ask.key));
  UpdaterPtr updater = engine_.catalog()->FindUpdater(DecodeSegment(name).value_or(""));
  if (!updater) return refuse({ErrorCode::kUnknownKey, fmt::format("there is no updater {}", name)});
  const WriteCall call = ask.action == "insert"   ? WriteCall::kCreate
                         : ask.action == "update" ? WriteCall::kUpdate
                                                  : WriteCall::kDelete;
  const Result<std::vector<WriteField>> fields = ReadJsonFields(ask.fields.empty() ? "{}" : ask.fields);
  if (!fields) return refuse(fields.error());
  const std::string_view key = std::string_view(ask.key).substr(std::min(ask.key.size(), name.size() + 1));
  std::string waits_for = WorkerPool::WriteOf(updater->name);
  Result<ResolvedWrite> write = ResolveWrite(std::move(updater), call, key, *fields);
  if (!write) return refuse(write.error());
  const WriteAction action = write->action;
  engine_.RunUpdater(*std::move(write), deadline, [action, done = std::move(done)](Result<Updated> updated) {
    if (!updated) return done(Refused(std::move(updated.error())));
    std::string text;
    JsonObject object(text);
    object.Text("action", WriteActionName(action));
    object.Number("rows", updated->rows);
    object.Member("returning") += updated->returning;
    object.Text("token", updated->token);
    object.End();
    done({std::move(text), ""});
  });
  return waits_for;
}

void PythonAsks::Refresh(const WorkerAsk& ask, AnswerCallback done) {
  auto told = [done](const Result<void>& queued) {
    if (!queued) return done(Refused(queued.error()));
    done({std::string("null"), ""});
  };
  if (const auto product = WholeProduct(ask.key); !product.empty()) {
    return engine_.RefreshProduct(product, std::move(told));
  }
  Result<ResolvedKey> key = ResolveKey(*engine_.catalog(), ask.key);
  if (!key) return done(Refused(key.error()));
  Result<HintPtr> hint = nullptr;
  if (!ask.hint.empty()) hint = ReadHint(ask.hint);
  if (!hint) return done(Refused(hint.error()));
  engine_.QueueRefresh(*std::move(key), *std::move(hint), std::move(told));
}

}  // namespace kck
