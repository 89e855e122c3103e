// A worker as the system sees it: a process, the socket that it is talked to by, and the pipe that it prints into.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "model/python_settings.h"

namespace kck {

// Owned by whoever started it, who has to End it.
struct WorkerProcess {
  pid_t pid = -1;
  int socket = -1;  // non-blocking
  int output = -1;  // what it prints and what it complains of; non-blocking
  int exited = -1;  // readable once it has ended
};

// Starts the interpreter with the worker's program, in `folder`, in a process group of its own. The error names what is
// to be set in kck.yml.
Result<WorkerProcess> StartWorker(const PythonSettings& settings, const std::string& folder);

// Kills the process and what it has forked, waits for it, and closes what belongs to it. How it ended, for people:
// "it ended by signal 11", "it ended with status 3".
std::string EndWorker(WorkerProcess& worker);

// Whether the process has ended, and waits for EndWorker.
bool HasEnded(pid_t pid);

// A statement of Python after which the package `kck` can be imported that fits this server.
std::string FindPackageStatement();

// Of the process, 0 where it is not known.
std::size_t ResidentBytes(pid_t pid);

}  // namespace kck
