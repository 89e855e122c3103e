// Certificates of a test's own, and the client's end of TLS.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

namespace kck {

// A certificate that vouches for itself, for "localhost" and 127.0.0.1, and its key, in PEM form. Its life is counted
// from now.
struct TestPair {
  explicit TestPair(long from_seconds = -3600, long until_seconds = 3600);

  std::string cert;
  std::string key;
};

// Speaks TLS in memory: what it has to send is taken from it, what was received is given to it. Verifies nothing.
class TlsClient {
 public:
  TlsClient();
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  void Give(const std::string& received);
  std::string Take();

  // Goes on with the handshake. True once it is over.
  bool ShakeHands();

  // As one record.
  void Write(const std::string& text);
  // All that was received; empty where nothing was.
  std::string Read();
  // Says that nothing follows.
  void Finish();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace kck
