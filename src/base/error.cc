#include "base/error.h"

namespace kck {

std::string_view ErrorName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnknownKey:
      return "KCKUnknownKey";
    case ErrorCode::kKeyNotSet:
      return "KCKKeyNotSetException";
    case ErrorCode::kBadKey:
      return "KCKBadKey";
    case ErrorCode::kBadRequest:
      return "KCKBadRequest";
    case ErrorCode::kVersionMismatch:
      return "VersionMismatch";
    case ErrorCode::kTokenLost:
      return "KCKTokenLost";
    case ErrorCode::kSourceError:
      return "KCKSourceError";
    case ErrorCode::kSourceTimeout:
      return "KCKSourceTimeout";
    case ErrorCode::kPrimerFailed:
      return "KCKPrimerFailed";
    case ErrorCode::kOverloaded:
      return "KCKOverloaded";
    case ErrorCode::kTokenMissing:
      return "AuthHeaderNotPresent";
    case ErrorCode::kTokenInvalid:
      return "AuthTokenInvalid";
    case ErrorCode::kTokenExpired:
      return "AuthTokenExpired";
    case ErrorCode::kLoginRefused:
      return "AuthLoginUnknownUser";
    case ErrorCode::kForbidden:
      return "KCKForbidden";
    case ErrorCode::kTooMany:
      return "KCKOverloaded";
    case ErrorCode::kStoreError:
      return "KCKStoreError";
  }
  return "KCKPrimerFailed";
}

}  // namespace kck
