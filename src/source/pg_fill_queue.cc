#include "source/pg_fill_queue.h"

#include <algorithm>

#include "source/pg_run_as.h"

namespace kck {
namespace {

// Fills of other statements that are passed over in the look for those that go together.
constexpr std::size_t kPassedOverMax = 2000;

}  // namespace

void PgFillQueue::Insert(std::list<PgFillPtr>::iterator place, const PgFillPtr& fill) {
  fill->queued = fills_.insert(place, fill);
  ++fill->group().queued;
}

void PgFillQueue::Remove(PgFill& fill) {
  if (!fill.queued) return;
  const auto place = *fill.queued;
  fill.queued.reset();
  --fill.group().queued;
  fills_.erase(place);
}

std::size_t PgFillQueue::KeysMax() const {
  const PgFill& first = *fills_.front();
  return first.holds_zero_byte ? 1 : std::min(first.batches().KeysMax(), first.batch_keys_max);
}

std::vector<PgFillPtr> PgFillQueue::TakeTogether() {
  std::size_t keys_max = KeysMax();
  const PgFillPtr first = fills_.front();
  std::vector<PgFillPtr> together;
  std::size_t passed_over = 0;
  for (auto item = fills_.begin();
       item != fills_.end() && together.size() < keys_max && passed_over < kPassedOverMax;) {
    const PgFillPtr fill = *item++;
    // Not by id: two products may have one SQL, and make different rows of it.
    const bool fits = fill->statement() == first->statement() && fill->batch_keys_max > together.size() &&
                      PgRunsAlike(*first->statement(), first->params, fill->params);
    if (fill != first && (!fits || fill->holds_zero_byte)) {
      ++passed_over;
      continue;
    }
    keys_max = std::min(keys_max, fill->batch_keys_max);
    Remove(*fill);
    together.push_back(fill);
  }
  return together;
}

}  // namespace kck
