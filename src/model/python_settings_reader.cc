#include "model/python_settings_reader.h"

#include <filesystem>

namespace kck {
namespace {

std::string Join(const std::string& folder, const std::string& path) {
  return (std::filesystem::path(folder) / path).lexically_normal().string();
}

// A virtual environment is its interpreter.
void ReadInterpreter(const YamlFile& file, YamlMap& fields, const std::string& folder, PythonSettings& python) {
  const auto interpreter = fields.TakeText("interpreter");
  const auto environment = fields.TakeText("virtualenv");
  if (interpreter && environment) {
    file.Report(fields.Take("virtualenv"), "python has both interpreter and virtualenv",
                "keep one: a virtual environment has an interpreter of its own");
  }
  if (environment) python.interpreter = Join(folder, *environment + "/bin/python");
  if (!interpreter) return;
  python.interpreter = interpreter->find('/') == std::string::npos ? *interpreter : Join(folder, *interpreter);
}

void ReadRefresh(const YamlFile& file, const YAML::Node& node, PythonSettings& python) {
  YamlMap fields(file, node, "refresh");
  if (const auto share = fields.TakeNumber("share", 0.01, 1)) python.refresh_share = *share;
  if (const auto most = fields.TakeInt("connections", 1, 64)) python.refresh_connections = static_cast<int>(*most);
  fields.Finish();
}

}  // namespace

PythonSettings ReadPythonSettings(const YamlFile& file, const YAML::Node& node, const std::string& folder) {
  PythonSettings python;
  python.path = {folder};
  if (!node.IsDefined()) return python;
  python.location = file.At(node);
  YamlMap fields(file, node, "python");
  ReadInterpreter(file, fields, folder, python);
  if (fields.Has("path")) {
    python.path.clear();
    for (const std::string& path : fields.TakeTexts("path")) python.path.push_back(Join(folder, path));
  }
  if (const auto workers = fields.TakeInt("workers", 1, 64)) python.workers = static_cast<int>(*workers);
  if (const auto most = fields.TakeInt("concurrency", 1, 10000)) python.concurrency = static_cast<int>(*most);
  if (const auto timeout = fields.TakeSpan("timeout")) python.timeout = *timeout;
  if (const auto memory = fields.TakeBytes("memory")) python.memory_bytes = *memory;
  if (const auto most = fields.TakeInt("calls_max", 1, 1000000000)) python.calls_max = static_cast<std::size_t>(*most);
  if (const auto most = fields.TakeBytes("message_bytes_max")) python.message_bytes_max = *most;
  ReadRefresh(file, fields.Take("refresh"), python);
  fields.Finish();
  constexpr std::size_t kMemoryMin = std::size_t{64} << 20U;
  if (python.memory_bytes < kMemoryMin) {
    file.Report(fields.Take("memory"), "an interpreter does not start in so little memory", "64MiB at least");
  }
  return python;
}

}  // namespace kck
