#include "process/shared_claims.h"

#include <fmt/format.h>

namespace kck {
namespace {

// Longer than any node can be late with a tick.
constexpr int kKeptSeconds = 7 * 86400;

}  // namespace

void SharedClaims::Claim(const std::string& process, std::int64_t tick_unix_ms, Callback done) {
  store_.SwapRegister(fmt::format("tick/{}/{}", process, tick_unix_ms), std::nullopt, node_, kKeptSeconds,
                      [node = node_, done = std::move(done)](Result<std::string> held) {
                        if (!held) return done(Failure(std::move(held.error())));
                        done(*held == node);
                      });
}

}  // namespace kck
