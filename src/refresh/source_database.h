// A database's source as the refresh worker knows it.
#pragma once

#include "model/settings.h"
#include "refresh/refresh_worker.h"
#include "source/source.h"

namespace kck {

// Holds the source. Its latency is that of `select 1`, a fill like any other.
RefreshDatabase RefreshDatabaseOf(const DatabaseSettings& settings, std::shared_ptr<Source> source);

}  // namespace kck
