// The SQL of a product as it stands in a file, so that a place in the SQL can be told as a line and column of the file.
#pragma once

#include <string>

#include "model/fault.h"
#include "model/yaml_reader.h"

namespace kck {

struct TemplateText {
  std::string text;
  Location start;      // of the text's first byte; its later lines begin at the same column. Line 0: cannot be told
  Location otherwise;  // what to name where the start cannot be told

  // The place of a byte of the text.
  Location At(std::size_t offset) const;
};

// The scalar at `node`. Its start is known where it stands in `file_text` as it reads: plain or quoted on one line
// without escapes, or a `|` block.
TemplateText TemplateOf(const YamlFile& file, const std::string& file_text, const YAML::Node& node);

}  // namespace kck
