#include "engine/sequence.h"

#include <charconv>

#include "base/log.h"

namespace kck {
namespace {

constexpr std::uint64_t kBlock = std::uint64_t{1} << 20U;
constexpr const char* kRecord = "sequence";

std::uint64_t ParseNumber(const std::string& text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

void Sequence::Start(std::function<void(Result<void>)> done) {
  if (store_.shared() != nullptr) return done({});
  auto on_read = [this, done = std::move(done)](auto records) mutable {
    if (!records) return done(Failure(std::move(records.error())));
    for (const auto& [name, value] : *records) {
      // A block past the reserved end, since numbers are still given while the write that raises it is under way.
      if (name == kRecord) last_ = std::max(last_.load(), ParseNumber(value) + kBlock);
    }
    Reserve(last_ + kBlock, std::move(done));
  };
  store_.GetRecords(kRecord, std::move(on_read));
}

std::uint64_t Sequence::Next() {
  const std::uint64_t given = ++last_;
  if (given == reserve_at_) {
    Reserve(given + kBlock, [](const Result<void>& written) {
      if (!written) LogWarning("the store does not take the sequence: {}", written.error().message);
    });
  }
  return given;
}

std::uint64_t Sequence::NextAbove(std::uint64_t met) {
  std::uint64_t last = last_;
  while (last < met && !last_.compare_exchange_weak(last, met)) {
  }
  return Next();
}

void Sequence::Reserve(std::uint64_t up_to, std::function<void(Result<void>)> done) {
  reserve_at_ = up_to - kBlock / 2;
  store_.PutRecord(kRecord, std::to_string(up_to), std::move(done));
}

}  // namespace kck
