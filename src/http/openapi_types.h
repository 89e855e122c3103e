// JSON Schemas of a parameter's type, as each place of a request spells its values (docs/reference/keys.md and
// updaters.md).
//
// Pure functions; each appends JSON text.
#pragma once

#include <string>

#include "model/param.h"

namespace kck {

// In a path: NULL, where the parameter takes it, is the zero character, which a client encodes as %00.
void AppendPathSchema(std::string& out, const Param& param);

// As a member of a JSON body: numbers also as strings that hold one.
void AppendBodySchema(std::string& out, const Param& param);

// As a field of a form: NULL is a blank, but for strings.
void AppendFormSchema(std::string& out, const Param& param);

// The parameter's example, as a value of its type. It has one.
void AppendParamExample(std::string& out, const Param& param);

}  // namespace kck
