#include "source/pg_fill.h"

#include <algorithm>

namespace kck {

PgFill::PgFill(PgFillGroup& group, Source::FillRequest request)
    : params(std::move(request.params)),
      trace(std::move(request.trace)),
      group_(&group),
      done_(std::move(request.done)) {
  holds_zero_byte = std::ranges::any_of(
      params, [](const ParamValue& value) { return value && value->find('\0') != std::string::npos; });
}

void PgFill::Finish(Result<Rows> rows) {
  if (!done_) return;
  const Source::FillCallback done = std::exchange(done_, nullptr);
  group_->Finished();
  done(std::move(rows));
}

PgFillGroup::PgFillGroup(const boost::asio::any_io_executor& executor, std::shared_ptr<const SqlStatement> sql,
                         std::span<Source::FillRequest> requests, TimePoint answer_by, bool nobody_waits,
                         std::atomic<std::size_t>& unfinished, std::size_t unfinished_max)
    : statement(std::move(sql)),
      deadline(answer_by),
      behind(nobody_waits),
      timer(executor),
      unanswered_(requests.size()),
      unfinished_(unfinished) {
  fills.reserve(requests.size());
  for (Source::FillRequest& request : requests) fills.emplace_back(*this, std::move(request));
  const std::size_t before = unfinished_.fetch_add(fills.size(), std::memory_order_relaxed);
  accepted = std::min(fills.size(), unfinished_max - std::min(before, unfinished_max));
}

void PgFillGroup::Finished() {
  unfinished_.fetch_sub(1, std::memory_order_relaxed);
  if (--unanswered_ == 0) timer.cancel();
}

}  // namespace kck
