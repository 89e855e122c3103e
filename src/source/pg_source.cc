#include "source/pg_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/log.h"
#include "source/pg_describe.h"
#include "source/sources.h"

namespace kck {
namespace {

constexpr std::size_t kReadersMax = 10000;
// A block of memory of some 300 bytes each, until it is filled.
constexpr std::size_t kBehindMax = 50000;
constexpr auto kFirstConnectionWait = std::chrono::seconds(3);
constexpr auto kConnectionWait = std::chrono::milliseconds(250);
constexpr int kConnectionsLostMax = 2;  // by one fill

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
  const Error closed{ErrorCode::kSourceError, fmt::format("database {} is being closed", settings_.name)};
  // No thread is left that could touch these, so each fill is in exactly one of the three.
  for (const PgFillQueue* queue : {&readers_, &behind_}) {
    for (const PgFillPtr& fill : queue->fills()) fill->Finish(Failure(closed));
  }
  for (const auto& connection : connections_) {
    for (const PgFillPtr& fill : connection->TakeUnanswered()) fill->Finish(Failure(closed));
  }
  std::vector<PgFillGroupPtr> incoming;
  {
    MutexLock lock(mutex_);
    incoming.swap(incoming_);
  }
  for (const PgFillGroupPtr& group : incoming) GiveUp(*group, false, closed);
}

void PgSource::Fill(std::shared_ptr<const SqlStatement> statement, std::vector<ParamValue> params, TimePoint deadline,
                    FillCallback done) {
  FillTraced(std::move(statement), {std::move(params), std::move(done), nullptr}, deadline);
}

void PgSource::FillTraced(std::shared_ptr<const SqlStatement> statement, FillRequest fill, TimePoint deadline) {
  Take(std::make_shared<PgFillGroup>(io_.get_executor(), std::move(statement), std::span(&fill, 1), deadline, false,
                                     unfinished_readers_, kReadersMax));
}

void PgSource::FillBehind(std::shared_ptr<const SqlStatement> statement, std::vector<FillRequest> fills,
                          TimePoint deadline) {
  if (fills.empty()) return;
  Take(std::make_shared<PgFillGroup>(io_.get_executor(), std::move(statement), fills, deadline, true,
                                     unfinished_behind_, kBehindMax));
}

void PgSource::Take(PgFillGroupPtr group) {
  bool wake = false;
  {
    MutexLock lock(mutex_);
    wake = incoming_.empty();
    incoming_.push_back(std::move(group));
  }
  if (wake) boost::asio::post(io_, [this] { TakeIncoming(); });
}

void PgSource::TakeIncoming() {
  std::vector<PgFillGroupPtr> taken;
  {
    MutexLock lock(mutex_);
    taken.swap(incoming_);
  }
  for (const PgFillGroupPtr& group : taken) {
    group->batches = batches_.Of(*group->statement);
    AwaitConnection(*group);
    PgFillQueue& queue = QueueOf(*group);
    for (std::size_t i = 0; i < group->fills.size(); ++i) {
      PgFill& fill = group->fills[i];
      if (i < group->accepted) {
        queue.PushBack(PgFillPtr(group, &fill));
      } else {
        fill.Finish(Fail(ErrorCode::kOverloaded, fmt::format("too many fills wait for database {}", settings_.name)));
      }
    }
    if (!group->all_finished()) ArmTimer(group);
  }
  Pump();
}

void PgSource::FillsReturned(std::vector<PgFillPtr> fills) {
  std::reverse(fills.begin(), fills.end());
  for (const PgFillPtr& fill : fills) {
    AwaitConnection(fill->group());
    QueueOf(fill->group()).PushFront(fill);
  }
}

void PgSource::Pump() {
  while (SendFrom(readers_)) continue;
  while (readers_.empty() && SendFrom(behind_)) continue;
}

bool PgSource::SendFrom(PgFillQueue& queue) {
  if (queue.empty()) return false;
  PgConnection* connection = &queue == &behind_ ? BestForBehind() : BestForReader(queue.KeysMax() > 1);
  if (connection == nullptr) return false;
  std::vector<PgFillPtr> fills = queue.TakeTogether();
  Count(fills.size(), &queue == &behind_);
  if (fills.size() == 1) {
    connection->Send(fills.front());
  } else {
    connection->SendBatch(std::move(fills));
  }
  return true;
}

void PgSource::Count(std::size_t keys, bool behind) {
  statements_.fetch_add(1, std::memory_order_relaxed);
  if (behind) behind_statements_.fetch_add(1, std::memory_order_relaxed);
  if (keys == 1) return;
  batch_count_.fetch_add(1, std::memory_order_relaxed);
  batch_keys_.fetch_add(keys, std::memory_order_relaxed);
}

SourceStats PgSource::stats() const {
  SourceStats stats;
  stats.statements = statements_;
  stats.behind_statements = behind_statements_;
  stats.batches = batch_count_;
  stats.batch_keys = batch_keys_;
  stats.filled_singly = batches_.filled_singly();
  return stats;
}

PgConnection* PgSource::BestForReader(bool in_batches) {
  const auto load = [](const PgConnection& c) { return std::pair(c.behind_in_flight(), c.in_flight()); };
  PgConnection* best = nullptr;
  for (const auto& connection : connections_) {
    if (!connection->ready() || !(in_batches ? connection->HasRoomForBatch() : connection->HasRoom())) continue;
    if (best == nullptr || load(*connection) < load(*best)) best = connection.get();
  }
  return best;
}

PgConnection* PgSource::BestForBehind() {
  PgConnection* best = nullptr;
  int under_way = 0;
  for (const auto& connection : connections_) {
    if (!connection->ready()) continue;
    const bool has_one = connection->behind_in_flight() > 0;
    under_way += has_one ? 1 : 0;
    if (has_one || !connection->HasRoom()) continue;
    if (best == nullptr || connection->in_flight() < best->in_flight()) best = connection.get();
  }
  return under_way < std::max(settings_.refresh.connections, 1) ? best : nullptr;
}

bool PgSource::AnyReady() const {
  return std::any_of(connections_.begin(), connections_.end(), [](const auto& c) { return c->ready(); });
}

void PgSource::AwaitConnection(PgFillGroup& group) {
  group.connection_awaited_until = Clock::now() + (tried_ ? Duration(kConnectionWait) : Duration(kFirstConnectionWait));
}

void PgSource::ArmTimer(const PgFillGroupPtr& group) {
  const bool awaits_connection = group->queued > 0 && !AnyReady();
  group->timer.expires_at(awaits_connection ? std::min(group->deadline, group->connection_awaited_until)
                                            : group->deadline);
  group->timer.async_wait([this, group](const boost::system::error_code& cancelled) {
    if (!cancelled) TimerFired(group);
  });
}

void PgSource::TimerFired(const PgFillGroupPtr& group) {
  const TimePoint now = Clock::now();
  if (now >= group->deadline) {
    GiveUp(*group, false,
           {ErrorCode::kSourceTimeout, fmt::format("database {} did not answer in the time allowed", settings_.name)});
  } else if (group->queued > 0 && !AnyReady() && now >= group->connection_awaited_until) {
    GiveUp(*group, true, UnreachableError(settings_.name, ""));
  }
  if (!group->all_finished()) ArmTimer(group);
}

void PgSource::GiveUp(PgFillGroup& group, bool queued_only, const Error& why) {
  for (PgFill& fill : group.fills) {
    if (queued_only && !fill.queued) continue;
    QueueOf(group).Remove(fill);
    fill.Finish(Failure(why));
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
  std::vector<PgFillPtr> again;
  for (PgFillPtr& fill : unanswered) {
    if (++fill->connections_lost < kConnectionsLostMax) {
      again.push_back(std::move(fill));
    } else {
      fill->Finish(
          Fail(ErrorCode::kSourceError, fmt::format("database {}: the connection was lost twice", settings_.name)));
    }
  }
  FillsReturned(std::move(again));
  if (!AnyReady()) {
    reachable_ = false;
    // What waited for room waits for a connection from now on; each failed try after this one changes nothing.
    if (was_ready_) {
      AwaitConnections(readers_);
      AwaitConnections(behind_);
    }
    was_ready_ = false;
  }
  Pump();
}

void PgSource::AwaitConnections(const PgFillQueue& queue) {
  const PgFillGroup* last = nullptr;
  for (const PgFillPtr& fill : queue.fills()) {
    if (std::exchange(last, &fill->group()) == &fill->group()) continue;
    AwaitConnection(fill->group());
    ArmTimer(PgFillGroupPtr(fill, &fill->group()));
  }
}

Result<Description> PgSource::Describe(const SqlStatement& statement) {
  const Result<PgConnected> connected = ConnectPg(settings_, PgAccess::kRead);
  reachable_ = connected.has_value();
  if (!connected) return Failure(connected.error());
  return DescribePg(connected->connection.get(), statement);
}

std::shared_ptr<Source> OpenPgSource(const DatabaseSettings& settings) { return std::make_shared<PgSource>(settings); }

}  // namespace kck
