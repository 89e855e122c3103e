#include "source/pg_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/log.h"
#include "source/pg_describe.h"
#include "source/sources.h"

namespace kck {
namespace {

constexpr std::size_t kUnfinishedMax = 10000;
constexpr auto kFirstConnectionWait = std::chrono::seconds(3);
constexpr auto kConnectionWait = std::chrono::milliseconds(250);
constexpr int kConnectionsLostMax = 2;      // by one fill
constexpr std::size_t kLookedAtMax = 2000;  // of the queue, for fills that go together

}  // namespace

PgSource::PgSource(DatabaseSettings settings)
    : settings_(std::move(settings)), work_(boost::asio::make_work_guard(io_)) {
  PgConnectionOwner& owner = *this;
  for (int i = 0; i < settings_.pool; ++i) {
    connections_.push_back(std::make_unique<PgConnection>(io_, starter_, settings_, owner));
    connections_.back()->Start();
  }
  thread_ = std::thread([this] { io_.run(); });
}

PgSource::~PgSource() {
  io_.stop();
  thread_.join();
  starter_.join();
  // No thread is left that could touch these, so each fill is in exactly one of the three.
  std::vector<PgFillPtr> unanswered(queue_.begin(), queue_.end());
  for (const auto& connection : connections_)
    std::ranges::move(connection->TakeUnanswered(), std::back_inserter(unanswered));
  {
    MutexLock lock(mutex_);
    std::ranges::move(incoming_, std::back_inserter(unanswered));
    incoming_.clear();
  }
  for (const PgFillPtr& fill : unanswered) {
    fill->Finish(Fail(ErrorCode::kSourceError, fmt::format("database {} is being closed", settings_.name)));
  }
}

void PgSource::Fill(std::shared_ptr<const SqlStatement> statement, std::vector<ParamValue> params, TimePoint deadline,
                    FillCallback done) {
  auto fill = std::make_shared<PgFill>(io_.get_executor(), std::move(statement), std::move(params), deadline,
                                       std::move(done), unfinished_);
  fill->refused = unfinished_.fetch_add(1, std::memory_order_relaxed) >= kUnfinishedMax;
  bool wake = false;
  {
    MutexLock lock(mutex_);
    wake = incoming_.empty();
    incoming_.push_back(std::move(fill));
  }
  if (wake) boost::asio::post(io_, [this] { TakeIncoming(); });
}

void PgSource::TakeIncoming() {
  std::vector<PgFillPtr> taken;
  {
    MutexLock lock(mutex_);
    taken.swap(incoming_);
  }
  for (const PgFillPtr& fill : taken) {
    if (fill->refused) {
      fill->Finish(Fail(ErrorCode::kOverloaded, fmt::format("too many fills wait for database {}", settings_.name)));
      continue;
    }
    fill->batches = batches_.Of(*fill->statement);
    Enqueue(fill, false);
    ArmTimer(fill);
  }
  Pump();
}

void PgSource::Enqueue(const PgFillPtr& fill, bool first) {
  fill->queued = queue_.insert(first ? queue_.begin() : queue_.end(), fill);
  AwaitConnection(*fill);
}

void PgSource::Dequeue(PgFill& fill) {
  if (!fill.queued) return;
  const auto place = *fill.queued;
  fill.queued.reset();
  queue_.erase(place);
}

void PgSource::Pump() {
  while (!queue_.empty()) {
    PgFill& first = *queue_.front();
    const std::size_t keys_max = first.holds_zero_byte() ? 1 : std::min(first.batches->KeysMax(), first.batch_keys_max);
    PgConnection* connection = BestConnection(keys_max > 1);
    if (connection == nullptr) return;
    SendFirst(*connection, keys_max);
  }
}

// Sends the first fill of the queue, and with it those of its statement behind it.
void PgSource::SendFirst(PgConnection& connection, std::size_t keys_max) {
  const PgFillPtr first = queue_.front();
  std::vector<PgFillPtr> fills;
  std::size_t looked_at = 0;
  for (auto item = queue_.begin(); item != queue_.end() && fills.size() < keys_max && looked_at < kLookedAtMax;
       ++looked_at) {
    const PgFillPtr fill = *item++;
    // Not by id: two products may have one SQL, and make different rows of it.
    const bool fits = fill->statement == first->statement && fill->batch_keys_max > fills.size();
    if (fill != first && (!fits || fill->holds_zero_byte())) continue;
    keys_max = std::min(keys_max, fill->batch_keys_max);
    Dequeue(*fill);
    fills.push_back(fill);
  }
  if (fills.size() == 1) {
    connection.Send(first);
  } else {
    connection.SendBatch(std::move(fills));
  }
}

void PgSource::FillsReturned(std::vector<PgFillPtr> fills) {
  std::reverse(fills.begin(), fills.end());
  for (const PgFillPtr& fill : fills) Enqueue(fill, true);
}

PgConnection* PgSource::BestConnection(bool in_batches) {
  PgConnection* best = nullptr;
  for (const auto& connection : connections_) {
    if (!connection->ready() || !(in_batches ? connection->HasRoomForBatch() : connection->HasRoom())) continue;
    if (best == nullptr || connection->in_flight() < best->in_flight()) best = connection.get();
  }
  return best;
}

bool PgSource::AnyReady() const {
  return std::any_of(connections_.begin(), connections_.end(), [](const auto& c) { return c->ready(); });
}

void PgSource::AwaitConnection(PgFill& fill) {
  fill.connection_awaited_until = Clock::now() + (tried_ ? Duration(kConnectionWait) : Duration(kFirstConnectionWait));
}

void PgSource::ArmTimer(const PgFillPtr& fill) {
  const bool awaits_connection = fill->queued && !AnyReady();
  fill->timer.expires_at(awaits_connection ? std::min(fill->deadline, fill->connection_awaited_until) : fill->deadline);
  fill->timer.async_wait([this, fill](const boost::system::error_code& cancelled) {
    if (!cancelled) TimerFired(fill);
  });
}

void PgSource::TimerFired(const PgFillPtr& fill) {
  const TimePoint now = Clock::now();
  if (now >= fill->deadline) {
    Dequeue(*fill);
    fill->Finish(
        Fail(ErrorCode::kSourceTimeout, fmt::format("database {} did not answer in the time allowed", settings_.name)));
  } else if (fill->queued && !AnyReady() && now >= fill->connection_awaited_until) {
    Dequeue(*fill);
    fill->Finish(Failure(UnreachableError(settings_.name, "")));
  } else {
    ArmTimer(fill);
  }
}

void PgSource::ConnectionReady(const PgSession& session) {
  tried_ = true;
  was_ready_ = true;
  reachable_ = true;
  if (outage_logged_) LogInfo("database {} is reached again", settings_.name);
  outage_logged_ = false;
  if (session.identity.system_identifier == 0 && !identifier_warned_) {
    identifier_warned_ = true;
    LogWarning(
        "database {}: its role may not call pg_control_system(), so that another cluster in its place would go "
        "unnoticed; run: grant execute on function pg_control_system() to the role",
        settings_.name);
  }
  Pump();
}

void PgSource::ConnectionLost(const Error& why, std::vector<PgFillPtr> unanswered) {
  tried_ = true;
  if (!outage_logged_) LogWarning("database {}: {}; connecting again", settings_.name, why.message);
  outage_logged_ = true;
  std::reverse(unanswered.begin(), unanswered.end());
  for (const PgFillPtr& fill : unanswered) {
    if (++fill->connections_lost < kConnectionsLostMax) {
      Enqueue(fill, true);
    } else {
      fill->Finish(
          Fail(ErrorCode::kSourceError, fmt::format("database {}: the connection was lost twice", settings_.name)));
    }
  }
  if (!AnyReady()) {
    reachable_ = false;
    // What waited for room waits for a connection from now on; each failed try after this one changes nothing.
    if (was_ready_) std::ranges::for_each(queue_, [this](const PgFillPtr& fill) { AwaitConnection(*fill); });
    if (was_ready_) std::ranges::for_each(queue_, [this](const PgFillPtr& fill) { ArmTimer(fill); });
    was_ready_ = false;
  }
  Pump();
}

Result<Description> PgSource::Describe(const SqlStatement& statement) {
  const Result<PgConnected> connected = ConnectPg(settings_, PgAccess::kRead);
  reachable_ = connected.has_value();
  if (!connected) return Failure(connected.error());
  return DescribePg(connected->connection.get(), statement);
}

std::shared_ptr<Source> OpenPgSource(const DatabaseSettings& settings) { return std::make_shared<PgSource>(settings); }

}  // namespace kck
