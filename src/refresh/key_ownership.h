// Which node refreshes a key: each key has one owner, so that it is computed once.
#pragma once

#include <string_view>

namespace kck {

// Any thread.
class KeyOwnership {
 public:
  virtual ~KeyOwnership() = default;
  virtual bool Owns(std::string_view key) const = 0;
};

// A node alone owns all.
class OwnsAllKeys : public KeyOwnership {
 public:
  bool Owns(std::string_view) const override { return true; }
};

}  // namespace kck
