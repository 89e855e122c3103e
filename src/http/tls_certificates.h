// The certificate in service, which follows its files while the server runs.
//
// Once the two files have changed and been still for a second they are loaded again, and new connections get what they
// hold; those that are open go on with what they began with. A pair with a fault is refused, with a line in the log,
// and the one before it stays. Once a day the pair is loaded anyhow, which makes new keys for the tickets of sessions.
#pragma once

#include <cstdint>
#include <optional>

#include "base/change_watch.h"
#include "base/result.h"
#include "base/thread_annotations.h"
#include "http/tls_context.h"

namespace kck {

class TlsCertificates {
 public:
  explicit TlsCertificates(TlsSettings settings) : settings_(std::move(settings)) {}
  TlsCertificates(const TlsCertificates&) = delete;
  TlsCertificates& operator=(const TlsCertificates&) = delete;

  // Loads the pair, and watches its files from then on, on a thread of its own. Once. One that has expired is served,
  // with a warning: some clients do not mind, and the others are no worse off.
  Result<void> Start();

  // Loads the pair without waiting for a change of it. Any thread, and returns at once.
  void ReloadNow();

  // After Start; any thread.
  TlsContext current() const KCK_EXCLUDES(mutex_);

 private:
  // Returns the state of the files that it has loaded, or has refused.
  std::uint64_t Reload() KCK_EXCLUDES(mutex_);
  std::uint64_t FilesState() const;
  void Loaded(TlsContext context) KCK_EXCLUDES(mutex_);

  const TlsSettings settings_;
  mutable Mutex mutex_;
  TlsContext current_ KCK_GUARDED_BY(mutex_);
  std::optional<ChangeWatch> watch_;  // goes first: it loads into the rest
};

}  // namespace kck
