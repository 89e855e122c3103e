#include "http/tls_certificates.h"

#include <ctime>
#include <functional>
#include <string>
#include <utility>

#include "base/log.h"
#include "model/folder_state.h"

namespace kck {
namespace {

constexpr std::chrono::hours kTicketKeysLife{24};

}  // namespace

Result<void> TlsCertificates::Start() {
  const std::uint64_t state = FilesState();
  auto loaded = LoadTlsContext(settings_);
  if (!loaded) return Fail(ErrorCode::kBadRequest, FaultText(loaded.error()));
  for (Fault& fault : TimeFaults(*loaded, settings_, std::time(nullptr))) {
    fault.warning = true;
    LogWarning("{}", FaultText(fault));
  }
  Loaded(*std::move(loaded));
  watch_.emplace(state,
                 ChangeWatch::Watched{[this] { return FilesState(); }, [this] { return Reload(); }, kTicketKeysLife});
  return {};
}

void TlsCertificates::ReloadNow() {
  if (watch_) watch_->LoadNow();
}

TlsContext TlsCertificates::current() const {
  MutexLock lock(mutex_);
  return current_;
}

std::uint64_t TlsCertificates::Reload() {
  const std::uint64_t state = FilesState();
  auto loaded = LoadTlsContext(settings_);
  const Faults faults = loaded ? TimeFaults(*loaded, settings_, std::time(nullptr)) : Faults{loaded.error()};
  if (faults.empty()) {
    Loaded(*std::move(loaded));
    LogInfo("the certificate {} is loaded anew, for the connections from now on", settings_.cert);
  } else {
    LogError("the certificate is not taken, and the one before it stays in service: {}", FaultText(faults[0]));
  }
  return state;
}

std::uint64_t TlsCertificates::FilesState() const {
  return std::hash<std::string>()(FileState(settings_.cert) + FileState(settings_.key));
}

void TlsCertificates::Loaded(TlsContext context) {
  MutexLock lock(mutex_);
  current_ = std::move(context);
}

}  // namespace kck
