#include "store/records_reader.h"

#include <utility>

namespace kck {
namespace {

constexpr auto kPause = std::chrono::milliseconds(100);

struct Reader {
  Store& store;
  Scheduler& scheduler;
  RecordsReading reading;
  TimePoint away_at;
};

void Read(const std::shared_ptr<Reader>& reader) {
  reader->store.GetRecords(reader->reading.prefix, [reader](auto records) {
    const bool late = !reader->reading.away;
    if (records || reader->store.shared() == nullptr) return reader->reading.done(std::move(records), late);
    if (!reader->reading.wanted()) return;
    const TimePoint now = reader->scheduler.Now();
    if (!late && now >= reader->away_at) std::exchange(reader->reading.away, nullptr)();
    reader->scheduler.At(now + kPause, [reader] {
      if (reader->reading.wanted()) Read(reader);
    });
  });
}

}  // namespace

void ReadRecords(Store& store, Scheduler& scheduler, RecordsReading reading) {
  const TimePoint away_at = scheduler.Now() + reading.patience;
  Read(std::make_shared<Reader>(Reader{store, scheduler, std::move(reading), away_at}));
}

}  // namespace kck
