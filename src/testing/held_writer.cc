#include "testing/held_writer.h"

#include <utility>

namespace kck {

Written WrittenAt(std::uint64_t transaction) {
  Written written;
  written.rows = 1;
  written.transaction = transaction;
  written.identity = {7, 1};
  return written;
}

void HeldWriter::Write(std::shared_ptr<const SqlStatement>, std::vector<ParamValue> params, TimePoint,
                       WriteCallback done) {
  const std::lock_guard lock(mutex_);
  writes_.push_back(std::move(done));
  params_.push_back(std::move(params));
}

std::size_t HeldWriter::begun() const {
  const std::lock_guard lock(mutex_);
  return writes_.size();
}

std::vector<ParamValue> HeldWriter::params(std::size_t which) const {
  const std::lock_guard lock(mutex_);
  return params_.at(which);
}

void HeldWriter::Answer(std::size_t which, Result<Written> written) {
  WriteCallback done;
  {
    const std::lock_guard lock(mutex_);
    done = std::exchange(writes_.at(which), nullptr);
  }
  done(std::move(written));
}

}  // namespace kck
