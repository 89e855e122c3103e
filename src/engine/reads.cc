// What keys are computed from: noted as it is asked for, kept once the compute has ended, and made due by what changes
// it.
#include <fmt/format.h>

#include "base/log.h"
#include "engine/engine_impl.h"
#include "model/product_key.h"

namespace kck {

Result<void> Engine::Impl::BeginRead(const ResolvedKey& reader, const std::string& read) {
  switch (dependencies.Begin(reader.text, reader.product->fingerprint, read)) {
    case Dependencies::Verdict::kNoted:
      return {};
    case Dependencies::Verdict::kCycle:
      return Fail(ErrorCode::kBadRequest, fmt::format("{} would be computed from itself: {}", reader.text,
                                                      dependencies.CycleText(reader.text, read)));
    case Dependencies::Verdict::kFull:
      break;
  }
  ++counters.overloaded;
  return Fail(ErrorCode::kOverloaded, "too many keys are computed from others to keep account of one more");
}

void Engine::Impl::EndRead(const ResolvedKey& reader, const std::string& read, const Served* served) {
  const bool by_compute =
      served != nullptr && (served->from == ServedFrom::kFill || served->from == ServedFrom::kJoined);
  if (!dependencies.End(reader.text, read, by_compute)) return;
  Dues dues;
  dues.Add(reader);
  SettleMet(std::move(dues), read);
}

void Engine::Impl::KeepReads(const Flight& flight, const Primed& primed) {
  if (!flight.key.product->function) return;
  std::vector<std::string> reads;
  for (const std::string& raw : primed.reads) {
    if (const auto key = ResolveKey(*serving().catalog, raw)) reads.push_back(key->text);
  }
  if (!dependencies.Keep(flight.key.text, flight.fingerprint, reads)) return;
  const std::string record = std::string(kReadsMark) + flight.key.text;
  auto kept = [this](const Result<void>& stored) {
    if (!stored) unstored_logged_.Warn(scheduler_.Now(), "the store does not take a record", stored.error().message);
  };
  if (reads.empty()) return store_.DeleteRecord(record, kept);
  store_.PutRecord(record, Dependencies::RecordText(flight.fingerprint, reads), kept);
}

void Engine::Impl::ForetellChange(const std::shared_ptr<Write>& write, std::function<void()> then) {
  write->foretold = DuesOfChange(*serving().catalog, write->key.text, dependencies);
  if (write->foretold.empty()) return then();
  Foretell(write->foretold, [write, then = std::move(then)](const Result<void>&) { then(); });
}

void Engine::Impl::SettleChange(const Write& write, bool changed) {
  if (!changed) return Release(write.foretold);
  // Once more: whoever began to read it meanwhile may have got what it replaces.
  const Dues due = DuesOfChange(*serving().catalog, write.key.text, dependencies);
  if (write.foretold.empty() && due.empty()) return;
  Settle(write.foretold, due, {sequence_.Next(), 0, {}},
         {RefreshReason::kPrime, fmt::format("change of {}", write.key.text), nullptr});
}

void Engine::Impl::OnForeignChange(const std::string& key) {
  if (dependencies.empty()) return;
  Dues dues = DuesOfChange(*serving().catalog, key, dependencies);
  if (!dues.empty()) SettleMet(std::move(dues), key);
}

void Engine::Impl::SettleMet(Dues dues, const std::string& primed) {
  Foretell(dues, nullptr);
  Settle(dues, dues, {sequence_.Next(), 0, {}}, {RefreshReason::kPrime, fmt::format("prime {}", primed), nullptr});
}

}  // namespace kck
