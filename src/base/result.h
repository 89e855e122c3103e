// Result<T>: a value, or the Error that says why there is none.
//
// A miss, an empty answer and a stale entry are not errors: they are std::optional or a field of the value.
// Exceptions are used only while a process starts; no function that serves a request throws.
#pragma once

#include <tl/expected.hpp>

#include "base/error.h"

namespace kck {

template <typename T>
using Result = tl::expected<T, Error>;

using Failure = tl::unexpected<Error>;

inline Failure Fail(ErrorCode code, std::string message) { return Failure(Error{code, std::move(message)}); }

}  // namespace kck
