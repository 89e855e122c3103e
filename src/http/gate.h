// The gate: the one place where calls ask who may make them.
//
// Without `auth` in kck.yml all is open, and so it is for who comes by the administrators' socket. Else a product or
// updater opens to whom its `access` names, and what is no product or has no `access` to administrators alone.
//
// For the connection's thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/exchange.h"
#include "http/router.h"
#include "model/write_request.h"

namespace kck {

// Whether the call may be made at all: those of administrators, by them. Calls that read keys or write through updaters
// are opened by what they name, with the functions below.
Result<void> OpenCall(Exchange& exchange, Call call);

// How long the client has to wait, where it asks for more than http.rate_limit lets it: whom its token names, or else
// its address. Nothing: it goes on. Administrators by their socket, and those who ask whether the server is well,
// always do.
std::optional<Duration> ThrottleOf(Exchange& exchange, Call call);

// The key to read where a request names `raw_key`: that, or, where parameters come from its token, `room` with these
// put in. AuthHeaderNotPresent, AuthTokenInvalid, AuthTokenExpired or KCKForbidden where it is not open.
Result<std::string_view> OpenKey(Exchange& exchange, std::string_view raw_key, std::string& room);

// The parameters of a write through the updater that come from the token.
Result<TokenParams> OpenUpdater(Exchange& exchange, const Updater& updater);

// True for administrators, and where no tokens are asked for.
bool IsAdministrator(Exchange& exchange);

}  // namespace kck
