#include "apps/client_call.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <filesystem>
#include <map>

#include "apps/print.h"
#include "model/loader.h"

namespace kck {
namespace {

struct Server {
  ServerAddress address;
  Trust trust;
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
  if (options.server) return Server{*options.server, {options.ca_file, true}, "--url"};
  const auto file = std::filesystem::path(options.folder) / "kck.yml";
  if (!std::filesystem::exists(file)) {
    return tl::unexpected(
        fmt::format("there is no {} to find the server by: name its folder with --folder, or the server with --url",
                    file.string()));
  }
  const HttpSettings http = LoadFolder(options.folder).settings.http;
  if (!http.admin_socket.empty() && std::filesystem::exists(http.admin_socket)) {
    return Server{{"", 0, false, http.admin_socket}, {}, "http.admin of " + file.string()};
  }
  // The folder's own certificate is the server's, and needs no authority.
  const Trust trust = http.tls && options.ca_file.empty() ? Trust{http.tls->cert, false} : Trust{options.ca_file, true};
  return Server{{Reachable(http.address), http.port, http.tls.has_value()}, trust, "http.listen of " + file.string()};
}

// By the administrators' socket no token is needed.
HttpCall WithToken(HttpCall call, const ServerAddress& server) {
  const char* token = std::getenv("KCK_TOKEN");
  if (token != nullptr && server.socket.empty()) call.token = token;
  return call;
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
      {"AuthHeaderNotPresent", "KCK_TOKEN=… gives a token; who runs the server needs none, by its socket (http.admin)"},
      {"AuthTokenInvalid", "'kck token inspect' says what is wrong with it"},
      {"AuthTokenExpired", "'kck token new' makes another one"},
      {"KCKForbidden", "'kck token inspect' shows the token's roles and claims"},
  };
  const auto found = kSteps.find(error_name);
  return found == kSteps.end() ? "" : found->second;
}

AnswerBody ReadBody(const std::string& text) {
  AnswerBody body;
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

int PrintRefusal(const HttpCall& call, const HttpAnswer& answer, const AnswerBody& body) {
  if (body.error_name.empty()) {
    return Failed(fmt::format("the server answered {} and nothing that KCK says: is --url right?", answer.status));
  }
  const std::string_view next = NextStep(body.error_name, call.target);
  return Failed(fmt::format("{}: {}{}{}", body.error_name, body.error_message, next.empty() ? "" : "\n     ", next));
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

int RunClientCall(const ClientOptions& options, const HttpCall& call, const PrintAnswer& print) {
  const auto server = FindServer(options);
  if (!server) return Failed(server.error());
  const auto answer = CallServer(server->address, server->trust, WithToken(call, server->address),
                                 std::chrono::seconds(options.timeout_seconds));
  if (!answer) {
    return Failed(fmt::format("no answer from {} (from {}): {}. Is it running? 'kck serve' starts it",
                              server->address.Url(), server->named_by, answer.error()));
  }
  const AnswerBody body = ReadBody(answer->body);
  if (options.json) PrintLine(answer->body);
  if (!body.success) return PrintRefusal(call, *answer, body);
  if (!options.json) print(*answer, body);
  return kExitOk;
}

}  // namespace kck
