// Which call a request line asks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/request.h"

namespace kck {

enum class Call : std::uint8_t {
  kFetch,
  kMget,
  kSet,
  kPurge,
  kRefresh,
  kHolder,
  kLease,
  kGiveUp,
  kCreate,
  kUpdate,
  kDelete,
  kLogin,
  kToken,
  kLogout,
  kExplain,
  kQueue,
  kRetry,
  kProcesses,
  kRunProcess,
  kHealth,
  kReady,
  kMetrics,
  kOpenApi,
  kIndex,
  kNone
};
inline constexpr std::size_t kCalls = 25;

std::string_view CallName(Call call);  // "fetch", for labels

// Parts of the request's target, which has to outlive it.
struct Route {
  Call call = Call::kNone;
  std::string_view key;    // of the calls that have one, as sent; of writes, the updater and what follows it
  std::string_view query;  // after the question mark
  std::string_view allow;  // kNone: the methods that the path takes; empty where there is no such path
};

Route FindRoute(Method method, std::string_view target);

}  // namespace kck
