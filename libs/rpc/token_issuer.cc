#include "libs/rpc/token_issuer.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include <nlohmann/json.hpp>

#include "libs/base/check.h"
#include "libs/base/crypto.h"
#include "libs/rpc/openssl_handles.h"

namespace lotura::rpc {
namespace {

using Json = nlohmann::json;

constexpr int kCoordinate = 32;
constexpr unsigned kRsaBits = 2048;

std::string Padded(const BIGNUM& number, int size) {
  std::string bytes(static_cast<std::size_t>(size), '\0');
  LOTURA_CHECK(BN_bn2binpad(&number, reinterpret_cast<unsigned char*>(bytes.data()), size) == size);
  return bytes;
}

std::string Parameter(EVP_PKEY* key, const char* name, int size) {
  BIGNUM* raw = nullptr;
  LOTURA_CHECK(EVP_PKEY_get_bn_param(key, name, &raw) == 1);
  const BigNumber number(raw);
  return ToBase64Url(Padded(*number, size == 0 ? BN_num_bytes(number.get()) : size));
}

// The two numbers side by side, as RFC 7518 has them.
std::string FromDer(const std::string& der) {
  const auto* begin = reinterpret_cast<const unsigned char*>(der.data());
  const EcdsaSignature pair(d2i_ECDSA_SIG(nullptr, &begin, static_cast<long>(der.size())));
  LOTURA_CHECK(pair != nullptr);
  return Padded(*ECDSA_SIG_get0_r(pair.get()), kCoordinate) +
         Padded(*ECDSA_SIG_get0_s(pair.get()), kCoordinate);
}

const char* NameOf(Algorithm algorithm) {
  return algorithm == Algorithm::kEs256 ? "ES256" : "RS256";
}

std::int64_t Seconds(Instant instant) {
  return std::chrono::floor<std::chrono::seconds>(instant).time_since_epoch().count();
}

}  // namespace

TokenIssuer::TokenIssuer(Algorithm algorithm, std::string key_id)
    : algorithm_(algorithm),
      key_id_(std::move(key_id)),
      key_(algorithm == Algorithm::kEs256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(kRsaBits)) {
  LOTURA_CHECK(key_ != nullptr);
}

std::string TokenIssuer::KeySetJson() const {
  Json key = {{"kid", key_id_}, {"use", "sig"}, {"alg", NameOf(algorithm_)}};
  if (algorithm_ == Algorithm::kEs256) {
    key["kty"] = "EC";
    key["crv"] = "P-256";
    key["x"] = Parameter(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, kCoordinate);
    key["y"] = Parameter(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, kCoordinate);
  } else {
    key["kty"] = "RSA";
    key["n"] = Parameter(key_.get(), OSSL_PKEY_PARAM_RSA_N, 0);
    key["e"] = Parameter(key_.get(), OSSL_PKEY_PARAM_RSA_E, 0);
  }
  return Json{{"keys", {key}}}.dump();
}

std::string TokenIssuer::Mint(const Principal& principal, const TokenRules& rules,
                              Instant expires) const {
  const Json header = {{"alg", NameOf(algorithm_)}, {"kid", key_id_}, {"typ", "at+jwt"}};
  Json claims = {{"iss", rules.issuer},
                 {"aud", rules.audience},
                 {"sub", principal.name},
                 {"tenant", principal.tenant.value.ToString()},
                 {"exp", Seconds(expires)}};
  if (principal.grounds == Grounds::kToken) claims["permissions"] = principal.permissions;
  return Sign({header.dump(), claims.dump()});
}

std::string TokenIssuer::TrustJson(const TokenRules& rules, const std::string& keys) {
  const Json issuer = {{"id", "test"},    {"issuer", rules.issuer}, {"audience", rules.audience},
                       {"keys", keys},    {"subjects", "names"},    {"permissions", "from_token"},
                       {"tenants", "any"}};
  return Json{{"issuers", {issuer}}}.dump();
}

std::string TokenIssuer::Sign(const Content& content) const {
  const std::string text = ToBase64Url(content.header) + "." + ToBase64Url(content.claims);
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const DigestContext context(EVP_MD_CTX_new());
  std::size_t size = 0;
  LOTURA_CHECK(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1);
  LOTURA_CHECK(EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) == 1);
  std::string signature(size, '\0');
  LOTURA_CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()),
                              &size, bytes, text.size()) == 1);
  signature.resize(size);
  return text + "." + ToBase64Url(algorithm_ == Algorithm::kEs256 ? FromDer(signature) : signature);
}

}  // namespace lotura::rpc
