// Reading the text forms of PostgreSQL's arrays and composites ("Array Input and Output Syntax", "Composite Type Input
// and Output Syntax" in its manual), as array_out and record_out write them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kck {

// What an array's text is made of, in order. An element of nullopt is NULL. A false stops the visit.
struct PgArrayVisitor {
  std::function<void()> open;   // a dimension begins
  std::function<void()> next;   // another item of it follows
  std::function<void()> close;  // and it ends
  std::function<bool(std::optional<std::string_view>)> element;
};

// False where `text` is no array, or the visitor stopped. Bounds ("[0:2]={…}") are passed over.
bool VisitPgArray(std::string_view text, char delimiter, const PgArrayVisitor& visitor);

// The fields of a composite, nullopt for NULL; or nothing where `text` is no composite of `field_count` fields.
std::optional<std::vector<std::optional<std::string>>> SplitPgComposite(std::string_view text, std::size_t field_count);

}  // namespace kck
