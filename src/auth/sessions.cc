#include "auth/sessions.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <array>
#include <charconv>

#include "base/base64.h"

namespace kck {
namespace {

constexpr std::string_view kPrefix = "session/";

// Names that issuers choose can be anything, and of any length.
std::string RecordName(const Identity& identity) {
  const bool session = !identity.session.empty();
  const std::string text =
      fmt::format("{} {}", session ? "sid" : "jti", session ? identity.session : identity.token_id);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
  const std::string_view bytes(reinterpret_cast<const char*>(hash.data()), hash.size());
  return fmt::format("{}{}", kPrefix, Base64Url(bytes));
}

Error Ended() { return {ErrorCode::kTokenInvalid, "this session has ended: log in again"}; }

}  // namespace

std::string Sessions::State::Text() const {
  return fmt::format("{} {} {} {}", ended ? 1 : 0, turn, turned_unix_s, until_unix_s);
}

std::optional<Sessions::State> Sessions::State::Parse(std::string_view text) {
  std::array<std::int64_t, 4> numbers{};
  const char* at = text.data();
  const char* end = text.data() + text.size();
  for (std::int64_t& number : numbers) {
    const auto [stop, error] = std::from_chars(at, end, number);
    if (error != std::errc{}) return std::nullopt;
    at = stop == end ? end : stop + 1;
  }
  return State{numbers[0] != 0, static_cast<std::uint64_t>(numbers[1]), numbers[2], numbers[3]};
}

void Sessions::Start(std::int64_t now_unix_s, DoneCallback done) {
  store_.GetRecords(std::string(kPrefix), [this, now_unix_s, done = std::move(done)](auto records) {
    if (!records) return done(Failure(std::move(records.error())));
    {
      MutexLock lock(mutex_);
      for (const auto& [name, text] : *records) {
        // One that cannot be read is of another build, or damaged: better a login too many than a token that lives on.
        Keep(name, State::Parse(text).value_or(State{.ended = true, .until_unix_s = INT64_MAX}));
      }
      ForgetOld(now_unix_s);
    }
    done({});
  });
}

Sessions::State Sessions::StateOf(const std::string& name) const {
  const auto found = states_.find(name);
  return found == states_.end() ? State{} : found->second;
}

void Sessions::Keep(const std::string& name, const State& state) {
  states_.insert_or_assign(name, state);
  by_end_.emplace(state.until_unix_s, name);
}

void Sessions::ForgetOld(std::int64_t now_unix_s) {
  while (!by_end_.empty() && by_end_.begin()->first < now_unix_s) {
    const auto oldest = by_end_.begin();
    const auto state = states_.find(oldest->second);
    if (state != states_.end() && state->second.until_unix_s < now_unix_s) {
      states_.erase(state);
      store_.DeleteRecord(oldest->second, [](const Result<void>&) {});  // refused: the next start finds it old again
    }
    by_end_.erase(oldest);
  }
}

void Sessions::Write(const std::string& name, const State& state, DoneCallback done) {
  store_.PutRecord(name, state.Text(), std::move(done));
}

void Sessions::End(const Identity& identity, std::int64_t until_unix_s, std::int64_t now_unix_s, DoneCallback done) {
  const std::string name = RecordName(identity);
  MutexLock lock(mutex_);
  ForgetOld(now_unix_s);
  State state = StateOf(name);
  state.ended = true;
  state.until_unix_s = std::max(state.until_unix_s, until_unix_s);
  Keep(name, state);
  generation_.fetch_add(1, std::memory_order_release);
  Write(name, state, std::move(done));
}

bool Sessions::IsEnded(const Identity& identity) const {
  const std::string name = RecordName(identity);
  MutexLock lock(mutex_);
  const auto found = states_.find(name);
  return found != states_.end() && found->second.ended;
}

void Sessions::TakeTurn(const Identity& identity, std::uint64_t turn, std::int64_t until_unix_s,
                        std::int64_t now_unix_s, DoneCallback done) {
  const std::string name = RecordName(identity);
  MutexLock lock(mutex_);
  ForgetOld(now_unix_s);
  State state = StateOf(name);
  const bool again = turn == state.turn && now_unix_s <= state.turned_unix_s + kReuseSeconds;
  if (turn > state.turn) {
    state.turn = turn;
    state.turned_unix_s = now_unix_s;
  } else if (!again && !state.ended) {
    state.ended = true;
    generation_.fetch_add(1, std::memory_order_release);
  }
  state.until_unix_s = std::max(state.until_unix_s, until_unix_s);
  Keep(name, state);
  Write(name, state, [refused = state.ended, done = std::move(done)](Result<void> written) {
    done(refused ? Result<void>(Failure(Ended())) : std::move(written));
  });
}

std::size_t Sessions::size() const {
  MutexLock lock(mutex_);
  return states_.size();
}

}  // namespace kck
