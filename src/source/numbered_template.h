// An author's template with numbers for its parameters, as a database takes it, and the way back from a place in it.
//
// Pure functions; any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "model/product.h"

namespace kck {

// A place in the author's text; both from 1, the column in characters.
struct TemplatePlace {
  int line = 1;
  int column = 1;
};

// The template with `placeholder` of its parameter, an index among the declared ones, for each place that names one.
std::string TemplateWith(const SqlStatement& statement,
                         const std::function<std::string(std::size_t param)>& placeholder);

// `prefix` and the parameter's number stand for each parameter; one that is named twice keeps one number.
std::string NumberedTemplate(const SqlStatement& statement, std::string_view prefix);

// The author's place that byte `offset` of NumberedTemplate came from. Inside a number, that is the parameter's colon;
// past the end, it is the end.
TemplatePlace PlaceInTemplate(const SqlStatement& statement, std::string_view prefix, std::size_t offset);

// The byte at which character `position` (from 0) of a UTF-8 text begins; its size past the end.
std::size_t ByteOfCharacter(std::string_view text, std::size_t position);

}  // namespace kck
