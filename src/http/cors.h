// What pages of other origins may do: cross-origin resource sharing, as the Fetch standard has it (3.2), and no writes
// by pages that kck.yml does not name.
//
// Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "http/request.h"
#include "model/settings.h"

namespace kck {

// True where `http.cors` lets pages of that origin read answers.
bool AllowsOrigin(const CorsSettings& cors, std::string_view origin);

// The headers of every answer to a request of an allowed origin, whether it is a page's or not.
void AppendCorsHeaders(std::string& out, const CorsSettings& cors, std::string_view origin);

// A browser that asks, before a request, whether a page may make it.
bool IsPreflight(const Request& request);

// What answers it, beside the headers above. `methods` are those of the path.
void AppendPreflightHeaders(std::string& out, const CorsSettings& cors, std::string_view methods);

// True for a request that a browser makes for a page of another site, and that may change something: a page must not
// write with what its visitor may do, only because a form needs no leave. Browsers say so by Sec-Fetch-Site; what is no
// browser does not send it.
bool IsForgery(const CorsSettings& cors, const Request& request);

}  // namespace kck
