// The commands of `kck`, one function each. A command prints for a person, or JSON where asked, and returns the exit
// status of the process.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/http_client.h"

namespace kck {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  // the command was understood and could not be done
inline constexpr int kExitUsage = 2;   // the command line was not understood

struct ServeOptions {
  std::string folder;
  std::optional<ServerAddress> listen;  // in place of http.listen
  int threads = 0;                      // network threads in place of the setting; 0: as kck.yml says
};

// Serves until SIGTERM or SIGINT, then drains. A second signal ends the process at once.
int Serve(const ServeOptions& options);

struct CheckOptions {
  std::string folder;
  bool json = false;
};

// Prints every fault of the folder.
int Check(const CheckOptions& options);

// What each command that talks to a running server takes.
struct ClientOptions {
  std::string folder;
  std::optional<ServerAddress> server;  // none: http.listen of the folder's kck.yml
  std::string ca_file;                  // authorities to trust over https; empty: the system's
  std::string key;                      // or the process's name
  int timeout_seconds = 60;
  bool json = false;  // print the server's whole answer
};

// With `after`, a token of a write, the value shows that write.
int FetchKey(const ClientOptions& options, const std::string& after);

// `value` is JSON text, or "-" to read it from standard input. `if_match` is the version that it replaces.
int SetKey(const ClientOptions& options, const std::string& value, const std::optional<std::string>& if_match);
int PurgeKey(const ClientOptions& options, const std::optional<std::string>& if_match);

// With `wait`, returns once a fill that began after the call has ended.
int RefreshKey(const ClientOptions& options, bool wait);

// Why the key is as it is.
int ExplainKey(const ClientOptions& options);

// What is due, with at most `keys` keys of each database in each state.
int ShowQueue(const ClientOptions& options, int keys);
// Has the keys computed that were given up.
int RetryDeadLetters(const ClientOptions& options);

// The processes of the server: their times, the next one, the last run.
int ListProcesses(const ClientOptions& options);

// Runs the process at once; with `wait`, returns once it has ended.
int RunProcess(const ClientOptions& options, bool wait);

struct TokenOptions {
  std::string folder;
  std::string key;  // the id of the one to sign with; empty: the only one that can
  std::string subject;
  std::vector<std::string> roles;
  std::vector<std::string> claims;  // NAME=VALUE
  std::string life = "1h";
  bool json = false;
};

// Prints a token, signed by a key of the folder's kck.yml.
int NewToken(const TokenOptions& options);

// Prints what a token says, and whether the folder's server would take it. `token` may be "-": standard input.
int InspectToken(const TokenOptions& options, const std::string& token);

// Reads a password from standard input, and prints its hash.
int PrintPasswordHash();

// Makes the tables of the folder's store, where it has some; or tells whether they are as this version expects.
int SetUpStoreTables(const std::string& folder);
int CheckStoreTables(const std::string& folder);

// Writes a folder that serves at once. Overwrites nothing.
int Init(const std::string& folder);

struct Import06Options {
  std::string settings;  // a module, a file or a folder; several modules parted by commas
  std::string interpreter = "python3";
  bool json = false;
};

// Writes a kck.yml for the settings and folders of KCK 0.6.3, and lists what needs a hand. Overwrites nothing.
int Import06(const Import06Options& options);

int PrintVersion(bool json);

}  // namespace kck
