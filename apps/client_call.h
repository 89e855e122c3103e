// A call of a client command: where the server is, and what to say when it is not there, or refuses.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "apps/commands.h"
#include "apps/http_client.h"

namespace kck {

// The parts of an answer's body that the commands look at.
struct AnswerBody {
  bool success = false;
  std::string value;  // JSON text
  std::string version;
  std::string error_name;
  std::string error_message;
};

// Percent-encodes what may not stand in a path, and keeps what the key's author has encoded.
std::string EncodeKey(std::string_view key);

// Makes the call and prints what went wrong, or hands a success to `print`; with --json, prints the whole answer.
// Returns the exit status.
using PrintAnswer = std::function<void(const HttpAnswer& answer, const AnswerBody& body)>;
int RunClientCall(const ClientOptions& options, const HttpCall& call, const PrintAnswer& print);

}  // namespace kck
