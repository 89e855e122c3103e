// The commands that talk to a running server.
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <iterator>

#include "apps/client_call.h"
#include "apps/commands.h"
#include "apps/print.h"
#include "base/json.h"

namespace kck {
namespace {

void PrintValue(const HttpAnswer& answer, const AnswerBody& body) {
  PrintLine(isatty(STDOUT_FILENO) != 0 ? OneItemALine(body.value) : body.value);
  if (answer.state != "fresh" && !answer.state.empty()) {
    fmt::print(stderr, "kck: this value is {}, {} s old\n", answer.state, answer.age_seconds);
  }
}

}  // namespace

int FetchKey(const ClientOptions& options, const std::string& after) {
  const HttpCall call{"GET", "/fetch/" + EncodeKey(options.key), "", "", after};
  return RunClientCall(options, call, PrintValue);
}

int SetKey(const ClientOptions& options, const std::string& value, const std::optional<std::string>& if_match) {
  std::string text = value;
  if (value == "-") text.assign(std::istreambuf_iterator<char>(std::cin), {});
  if (!IsJson(text)) {
    Failed("the value is not JSON: a text needs its quotes, as '\"text\"'");
    return kExitUsage;
  }
  const HttpCall call{"PUT", "/set/" + EncodeKey(options.key), text, if_match.value_or(""), ""};
  return RunClientCall(options, call, [&](const HttpAnswer&, const AnswerBody& body) {
    PrintLine(fmt::format("set {}, version {}", options.key, body.version));
  });
}

int PurgeKey(const ClientOptions& options, const std::optional<std::string>& if_match) {
  const HttpCall call{"DELETE", "/fetch/" + EncodeKey(options.key), "", if_match.value_or(""), ""};
  return RunClientCall(options, call,
                       [&](const HttpAnswer&, const AnswerBody&) { PrintLine(fmt::format("purged {}", options.key)); });
}

int RefreshKey(const ClientOptions& options, bool wait) {
  const HttpCall call{"POST", "/refresh/" + EncodeKey(options.key) + (wait ? "?wait=1" : ""), "", "", ""};
  return RunClientCall(options, call, [&](const HttpAnswer&, const AnswerBody& body) {
    PrintLine(wait ? fmt::format("refreshed {}, version {}", options.key, body.version)
                   : fmt::format("queued a refresh of {}", options.key));
  });
}

}  // namespace kck
