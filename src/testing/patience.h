// Waiting for what other threads or other programs bring about.
#pragma once

#include <chrono>
#include <functional>

namespace kck {

// Longer than anything that goes well takes, on a machine that is busy with other things.
inline constexpr std::chrono::seconds kPatience{120};

// Asks until it is so; false where it does not become so in time.
bool BecomesTrue(const std::function<bool()>& condition);

}  // namespace kck
