// Tokens: what a write's answer gives its caller, so that later reads show the write.
//
// A token is opaque to clients and authenticated, so that it can be believed when it comes back. Its key is a record in
// the store: tokens outlive restarts.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/entry.h"
#include "store/store.h"

namespace kck {

// A committed write, as later reads are held against it.
struct WriteToken {
  std::string database;
  std::uint32_t epoch = 0;                   // of the database's history
  std::optional<std::uint64_t> transaction;  // 0: it changed nothing. Nothing: the source has no snapshots
  std::uint64_t sequence = 0;                // of this node, taken once the write was committed

  bool operator==(const WriteToken&) const = default;
};

using WriteTokens = std::vector<WriteToken>;

// True where `entry`, of a product of the token's database, shows the write: its stamp sees the transaction; or, where
// there is no stamp or no transaction, its compute began after the write.
bool Shows(const Entry& entry, const WriteToken& token);

class TokenSeal {
 public:
  explicit TokenSeal(Store& store) : store_(store) {}

  // Reads the key, or makes one. Nothing else before `done`.
  void Start(std::function<void(Result<void>)> done);

  // Any thread, from here on.
  std::string Seal(const WriteToken& token) const;

  // The tokens of a KCK-After header, parted by commas. KCKBadRequest where one is forged, garbled or another server's.
  Result<WriteTokens> Open(std::string_view list) const;

 private:
  std::optional<WriteToken> OpenOne(std::string_view text) const;

  Store& store_;
  std::string key_;
};

}  // namespace kck
