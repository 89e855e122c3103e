// The closed list of errors that KCK can answer with.
//
// Everything below http/ speaks ErrorCode; http/ alone turns a code into a status, and the names here are the
// names that clients see (docs/reference/errors.md).
#pragma once

#include <string>
#include <string_view>

namespace kck {

enum class ErrorCode {
  kUnknownKey,       // no product of that name, and nothing was set under it
  kKeyNotSet,        // the product exists and has no value: the source has no rows, or on_miss is error
  kBadKey,           // the key does not fit the product's parameters
  kBadRequest,       // a body, header or parameter does not parse, or the call is not allowed for this product
  kVersionMismatch,  // compare-and-set lost
  kTokenLost,        // a token of a write to a database whose history is another one now
  kSourceError,      // the database refused, failed or could not be reached
  kSourceTimeout,    // the database, or the wait for it, took longer than allowed
  kPrimerFailed,     // the rows came, and could not be made into the value (process_result)
  kOverloaded,       // a bounded queue is full; the caller may try again shortly
  kTokenMissing,     // the call needs a token, and none came with it
  kTokenInvalid,     // the token does not hold: its form, signature, issuer, audience or begin; or it was revoked
  kTokenExpired,     // the token is past its life
  kLoginRefused,     // no such user, or not this password: which of them is not told
  kForbidden,        // the token does not open this
  kTooMany,          // more tries or requests than this client may send; it may try again later
  kStoreError,       // the shared store failed; a cache read never answers with it, a write may
};

struct Error {
  ErrorCode code;
  std::string message;      // for a person; holds no SQL text, parameter value of another user, or secret
  std::string detail = {};  // for the log, and for administrators: a traceback; empty: there is no more to say
};

// The name that a client sees, as "KCKUnknownKey".
std::string_view ErrorName(ErrorCode code);

}  // namespace kck
