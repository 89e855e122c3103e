// The commands that talk to a running server.
#include <fmt/format.h>
#include <simdjson.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <iterator>
#include <map>

#include "apps/client_call.h"
#include "apps/commands.h"
#include "apps/print.h"
#include "base/json.h"
#include "model/loader.h"

namespace kck {
namespace {

struct Server {
  ServerAddress address;
  std::string named_by;  // where the address comes from, for messages
};

// An address to listen on may mean "everywhere"; a client needs one to go to.
std::string Reachable(const std::string& listen_address) {
  if (listen_address == "0.0.0.0") return "127.0.0.1";
  if (listen_address == "::") return "::1";
  return listen_address;
}

// Faults of the folder do not matter here: the server is running, and only its address is looked up.
tl::expected<Server, std::string> FindServer(const ClientOptions& options) {
  if (options.server) return Server{*options.server, "--url"};
  const auto file = std::filesystem::path(options.folder) / "kck.yml";
  if (!std::filesystem::exists(file)) {
    return tl::unexpected(
        fmt::format("there is no {} to find the server by: name its folder with --folder, or the server with --url",
                    file.string()));
  }
  const HttpSettings http = LoadFolder(options.folder).settings.http;
  return Server{{Reachable(http.address), http.port}, "http.listen of " + file.string()};
}

// What to try after an error of that name.
std::string_view NextStep(std::string_view error_name, std::string_view target) {
  if (error_name == "KCKUnknownKey" && target.starts_with("/processes/")) {
    return "'kck process list' names those that there are";
  }
  static const std::map<std::string_view, std::string_view> kSteps = {
      {"KCKUnknownKey", "'kck check' lists what is wrong in the folder; 'kck set' makes a key without a product"},
      {"KCKBadKey", "a key is NAME/PARAMETER/…, each part percent-encoded"},
      {"VersionMismatch", "fetch the key with --json for its present version"},
      {"KCKSourceError", "'kck check' tries the product's SQL; the server's log says what the database said"},
      {"KCKSourceTimeout", "the server's log says which product; 'kck check' tries the database"},
      {"KCKTokenLost", "look whether the write is there: fetch without --after"},
      {"KCKOverloaded", "try again in a second"},
  };
  const auto found = kSteps.find(error_name);
  return found == kSteps.end() ? "" : found->second;
}

// The parts of an answer's body that the commands look at.
struct Body {
  bool success = false;
  std::string value;  // JSON text
  std::string version;
  std::string error_name;
  std::string error_message;
};

Body ReadBody(const std::string& text) {
  Body body;
  simdjson::padded_string padded(text);
  simdjson::ondemand::parser parser;
  auto document = parser.iterate(padded);
  std::string_view part;
  bool success = false;
  if (document["success"].get_bool().get(success) == simdjson::SUCCESS) body.success = success;
  if (simdjson::to_json_string(document["version"]).get(part) == simdjson::SUCCESS) body.version = part;
  if (simdjson::to_json_string(document["value"]).get(part) == simdjson::SUCCESS) body.value = part;
  if (document["error"]["name"].get_string().get(part) == simdjson::SUCCESS) body.error_name = part;
  if (document["error"]["message"].get_string().get(part) == simdjson::SUCCESS) body.error_message = part;
  std::erase(body.version, '"');
  return body;
}

int PrintRefusal(const HttpCall& call, const HttpAnswer& answer, const Body& body) {
  if (body.error_name.empty()) {
    return Failed(fmt::format("the server answered {} and nothing that KCK says: is --url right?", answer.status));
  }
  const std::string_view next = NextStep(body.error_name, call.target);
  return Failed(fmt::format("{}: {}{}{}", body.error_name, body.error_message, next.empty() ? "" : "\n     ", next));
}

// Makes the call and prints what went wrong, or hands a success to `print`.
template <typename Print>
int Call(const ClientOptions& options, const HttpCall& call, const Print& print) {
  const auto server = FindServer(options);
  if (!server) return Failed(server.error());
  const auto answer = CallServer(server->address, call, std::chrono::seconds(options.timeout_seconds));
  if (!answer) {
    return Failed(fmt::format("no answer from {} (from {}): {}. Is it running? 'kck serve' starts it",
                              server->address.Url(), server->named_by, answer.error()));
  }
  const Body body = ReadBody(answer->body);
  if (options.json) PrintLine(answer->body);
  if (!body.success) return PrintRefusal(call, *answer, body);
  if (!options.json) print(*answer, body);
  return kExitOk;
}

void PrintValue(const HttpAnswer& answer, const Body& body) {
  PrintLine(isatty(STDOUT_FILENO) != 0 ? OneItemALine(body.value) : body.value);
  if (answer.state != "fresh" && !answer.state.empty()) {
    fmt::print(stderr, "kck: this value is {}, {} s old\n", answer.state, answer.age_seconds);
  }
}

}  // namespace

std::string EncodeKey(std::string_view key) {
  constexpr std::string_view kKept = "%/-._~!$'()*+,;=:@&";
  std::string encoded;
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x80 && std::isalnum(byte) != 0) || kKept.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", byte);
    }
  }
  return encoded;
}

int CallAndPrint(const ClientOptions& options, const HttpCall& call,
                 const std::function<void(const HttpAnswer&)>& print) {
  return Call(options, call, [&print](const HttpAnswer& answer, const Body&) { print(answer); });
}

int FetchKey(const ClientOptions& options, const std::string& after) {
  const HttpCall call{"GET", "/fetch/" + EncodeKey(options.key), "", "", after};
  return Call(options, call, PrintValue);
}

int SetKey(const ClientOptions& options, const std::string& value, const std::optional<std::string>& if_match) {
  std::string text = value;
  if (value == "-") text.assign(std::istreambuf_iterator<char>(std::cin), {});
  if (!IsJson(text)) {
    Failed("the value is not JSON: a text needs its quotes, as '\"text\"'");
    return kExitUsage;
  }
  const HttpCall call{"PUT", "/set/" + EncodeKey(options.key), text, if_match.value_or(""), ""};
  return Call(options, call, [&](const HttpAnswer&, const Body& body) {
    PrintLine(fmt::format("set {}, version {}", options.key, body.version));
  });
}

int PurgeKey(const ClientOptions& options, const std::optional<std::string>& if_match) {
  const HttpCall call{"DELETE", "/fetch/" + EncodeKey(options.key), "", if_match.value_or(""), ""};
  return Call(options, call, [&](const HttpAnswer&, const Body&) { PrintLine(fmt::format("purged {}", options.key)); });
}

int RefreshKey(const ClientOptions& options, bool wait) {
  const HttpCall call{"POST", "/refresh/" + EncodeKey(options.key) + (wait ? "?wait=1" : ""), "", "", ""};
  return Call(options, call, [&](const HttpAnswer&, const Body& body) {
    PrintLine(wait ? fmt::format("refreshed {}, version {}", options.key, body.version)
                   : fmt::format("queued a refresh of {}", options.key));
  });
}

}  // namespace kck
