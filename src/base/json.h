// Appending JSON text. KCK stores JSON as bytes that are ready to send, so it writes text and keeps no tree.
#pragma once

#include <string>
#include <string_view>

namespace kck {

// Appends `text` as a JSON string, quotes included. Bytes that are not valid UTF-8 become U+FFFD.
void AppendJsonString(std::string& out, std::string_view text);

// Appends a number as JSON: the shortest text that reads back equal. NaN and infinities, which JSON lacks, become the
// strings "NaN", "Infinity" and "-Infinity".
void AppendJsonDouble(std::string& out, double number);

// True where `text` is one complete JSON value.
bool IsJson(std::string_view text);

}  // namespace kck
