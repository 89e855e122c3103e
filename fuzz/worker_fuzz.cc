// What a worker sends, whatever it is: it is read or refused, and nothing that is read has more in it than was sent.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "python/worker_message.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

// In the parts that a socket may bring it in.
void CheckFrames(std::string_view bytes) {
  kck::FrameReader reader(std::size_t{1} << 16U);
  std::size_t read = 0;
  const std::size_t part = bytes.empty() ? 1 : 1 + static_cast<unsigned char>(bytes.front());
  for (std::size_t at = 0; at < bytes.size(); at += part) {
    reader.Add(bytes.substr(at, part));
    while (true) {
      const auto frame = reader.Next();
      if (!frame) return;
      if (!*frame) break;
      read += (*frame)->size() + kck::kFrameHeadBytes;
      Require(read <= at + part);
      static_cast<void>(kck::ReadWorkerMessage(**frame));
    }
  }
}

void CheckMessage(std::string_view bytes) {
  const auto message = kck::ReadWorkerMessage(bytes);
  if (!message) return;
  if (const auto* result = std::get_if<kck::WorkerResult>(&*message)) {
    std::size_t held = 0;
    for (const kck::PythonResult& one : result->results) held += one.value.size();
    Require(held <= bytes.size());
  }
  if (const auto* ask = std::get_if<kck::WorkerAsk>(&*message)) Require(ask->key.size() <= bytes.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  CheckFrames(bytes);
  CheckMessage(bytes);
  return 0;
}
