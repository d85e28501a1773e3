#include "libs/rpc/tls_material.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <vector>

#include "libs/base/errors.h"
#include "libs/rpc/openssl_handles.h"

namespace lotura::rpc {
namespace {

using TlsContext = std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>>;

// All roots of a system are a quarter of that.
constexpr std::size_t kBytesMax = std::size_t{1} << 20;

// Errors of OpenSSL stay in a queue of the thread, where nobody else shall find them.
class ErrorQueue {
 public:
  ErrorQueue() { ERR_clear_error(); }
  ~ErrorQueue() { ERR_clear_error(); }
  ErrorQueue(const ErrorQueue&) = delete;
  ErrorQueue& operator=(const ErrorQueue&) = delete;

  [[nodiscard]] static int reason() { return ERR_GET_REASON(ERR_peek_last_error()); }
  [[nodiscard]] static std::string text() {
    const char* text = ERR_reason_error_string(ERR_peek_last_error());
    return text == nullptr ? "for an unknown reason" : text;
  }
};

absl::Status Wrong(std::string_view reason, std::string_view why) {
  return FailedPrecondition(reason, why);
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path, std::ios::binary);
  std::string text(kBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (!file.is_open() || file.bad() || text.size() > kBytesMax) {
    return Error(absl::StatusCode::kUnavailable, "TLS_FILE",
                 fmt::format("{} cannot be read, or has more than 1 MiB", path), {{"path", path}});
  }
  return text;
}

// OpenSSL would ask whoever sits at the terminal.
int NoPassword(char* /*buffer*/, int /*size*/, int /*writes*/, void* /*data*/) { return -1; }

Bio Reading(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// None if one of them is damaged.
std::vector<Certificate> ParseCertificates(const std::string& pem) {
  const ErrorQueue errors;
  const Bio bio = Reading(pem);
  std::vector<Certificate> found;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr))
    found.emplace_back(certificate);
  // So the end of the text shows.
  if (ErrorQueue::reason() != PEM_R_NO_START_LINE) found.clear();
  return found;
}

PrivateKey ParseKey(const std::string& pem) {
  const ErrorQueue errors;
  const Bio bio = Reading(pem);
  return PrivateKey(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
}

std::optional<Instant> InstantOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  const auto day = std::chrono::year(parts.tm_year + 1900) / (parts.tm_mon + 1) / parts.tm_mday;
  return Instant(std::chrono::sys_days(day).time_since_epoch() + std::chrono::hours(parts.tm_hour) +
                 std::chrono::minutes(parts.tm_min) + std::chrono::seconds(parts.tm_sec));
}

// The end of the one that ends first.
absl::StatusOr<Instant> CheckTimes(const std::vector<Certificate>& chain, Instant now) {
  Instant first = Instant::max();
  for (const Certificate& certificate : chain) {
    const auto begins = InstantOf(X509_get0_notBefore(certificate.get()));
    const auto ends = InstantOf(X509_get0_notAfter(certificate.get()));
    if (!begins.has_value() || !ends.has_value())
      return Wrong("TLS_CERTIFICATE", "the times of the certificate cannot be read");
    if (now < *begins) return Wrong("TLS_NOT_YET_VALID", "the certificate is not valid yet");
    first = std::min(first, *ends);
  }
  if (now >= first) return Wrong("TLS_EXPIRED", "the certificate has expired");
  return first;
}

// Whether a listener could use them: OpenSSL refuses some that it can read.
absl::Status CheckUse(const std::vector<Certificate>& chain, const PrivateKey& key) {
  const ErrorQueue errors;
  const TlsContext context(SSL_CTX_new(TLS_method()));
  bool good = SSL_CTX_use_certificate(context.get(), chain.front().get()) == 1 &&
              SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1;
  for (std::size_t i = 1; i < chain.size(); ++i)
    good = good && SSL_CTX_add1_chain_cert(context.get(), chain[i].get()) == 1;
  if (good) return absl::OkStatus();
  return Wrong("TLS_CERTIFICATE",
               fmt::format("OpenSSL does not take the certificate: {}", ErrorQueue::text()));
}

bool BelongTogether(const Certificate& certificate, const PrivateKey& key) {
  const ErrorQueue errors;
  return X509_check_private_key(certificate.get(), key.get()) == 1;
}

absl::StatusOr<Instant> CheckOwn(const TlsMaterial& material, Instant now) {
  const std::vector<Certificate> chain = ParseCertificates(material.certificate);
  if (chain.empty())
    return Wrong("TLS_CERTIFICATE", "the file has no certificate in PEM, or a damaged one");
  const PrivateKey key = ParseKey(material.key);
  if (key == nullptr)
    return Wrong("TLS_KEY", "the file has no private key in PEM that needs no password");
  if (!BelongTogether(chain.front(), key))
    return Wrong("TLS_PAIR", "certificate and key do not belong together");
  LOTURA_RETURN_IF_ERROR(CheckUse(chain, key));
  return CheckTimes(chain, now);
}

}  // namespace

absl::StatusOr<TlsMaterial> LoadTls(const TlsFiles& files, Instant now) {
  TlsMaterial material;
  LOTURA_ASSIGN_OR_RETURN(material.certificate, ReadText(files.certificate));
  LOTURA_ASSIGN_OR_RETURN(material.key, ReadText(files.key));
  LOTURA_ASSIGN_OR_RETURN(material.authorities, ReadText(files.authorities));
  if (!files.certificate.empty() || !files.key.empty()) {
    LOTURA_ASSIGN_OR_RETURN(material.expires, CheckOwn(material, now));
  }
  if (!files.authorities.empty() && ParseCertificates(material.authorities).empty())
    return Wrong("TLS_AUTHORITIES", "the file has no certificates in PEM, or a damaged one");
  return material;
}

}  // namespace lotura::rpc
