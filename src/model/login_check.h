// Holding auth_user against the products.
#pragma once

#include "model/loader.h"

namespace kck {

// Reports an auth_user whose product is not there, does not fit, or lets users read the hashes.
void CheckLogin(const Folder& folder, Faults& faults);

}  // namespace kck
