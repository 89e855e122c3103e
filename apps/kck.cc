// The program: reads the command line and calls the command.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "apps/commands.h"
#include "apps/print.h"
#include "base/json.h"

namespace kck {

int PrintVersion(bool json) {
  PrintLine(json ? R"({"version": ")" KCK_VERSION R"("})" : "kck " KCK_VERSION);
  return kExitOk;
}

namespace {

// The command line, read. `run` is the command that it names.
struct CommandLine {
  ServeOptions serve;
  CheckOptions check;
  ClientOptions client;
  TokenOptions token;
  std::string folder = ".";
  std::string init_folder;
  Import06Options import_06;
  std::string value;
  std::optional<std::string> if_match;
  std::string after;
  bool wait = false;
  int queue_keys = 20;
  bool retry = false;
  bool version_json = false;
  std::function<int()> run;
};

// An option that `parse` reads; its error is a usage error.
template <typename Parse>
void AddAddress(CLI::App& command, const char* name, const char* about, std::optional<ServerAddress>& address,
                const Parse& parse) {
  command.add_option_function<std::string>(
      name,
      [&address, name, &parse](const std::string& text) {
        auto parsed = parse(text);
        if (!parsed) throw CLI::ValidationError(name, parsed.error());
        address = *std::move(parsed);
      },
      about);
}

CLI::App* AddCommand(CLI::App& app, CommandLine& line, const char* name, const char* about, std::function<int()> run) {
  CLI::App* command = app.add_subcommand(name, about);
  command->fallthrough();  // --folder may stand after the command
  command->final_callback([&line, run = std::move(run)] { line.run = run; });
  return command;
}

void AddServe(CLI::App& app, CommandLine& line) {
  auto* serve = AddCommand(app, line, "serve", "Serve the folder's products over HTTP", [&line] {
    line.serve.folder = line.folder;
    return Serve(line.serve);
  });
  AddAddress(*serve, "--listen", "HOST:PORT in place of http.listen", line.serve.listen, ParseHostPort);
  serve->add_option("--threads", line.serve.threads, "Network threads; the default is one a core")
      ->check(CLI::Range(1, 1024));
}

void AddCheck(CLI::App& app, CommandLine& line) {
  auto* check = AddCommand(app, line, "check", "Report every fault of the folder, with its place", [&line] {
    line.check.folder = line.folder;
    return Check(line.check);
  });
  check->add_flag("--json", line.check.json, "Print a JSON list");
}

CLI::App* AddServerCommand(CLI::App& app, CommandLine& line, const char* name, const char* about,
                           std::function<int()> run) {
  auto* command = AddCommand(app, line, name, about, [&line, run = std::move(run)] {
    line.client.folder = line.folder;
    return run();
  });
  AddAddress(*command, "--url", "The server; the default is http.listen of the folder's kck.yml", line.client.server,
             ParseServerUrl);
  command->add_option("--ca", line.client.ca_file, "Certificates of the authorities to trust over https, in PEM form")
      ->check(CLI::ExistingFile);
  command->add_option("--timeout", line.client.timeout_seconds, "Seconds to wait for the answer")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
  command->add_flag("--json", line.client.json, "Print the server's whole answer");
  return command;
}

CLI::App* AddKeyCommand(CLI::App& app, CommandLine& line, const char* name, const char* about,
                        std::function<int()> run) {
  auto* command = AddServerCommand(app, line, name, about, std::move(run));
  command->add_option("KEY", line.client.key, "NAME/PARAMETER/…")->required();
  return command;
}

void AddQueue(CLI::App& app, CommandLine& line) {
  auto* queue = AddServerCommand(app, line, "queue", "Show what is due to be refreshed, and how that goes", [&line] {
    return line.retry ? RetryDeadLetters(line.client) : ShowQueue(line.client, line.queue_keys);
  });
  queue->add_option("--keys", line.queue_keys, "How many keys to list of a database in each state")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  queue->add_flag("--retry", line.retry, "Compute those again that were given up");
}

void AddClientCommands(CLI::App& app, CommandLine& line) {
  auto* fetch = AddKeyCommand(app, line, "fetch", "Print the value of a key",
                              [&line] { return FetchKey(line.client, line.after); });
  fetch->add_option("--after", line.after, "The token of a write, which the value has to show");
  auto* set = AddKeyCommand(app, line, "set", "Put a JSON value under a key",
                            [&line] { return SetKey(line.client, line.value, line.if_match); });
  set->add_option("JSON", line.value, "The value; - reads it from standard input")->required();
  set->add_option("--if-match", line.if_match, "Only if the key has this version");
  auto* purge = AddKeyCommand(app, line, "purge", "Forget a key, or a product's keys with 'NAME/*'",
                              [&line] { return PurgeKey(line.client, line.if_match); });
  purge->add_option("--if-match", line.if_match, "Only if the key has this version");
  auto* refresh = AddKeyCommand(app, line, "refresh", "Compute a key again, or a product's keys with 'NAME/*'",
                                [&line] { return RefreshKey(line.client, line.wait); });
  refresh->add_flag("--wait", line.wait, "Return once it is done");
  AddKeyCommand(app, line, "explain", "Say why a key is as it is", [&line] { return ExplainKey(line.client); });
  AddQueue(app, line);
}

void AddProcess(CLI::App& app, CommandLine& line) {
  auto* process = app.add_subcommand("process", "List the processes, or run one by hand");
  process->fallthrough();
  process->require_subcommand(1);
  AddServerCommand(*process, line, "list", "List the processes: their times, the next one, the last run",
                   [&line] { return ListProcesses(line.client); });
  auto* run = AddServerCommand(*process, line, "run", "Run a process at once",
                               [&line] { return RunProcess(line.client, line.wait); });
  run->add_option("NAME", line.client.key, "The process")->required();
  run->add_flag("--wait", line.wait, "Return once it has ended");
}

CLI::App* AddTokenCommand(CLI::App& token, CommandLine& line, const char* name, const char* about,
                          std::function<int()> run) {
  return AddCommand(token, line, name, about, [&line, run = std::move(run)] {
    line.token.folder = line.folder;
    return run();
  });
}

void AddToken(CLI::App& app, CommandLine& line) {
  auto* token = app.add_subcommand("token", "Make and inspect tokens, and hash passwords");
  token->fallthrough();
  token->require_subcommand(1);
  auto* made = AddTokenCommand(*token, line, "new", "Print a token, signed by a key of the folder's kck.yml",
                               [&line] { return NewToken(line.token); });
  made->add_option("--subject", line.token.subject, "Whom it names (sub)");
  made->add_option("--role", line.token.roles, "A role; may be given again");
  made->add_option("--claim", line.token.claims, "NAME=VALUE, a JSON value or else a text; may be given again");
  made->add_option("--life", line.token.life, "How long it holds, as 15m")->capture_default_str();
  made->add_option("--key", line.token.key, "The id of the key to sign with");
  auto* inspect = AddTokenCommand(*token, line, "inspect", "Print what a token says, and whether it would be taken",
                                  [&line] { return InspectToken(line.token, line.value); });
  inspect->add_option("TOKEN", line.value, "The token; - reads it from standard input")->required();
  inspect->add_flag("--json", line.token.json, "Print JSON");
  AddTokenCommand(*token, line, "hash-password", "Read a password from standard input, and print its hash",
                  [] { return PrintPasswordHash(); });
}

void AddStore(CLI::App& app, CommandLine& line) {
  auto* store = app.add_subcommand("store", "Make or check the tables of a store that nodes share");
  store->fallthrough();
  store->require_subcommand(1);
  AddCommand(*store, line, "setup", "Make the keyspace and the tables that are not there",
             [&line] { return SetUpStoreTables(line.folder); });
  AddCommand(*store, line, "check", "Tell whether the tables are there, and of this version",
             [&line] { return CheckStoreTables(line.folder); });
}

void AddInit(CLI::App& app, CommandLine& line) {
  auto* init = AddCommand(app, line, "init", "Write a small folder that serves at once",
                          [&line] { return Init(line.init_folder); });
  init->add_option("DIR", line.init_folder, "Made where absent; nothing in it is overwritten")->required();
}

void AddImport06(CLI::App& app, CommandLine& line) {
  auto* import = AddCommand(app, line, "import-0.6", "Write a kck.yml for settings and folders of KCK 0.6.3",
                            [&line] { return Import06(line.import_06); });
  import->add_option("SETTINGS", line.import_06.settings, "The settings: a Python module, a file, or their folder")
      ->required();
  import
      ->add_option("--python", line.import_06.interpreter,
                   "The interpreter that reads them, and runs the folder's Python")
      ->capture_default_str();
  import->add_flag("--json", line.import_06.json, "Print JSON");
}

void AddVersion(CLI::App& app, CommandLine& line) {
  auto* version =
      AddCommand(app, line, "version", "Print the version", [&line] { return PrintVersion(line.version_json); });
  version->add_flag("--json", line.version_json, "Print JSON");
}

int Main(int argc, char** argv) {
  CLI::App app("KCK keeps data products computed and serves them fast.", "kck");
  CommandLine line;
  app.require_subcommand(1);
  app.set_version_flag("--version", "kck " KCK_VERSION);
  app.add_option("--folder", line.folder, "Where kck.yml is")->capture_default_str();
  AddServe(app, line);
  AddCheck(app, line);
  AddClientCommands(app, line);
  AddProcess(app, line);
  AddToken(app, line);
  AddStore(app, line);
  AddInit(app, line);
  AddImport06(app, line);
  AddVersion(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return line.run();
}

}  // namespace
}  // namespace kck

int main(int argc, char** argv) { return kck::Main(argc, argv); }
