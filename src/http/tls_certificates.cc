#include "http/tls_certificates.h"

#include <ctime>
#include <utility>

#include "base/log.h"
#include "model/folder_state.h"

namespace kck {
namespace {

constexpr std::chrono::seconds kLookPause{1};
constexpr std::chrono::hours kTicketKeysLife{24};

}  // namespace

TlsCertificates::~TlsCertificates() {
  if (!thread_.joinable()) return;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Result<void> TlsCertificates::Start() {
  loaded_state_ = FilesState();
  auto loaded = LoadTlsContext(settings_);
  if (!loaded) return Fail(ErrorCode::kBadRequest, FaultText(loaded.error()));
  for (Fault& fault : TimeFaults(*loaded, settings_, std::time(nullptr))) {
    fault.warning = true;
    LogWarning("{}", FaultText(fault));
  }
  Loaded(*std::move(loaded));
  thread_ = std::thread([this] { Run(); });
  return {};
}

void TlsCertificates::ReloadNow() {
  {
    MutexLock lock(mutex_);
    now_ = true;
  }
  changed_.notify_all();
}

TlsContext TlsCertificates::current() const {
  MutexLock lock(mutex_);
  return current_;
}

void TlsCertificates::Run() {
  while (AwaitReason()) Reload();
}

bool TlsCertificates::AwaitReason() {
  std::string last = loaded_state_;
  while (true) {
    {
      MutexLock lock(mutex_);
      if (!stopping_ && !now_) changed_.wait_for(mutex_, kLookPause);
      if (stopping_) return false;
      if (std::exchange(now_, false)) return true;
    }
    if (Clock::now() >= renewal_) return true;
    std::string state = FilesState();
    const bool still = state == last;
    last = std::move(state);
    if (still && last != loaded_state_) return true;
  }
}

void TlsCertificates::Reload() {
  loaded_state_ = FilesState();
  renewal_ = Clock::now() + kTicketKeysLife;
  auto loaded = LoadTlsContext(settings_);
  const Faults faults = loaded ? TimeFaults(*loaded, settings_, std::time(nullptr)) : Faults{loaded.error()};
  if (!faults.empty()) {
    return LogError("the certificate is not taken, and the one before it stays in service: {}", FaultText(faults[0]));
  }
  Loaded(*std::move(loaded));
  LogInfo("the certificate {} is loaded anew, for the connections from now on", settings_.cert);
}

std::string TlsCertificates::FilesState() const { return FileState(settings_.cert) + FileState(settings_.key); }

void TlsCertificates::Loaded(TlsContext context) {
  renewal_ = Clock::now() + kTicketKeysLife;
  MutexLock lock(mutex_);
  current_ = std::move(context);
}

}  // namespace kck
