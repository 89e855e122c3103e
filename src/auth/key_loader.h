// The keys that kck.yml names, read from their files.
#pragma once

#include <vector>

#include "auth/jwt_key.h"
#include "model/auth_settings.h"

namespace kck {

// A key that cannot be read, or is none of its algorithm, is a fault at its place in kck.yml, and left out.
std::vector<JwtKey> LoadKeys(const AuthSettings& settings, Faults& faults);

}  // namespace kck
