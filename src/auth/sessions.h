// What the server knows of sessions and tokens beyond what they say themselves: which were ended before their time, and
// which refresh token of a session was used last. Kept as records of the store, in memory whole.
//
// A refresh token is good for one use. One that comes a second time was copied: the session ends (RFC 9700, 4.14.2).
//
// Any thread, once started. The store outlives this, and so does this the callbacks.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "auth/identity.h"
#include "base/text_map.h"
#include "base/thread_annotations.h"
#include "store/store.h"

namespace kck {

class Sessions {
 public:
  using DoneCallback = std::function<void(Result<void>)>;

  // A client that lost the answer asks again with the same token; so long that is no theft.
  static constexpr std::int64_t kReuseSeconds = 30;

  explicit Sessions(Store& store) : store_(store) {}

  // Reads the records. Nothing else before `done`.
  void Start(std::int64_t now_unix_s, DoneCallback done);

  // Ends the identity's session, or, where it has none, its token, which would end by itself at `until_unix_s`. It
  // counts at once; `done` when it is durable.
  void End(const Identity& identity, std::int64_t until_unix_s, std::int64_t now_unix_s, DoneCallback done);

  bool IsEnded(const Identity& identity) const;

  // Uses the refresh token that is number `turn` of its session, from 1; the one that follows lives until
  // `until_unix_s`. `done`, when that is durable, has AuthTokenInvalid where the session is ended, or by this: the
  // token was used before.
  void TakeTurn(const Identity& identity, std::uint64_t turn, std::int64_t until_unix_s, std::int64_t now_unix_s,
                DoneCallback done);

  // Rises with each end: what was found not to be ended at this number is not until it rises.
  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  // Of which something is known.
  std::size_t size() const;

 private:
  struct State {
    bool ended = false;
    std::uint64_t turn = 0;  // the last one used
    std::int64_t turned_unix_s = 0;
    std::int64_t until_unix_s = 0;  // when nothing of it would be good any more

    std::string Text() const;
    static std::optional<State> Parse(std::string_view text);
  };

  State StateOf(const std::string& name) const KCK_REQUIRES(mutex_);
  void Keep(const std::string& name, const State& state) KCK_REQUIRES(mutex_);
  void ForgetOld(std::int64_t now_unix_s) KCK_REQUIRES(mutex_);
  // In the order of the calls: the latest record is the one that counts.
  void Write(const std::string& name, const State& state, DoneCallback done) KCK_REQUIRES(mutex_);

  Store& store_;
  mutable Mutex mutex_;
  TextMap<State> states_ KCK_GUARDED_BY(mutex_);                            // by the record's name
  std::multimap<std::int64_t, std::string> by_end_ KCK_GUARDED_BY(mutex_);  // may name states that live longer by now
  std::atomic<std::uint64_t> generation_{1};
};

}  // namespace kck
