// Named places where a test may hold a thread, so that a race happens on purpose instead of by luck.
//
// A program says KCK_PAUSE_POINT("engine.before_publish"). Unless KCK_TEST_HOOKS is defined (presets dev, asan, tsan)
// that is nothing at all. A test arms a point, waits until a thread stands on it, does the other half of the race, and
// lets it go.
#pragma once

#include <string_view>

namespace kck {

// Holds the calling thread while a test has armed `name`.
void ReachPausePoint(std::string_view name);

// Makes the next thread that reaches `name` wait there.
void ArmPausePoint(std::string_view name);

// Returns once a thread waits at `name`.
void AwaitPausePoint(std::string_view name);

// Lets the waiting thread go on, and disarms `name`.
void ReleasePausePoint(std::string_view name);

}  // namespace kck

#ifdef KCK_TEST_HOOKS
#define KCK_PAUSE_POINT(name) ::kck::ReachPausePoint(name)
#else
#define KCK_PAUSE_POINT(name) static_cast<void>(0)
#endif
