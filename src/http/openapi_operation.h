// One operation of the API's description, and the `paths` that many make.
//
// Plain data and pure functions. JSON texts are appended as they are, so whoever gives one gives valid JSON.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kck {

// Whom an operation opens to, where tokens are asked for.
struct ApiAccess {
  enum class Kind { kOpen, kTokenLooked, kToken };  // kTokenLooked: it goes without one as well, and gives more with it
  Kind kind = Kind::kOpen;
  std::vector<std::string> roles;  // one of them is needed; none: any token will do
};

// An answer that is no error: its status, and its name among the responses of `components`.
struct ApiAnswer {
  int status = 200;
  std::string_view response;
};

struct ApiOperation {
  std::string path;
  std::string_view method;  // "get"
  std::string id;           // of one operation alone, and the same after every reload
  std::string_view tag;
  std::string summary;
  std::string description;              // may be empty
  std::vector<std::string> parameters;  // JSON texts
  std::string body;                     // the requestBody, a JSON text; empty: it takes none
  std::vector<ApiAnswer> answers;
  std::vector<int> errors;  // beside those that `access`, and every call, may give
  ApiAccess access;
};

// What holds for all operations.
struct ApiRules {
  bool asks_for_tokens = false;
  bool compat_06 = false;        // errors are answered 200
  bool limits_requests = false;  // of each client
};

// By path; of one path in the order added.
using ApiPaths = std::map<std::string, std::vector<ApiOperation>, std::less<>>;

void AddOperation(ApiPaths& paths, ApiOperation operation);

// The value of `paths`.
void AppendPaths(std::string& out, const ApiPaths& paths, const ApiRules& rules);

// {"$ref":"#/components/<kind>/<name>"}
std::string ComponentRef(std::string_view kind, std::string_view name);

// The name of the response of that status that is an error: "Error404".
std::string ErrorResponseName(int status);

}  // namespace kck
