#include "testing/fake_source.h"

#include <utility>

namespace kck {

void FakeSource::Fill(std::shared_ptr<const SqlStatement> statement, std::vector<ParamValue> params, TimePoint deadline,
                      FillCallback done) {
  const std::lock_guard lock(mutex_);
  asked_.push_back({std::move(statement), std::move(params), deadline});
  done_.push_back(std::move(done));
}

std::vector<FakeSource::Asked> FakeSource::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

void FakeSource::Answer(std::size_t which, Result<Rows> rows) {
  FillCallback done;
  {
    const std::lock_guard lock(mutex_);
    done = std::exchange(done_.at(which), nullptr);
  }
  done(std::move(rows));
}

}  // namespace kck
