#include "http/tls_context.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cerrno>
#include <ctime>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <system_error>

#include "base/freed_by.h"
namespace kck {
namespace {

// https://ssl-config.mozilla.org, "intermediate", guideline 5.7. Those of TLS 1.3 are the library's own.
constexpr const char* kCiphers12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305";
constexpr const char* kGroups = "X25519:prime256v1:secp384r1";

using CertificatePtr = std::unique_ptr<X509, FreedBy<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, FreedBy<BIO_free>>;

// The library's reason for what it refused last.
std::string Reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  return reason != nullptr ? reason : "it says no reason";
}

// A key under a password is a fault: nobody is there to be asked.
int NoPassword(char*, int, int, void*) { return -1; }

// The files of one loading, and the faults of it.
class Loader {
 public:
  explicit Loader(const TlsSettings& settings) : settings_(settings) { ERR_clear_error(); }
  ~Loader() { ERR_clear_error(); }
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  tl::expected<TlsContext, Fault> Load() {
    context_.reset(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    TlsContext loaded{context_};
    if (!context_ || !SetProtocol()) return tl::unexpected(CertificateFault("cannot be served", Reason()));
    if (auto fault = UseCertificates(loaded)) return tl::unexpected(*std::move(fault));
    if (auto fault = UseKey()) return tl::unexpected(*std::move(fault));
    return loaded;
  }

 private:
  Fault CertificateFault(std::string_view what, std::string cure) const {
    return {settings_.cert_location, fmt::format("the certificate {} {}", settings_.cert, what), std::move(cure)};
  }

  Fault KeyFault(std::string_view what, std::string cure) const {
    return {settings_.key_location, fmt::format("the key {} {}", settings_.key, what), std::move(cure)};
  }

  bool SetProtocol();
  std::optional<Fault> UseCertificates(TlsContext& loaded);
  std::optional<Fault> UseKey();

  const TlsSettings& settings_;
  std::shared_ptr<SSL_CTX> context_;
};

// Nothing where it cannot be read; `why` says why.
std::optional<std::string> ReadWhole(const std::string& path, std::string& why) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.is_open() && !file.bad()) return text;
  why = fmt::format("cannot be read: {}", std::generic_category().message(errno != 0 ? errno : EIO));
  return std::nullopt;
}

constexpr const char* kReadCure = "name a file that the server's user may read; its path is relative to kck.yml";

BioPtr BytesOf(const std::string& text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

// HTTP/1.1 is what is spoken here. A client that offers others alone would be refused by the protocol's name, or speak
// on all the same: as most servers do, it is left to it.
int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
                   unsigned offered_length, void*) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  unsigned char* found = nullptr;
  const int result = SSL_select_next_proto(&found, length, kHttp11, sizeof kHttp11 - 1, offered, offered_length);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

bool Loader::SetProtocol() {
  SSL_CTX* context = context_.get();
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_dh_auto(context, 1);
  // Idle connections hold no buffers; a write may be cut after a record, and tried again from another place in memory.
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // What brings no bytes of a request gives the other connections a turn.
  SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(context, 1);                           // one read brings a whole record, and those behind it
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets need none
  SSL_CTX_set_alpn_select_cb(context, ChooseProtocol, nullptr);
  SSL_CTX_set_default_passwd_cb(context, NoPassword);
  return SSL_CTX_set_min_proto_version(context, settings_.requires_13 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(context, kCiphers12) == 1 && SSL_CTX_set1_groups_list(context, kGroups) == 1;
}

std::int64_t SecondsOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return std::numeric_limits<std::int64_t>::max();
  return timegm(&parts);
}

std::optional<Fault> Loader::UseCertificates(TlsContext& loaded) {
  std::string why;
  const auto text = ReadWhole(settings_.cert, why);
  if (!text) return CertificateFault(why, kReadCure);
  const BioPtr bytes = BytesOf(*text);
  const CertificatePtr own(PEM_read_bio_X509_AUX(bytes.get(), nullptr, NoPassword, nullptr));
  if (!own) {
    return CertificateFault("holds no certificate in PEM form",
                            "the file begins with -----BEGIN CERTIFICATE-----: the server's own first, then those "
                            "between it and its authority");
  }
  if (SSL_CTX_use_certificate(context_.get(), own.get()) != 1) {
    return CertificateFault(fmt::format("is refused: {}", Reason()), "RSA needs 2048 bits, and SHA-1 is too weak");
  }
  loaded.valid_from = SecondsOf(X509_get0_notBefore(own.get()));
  loaded.valid_until = SecondsOf(X509_get0_notAfter(own.get()));
  while (const CertificatePtr next{PEM_read_bio_X509(bytes.get(), nullptr, NoPassword, nullptr)}) {
    if (SSL_CTX_add1_chain_cert(context_.get(), next.get()) != 1) {
      return CertificateFault(fmt::format("has another one behind it that is refused: {}", Reason()),
                              "RSA needs 2048 bits, and SHA-1 is too weak");
    }
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!at_end) return CertificateFault("is damaged behind its first certificate", "write the file anew");
  ERR_clear_error();
  return std::nullopt;
}

std::optional<Fault> Loader::UseKey() {
  std::string why;
  const auto text = ReadWhole(settings_.key, why);
  if (!text) return KeyFault(why, kReadCure);
  const KeyPtr key(PEM_read_bio_PrivateKey(BytesOf(*text).get(), nullptr, NoPassword, nullptr));
  if (!key) {
    return KeyFault("holds no private key in PEM form, or one under a password",
                    "the file begins with -----BEGIN PRIVATE KEY-----; openssl pkey -in FILE -out FILE takes a "
                    "password off");
  }
  // Of another kind than the certificate's, it would be taken as the key of a second one.
  const bool fits = X509_check_private_key(SSL_CTX_get0_certificate(context_.get()), key.get()) == 1;
  if (!fits || SSL_CTX_use_PrivateKey(context_.get(), key.get()) != 1) {
    return KeyFault(fmt::format("does not belong to the certificate {}", settings_.cert),
                    "name the two files that were made together");
  }
  return std::nullopt;
}

std::string DayText(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} UTC", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min);
}

}  // namespace

tl::expected<TlsContext, Fault> LoadTlsContext(const TlsSettings& settings) { return Loader(settings).Load(); }

Faults TimeFaults(const TlsContext& context, const TlsSettings& settings, std::int64_t now) {
  if (now > context.valid_until) {
    return {{settings.cert_location,
             fmt::format("the certificate {} expired on {}", settings.cert, DayText(context.valid_until)),
             "have it renewed: clients refuse it"}};
  }
  if (now < context.valid_from) {
    return {{settings.cert_location,
             fmt::format("the certificate {} is not valid before {}", settings.cert, DayText(context.valid_from)),
             "wait until then, or set this machine's clock: clients refuse it"}};
  }
  return {};
}

Faults CheckTls(const HttpSettings& settings) {
  if (!settings.tls) return {};
  const auto context = LoadTlsContext(*settings.tls);
  if (!context) return {context.error()};
  return TimeFaults(*context, *settings.tls, std::time(nullptr));
}

}  // namespace kck
