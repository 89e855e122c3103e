// A fault in a user's files: where, what, and what to do. Loading collects all of them instead of stopping at the
// first.
#pragma once

#include <string>
#include <vector>

namespace kck {

struct Location {
  std::string file;
  int line = 0;  // from 1; 0: the file as a whole
  int column = 0;
};

struct Fault {
  Location location;
  std::string message;
  std::string cure;  // the next thing to try; may be empty
  bool warning = false;
  bool unreachable = false;    // a database could not be asked: `kck check` fails, `kck serve` starts all the same
  bool from_database = false;  // the message is the database's, which may quote the SQL
};

using Faults = std::vector<Fault>;

std::string FaultText(const Fault& fault);  // "products/a.yml:3:5: error: … (cure)"
bool HasErrors(const Faults& faults);

}  // namespace kck
