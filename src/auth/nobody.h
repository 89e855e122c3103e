// Hashes of no password: who is unknown is held against one, so that the answer takes as long as for who is known. The
// costs are those of the hashes that users have.
//
// Any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/thread_annotations.h"

namespace kck {

class Nobody {
 public:
  Nobody();

  // Takes the costs of a user's hash for those of all.
  void Learn(std::string_view hash);

  // A hash that no password has, of the costs that were learnt last; before, of those that HashPassword has.
  std::string Hash() const;

 private:
  static constexpr std::size_t kCostsMax = 16;

  mutable Mutex mutex_;
  std::map<std::string, std::string, std::less<>> hashes_ KCK_GUARDED_BY(mutex_);  // by their costs
  std::string costs_ KCK_GUARDED_BY(mutex_);
};

}  // namespace kck
