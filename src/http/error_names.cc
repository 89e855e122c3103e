#include "http/error_names.h"

#include <array>

#include "base/error.h"
#include "http/response.h"

namespace kck {
namespace {

constexpr std::array kErrorCodes{ErrorCode::kUnknownKey,   ErrorCode::kKeyNotSet,       ErrorCode::kBadKey,
                                 ErrorCode::kBadRequest,   ErrorCode::kVersionMismatch, ErrorCode::kTokenLost,
                                 ErrorCode::kSourceError,  ErrorCode::kSourceTimeout,   ErrorCode::kPrimerFailed,
                                 ErrorCode::kOverloaded,   ErrorCode::kTokenMissing,    ErrorCode::kTokenInvalid,
                                 ErrorCode::kTokenExpired, ErrorCode::kLoginRefused,    ErrorCode::kForbidden,
                                 ErrorCode::kTooMany,      ErrorCode::kStoreError};
// The last of the list: whoever adds an error finds out here.
static_assert(kErrorCodes.size() == static_cast<std::size_t>(ErrorCode::kStoreError) + 1);

}  // namespace

std::set<std::string_view> ErrorNames() {
  std::set<std::string_view> names;
  for (const ErrorCode code : kErrorCodes) names.insert(ErrorName(code));
  return names;
}

std::set<std::string_view> ErrorNames(int status) {
  std::set<std::string_view> names;
  for (const ErrorCode code : kErrorCodes) {
    if (StatusOf(code) == status) names.insert(ErrorName(code));
  }
  // What the server says of bytes that are no request.
  if (names.empty()) names.insert(ErrorName(ErrorCode::kBadRequest));
  return names;
}

}  // namespace kck
