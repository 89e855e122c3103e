#include "model/hints.h"

namespace kck {

void Hints::Add(const HintPtr& hint) {
  if (!hint) return SetIncomplete();
  if (hints_.size() >= kCountMax || bytes_ + hint->size() > kBytesMax) return SetIncomplete();
  bytes_ += hint->size();
  hints_.push_back(hint);
}

void Hints::Add(const Hints& later) {
  for (const HintPtr& hint : later.hints_) Add(hint);
  complete_ = complete_ && later.complete_;
}

}  // namespace kck
