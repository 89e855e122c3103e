// Tokens: what a write's answer gives its caller, so that later reads show the write.
//
// A token is opaque to clients and authenticated, so that it can be believed when it comes back. Its key is a record in
// the store: tokens outlive restarts. Where processes share the store, the key is a register there, so that each opens
// the tokens of all; one that does not reach the store seals with a key of its own until it does.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/thread_annotations.h"
#include "model/entry.h"
#include "store/store.h"

namespace kck {

// A committed write, as later reads are held against it.
struct WriteToken {
  std::string database;
  std::uint32_t epoch = 0;                   // of the database's history
  std::optional<std::uint64_t> transaction;  // 0: it changed nothing. Nothing: the source has no snapshots
  std::uint64_t sequence = 0;                // of the process that gave it, taken once the write was committed
  bool foreign = false;                      // another process gave it

  bool operator==(const WriteToken&) const = default;
};

using WriteTokens = std::vector<WriteToken>;

// True where `entry`, of a product of the token's database, shows the write: its stamp sees the transaction; or, where
// there is no stamp or no transaction, its compute began after the write.
bool Shows(const Entry& entry, const WriteToken& token);

class TokenSeal {
 public:
  explicit TokenSeal(Store& store);

  // Reads the key, or makes one. Nothing else before `done`. Of a store that processes share, Share reads it.
  void Start(std::function<void(Result<void>)> done);

  // Takes the key that the processes share, once the store is reached. `then` runs in any case, maybe inside the call.
  void Share(std::function<void()> then);

  // Any thread, from here on.
  std::string Seal(const WriteToken& token);

  // The tokens of a KCK-After header, parted by commas. KCKBadRequest where one is forged, garbled or another server's.
  Result<WriteTokens> Open(std::string_view list) const;

 private:
  std::optional<WriteToken> OpenOne(std::string_view text) const;

  Store& store_;
  const std::uint64_t process_;  // whose sequences the tokens hold; 0: the node's, over restarts
  mutable Mutex mutex_;
  std::vector<std::string> keys_ KCK_GUARDED_BY(mutex_);  // the first one seals
  bool shares_key_ KCK_GUARDED_BY(mutex_) = true;         // false: the shared one is not known yet
  bool asking_ KCK_GUARDED_BY(mutex_) = false;
};

}  // namespace kck
