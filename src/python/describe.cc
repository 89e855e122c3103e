// Asking a worker of its own what Python files define.
#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>

#include "python/worker_link.h"
#include "python/worker_pool.h"

namespace kck {
namespace {

constexpr auto kDescribeTimeout = std::chrono::seconds(60);

PythonDefinitions Faulty(const Settings& settings, std::string message, std::string cure) {
  PythonDefinitions described;
  Location at = settings.python.location;
  if (at.file.empty()) at.file = "kck.yml";
  at.file = settings.folder + "/" + at.file;
  described.faults.push_back({at, std::move(message), std::move(cure), false});
  return described;
}

}  // namespace

PythonDefinitions DescribeFiles(const Settings& settings, const PythonFiles& files) {
  Result<WorkerProcess> process = StartWorker(settings.python, settings.folder);
  if (!process) return Faulty(settings, process.error().message, "");
  boost::asio::io_context context(1);
  std::optional<PythonDefinitions> described;
  std::string printed;
  std::string how;
  WorkerLink::Events events;
  events.message = [&](WorkerMessage message) {
    if (auto* hello = std::get_if<WorkerHello>(&message)) described = std::move(hello->described);
    context.stop();
  };
  events.printed = [&](std::string_view line) { printed = line; };
  events.ended = [&](std::string ended) {
    how = std::move(ended);
    context.stop();
  };
  const auto link =
      std::make_shared<WorkerLink>(context, *process, settings.python.message_bytes_max, std::move(events));
  boost::asio::steady_timer timer(context, kDescribeTimeout);
  timer.async_wait([&](boost::system::error_code error) {
    if (!error) context.stop();
  });
  WorkerStart start = StartOf(settings, files);
  start.describe = true;
  link->Begin();
  link->Send(StartFrame(start));
  context.run();
  link->Kill();
  if (described) return *std::move(described);
  if (how.empty()) {
    return Faulty(settings, "the Python files were not imported within a minute",
                  "a file that is imported defines functions, and does its work when one is called");
  }
  return Faulty(settings,
                fmt::format("the Python files could not be imported by the interpreter: {}{}{}", how,
                            printed.empty() ? "" : ": ", printed),
                "");
}

}  // namespace kck
