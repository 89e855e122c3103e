// One body in one content coding, by the libraries that made them. The only file that sees those libraries.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "model/compression_settings.h"

namespace kck {

// Appends `body` in `coding`, which is not identity, to `out`, in at most `bytes_max` bytes. False, with `out` as it
// was, where that is not enough. Equal bodies give equal bytes. Any thread; takes its time.
bool AppendCompressed(std::string& out, ContentCoding coding, std::string_view body, std::size_t bytes_max);

}  // namespace kck
