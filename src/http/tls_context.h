// A certificate, its key and how TLS is spoken with them: what the connections of one time share.
//
// The choices are Mozilla's "intermediate" ones: TLS 1.2 and 1.3, forward secrecy and authenticated encryption alone,
// the client's order of ciphers, no compression, no renegotiation. Sessions are resumed by tickets, which cost the
// server no memory; the keys of the tickets belong to the context and go with it.
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <tl/expected.hpp>

#include "model/fault.h"
#include "model/settings.h"

namespace kck {

// Does not change; any thread.
struct TlsContext {
  std::shared_ptr<SSL_CTX> context;
  std::int64_t valid_from = 0;   // in seconds since 1970
  std::int64_t valid_until = 0;  // likewise; a day that the library cannot count is as far off as can be said
};

// Reads both files. The fault names the place in kck.yml, and what to do. The certificate's time is not looked at.
tl::expected<TlsContext, Fault> LoadTlsContext(const TlsSettings& settings);

// What clients will refuse in the certificate at `now`, in seconds since 1970: it has expired, or is not valid yet.
Faults TimeFaults(const TlsContext& context, const TlsSettings& settings, std::int64_t now);

// All that is wrong with the files now. Nothing where HTTP is served plainly.
Faults CheckTls(const HttpSettings& settings);

}  // namespace kck
