#include "testing/certificate.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <stdexcept>

namespace kck {
namespace {

void Require(bool held) {
  if (!held) throw std::runtime_error("OpenSSL refuses what a test needs");
}

template <typename Write>
std::string TextBy(const Write& write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  Require(write(bio.get()) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace

TestPair::TestPair(long from_seconds, long until_seconds) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pair(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), X509_free);
  Require(X509_set_version(made.get(), X509_VERSION_3) == 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), from_seconds);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), until_seconds);
  Require(X509_set_pubkey(made.get(), pair.get()) == 1);
  X509_NAME* name = X509_get_subject_name(made.get());
  const std::array<unsigned char, 10> host{"localhost"};
  Require(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, host.data(), -1, -1, 0) == 1);
  Require(X509_set_issuer_name(made.get(), name) == 1);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> names(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1"), X509_EXTENSION_free);
  Require(names != nullptr && X509_add_ext(made.get(), names.get(), -1) == 1);
  Require(X509_sign(made.get(), pair.get(), EVP_sha256()) > 0);
  cert = TextBy([&](BIO* bio) { return PEM_write_bio_X509(bio, made.get()); });
  key = TextBy(
      [&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, pair.get(), nullptr, nullptr, 0, nullptr, nullptr); });
}

struct TlsClient::Parts {
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> stream{SSL_new(context.get()), SSL_free};
  BIO* received = BIO_new(BIO_s_mem());  // the stream's
  BIO* to_send = BIO_new(BIO_s_mem());   // likewise
};

TlsClient::TlsClient() : parts_(std::make_unique<Parts>()) {
  SSL_set_bio(parts_->stream.get(), parts_->received, parts_->to_send);
  SSL_set_connect_state(parts_->stream.get());
}

TlsClient::~TlsClient() = default;

void TlsClient::Give(const std::string& received) {
  if (!received.empty()) BIO_write(parts_->received, received.data(), static_cast<int>(received.size()));
}

std::string TlsClient::Take() {
  std::string text(BIO_ctrl_pending(parts_->to_send), '\0');
  if (!text.empty()) BIO_read(parts_->to_send, text.data(), static_cast<int>(text.size()));
  return text;
}

bool TlsClient::ShakeHands() { return SSL_do_handshake(parts_->stream.get()) == 1; }

void TlsClient::Write(const std::string& text) {
  Require(SSL_write(parts_->stream.get(), text.data(), static_cast<int>(text.size())) == static_cast<int>(text.size()));
}

std::string TlsClient::Read() {
  std::string text;
  std::array<char, 65536> part{};
  for (int count = 0; (count = SSL_read(parts_->stream.get(), part.data(), static_cast<int>(part.size()))) > 0;) {
    text.append(part.data(), static_cast<std::size_t>(count));
  }
  return text;
}

void TlsClient::Finish() { SSL_shutdown(parts_->stream.get()); }

}  // namespace kck
