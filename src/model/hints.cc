#include "model/hints.h"

#include <fmt/format.h>

#include "base/json.h"

namespace kck {

Result<HintPtr> ReadHint(std::string_view json) {
  if (json.size() > Hints::kBytesMax || !json.starts_with('{') || !IsJson(json)) {
    return Fail(ErrorCode::kBadRequest, fmt::format("a hint is a JSON object of at most {} bytes", Hints::kBytesMax));
  }
  return std::make_shared<const std::string>(json);
}

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
