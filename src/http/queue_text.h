// What is due, and what came of it, as JSON (docs/reference/http.md).
#pragma once

#include <string>

#include "http/time_text.h"
#include "refresh/refresh_report.h"

namespace kck {

// An object: state, place, reasons, demand, …
void AppendDue(std::string& out, const DueReport& due);

// The members of GET /queue, braces included.
void AppendQueue(std::string& out, const RefreshReport& report);

// An object: what is due of one key, when its schedule makes it due, and its last refreshes.
void AppendKeyRefresh(std::string& out, const KeyRefreshReport& report, TimeText& times);

}  // namespace kck
