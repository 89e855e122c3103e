#include "model/compression_settings_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace kck {
namespace {

constexpr std::array kMade{ContentCoding::kBrotli, ContentCoding::kZstd, ContentCoding::kGzip};

class CompressionReader {
 public:
  CompressionReader(const YamlFile& file, const YAML::Node& node) : file_(file), fields_(file, node, "compression") {}

  CompressionSettings Read() {
    if (fields_.Has("encodings")) ReadEncodings();
    if (const auto bytes = fields_.TakeBytes("bytes_min")) settings_.bytes_min = *bytes;
    if (const auto bytes = fields_.TakeBytes("memory")) settings_.memory_bytes = *bytes;
    fields_.Finish();
    return std::move(settings_);
  }

 private:
  void ReadEncodings() {
    constexpr const char* kCure = "of br, zstd and gzip, each once; compression: off turns it off";
    settings_.codings.clear();
    const YAML::Node node = fields_.Take("encodings");
    const std::vector<std::string> names = fields_.TakeTexts("encodings");
    for (const std::string& name : names) {
      const auto coding = std::ranges::find(kMade, name, CodingName);
      if (coding == kMade.end()) {
        file_.Report(node, fmt::format("\"{}\" is no encoding that KCK makes", name), kCure);
      } else if (std::ranges::find(settings_.codings, *coding) != settings_.codings.end()) {
        file_.Report(node, fmt::format("encodings has {} twice", name), kCure);
      } else {
        settings_.codings.push_back(*coding);
      }
    }
    if (names.empty()) file_.Report(node, "encodings names none", kCure);
  }

  YamlFile file_;
  YamlMap fields_;
  CompressionSettings settings_;
};

}  // namespace

std::shared_ptr<const CompressionSettings> ReadCompressionSettings(const YamlFile& file, const YAML::Node& node) {
  if (!node.IsDefined()) return std::make_shared<CompressionSettings>();
  if (!node.IsScalar()) return std::make_shared<CompressionSettings>(CompressionReader(file, node).Read());
  if (const auto text = file.TextOf(node, "compression"); text && *text != "off") {
    file.Report(node, "\"compression\" has to be a mapping, or off",
                "as compression: {encodings: [br, zstd, gzip], bytes_min: 1KiB, memory: 64MiB}");
  }
  return nullptr;
}

}  // namespace kck
