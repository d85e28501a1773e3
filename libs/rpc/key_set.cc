#include "libs/rpc/key_set.h"

#include <openssl/core_names.h>

#include <nlohmann/json.hpp>

#include "libs/base/crypto.h"
#include "libs/base/errors.h"
#include "libs/rpc/json_fields.h"
#include "libs/rpc/openssl_handles.h"

namespace lotura::rpc {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kKeysMax = 100;
constexpr std::size_t kCoordinate = 32;
constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 8192;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

BigNumber Number(std::string_view bytes) {
  return BigNumber(BN_bin2bn(Bytes(bytes), static_cast<int>(bytes.size()), nullptr));
}

PublicKey::Handle MakeKey(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (params == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return PublicKey::Handle(key);
}

PublicKey::Handle MakeEcKey(const Json& jwk) {
  const auto x = FromBase64Url(TextOf(jwk, "x"));
  const auto y = FromBase64Url(TextOf(jwk, "y"));
  if (TextOf(jwk, "crv") != "P-256" || !x.has_value() || !y.has_value() ||
      x->size() != kCoordinate || y->size() != kCoordinate) {
    return nullptr;
  }
  const std::string point = '\x04' + *x + *y;  // uncompressed
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  return MakeKey("EC", builder.get());
}

PublicKey::Handle MakeRsaKey(const Json& jwk) {
  const auto modulus = FromBase64Url(TextOf(jwk, "n"));
  const auto exponent = FromBase64Url(TextOf(jwk, "e"));
  if (!modulus.has_value() || !exponent.has_value() || exponent->empty() || exponent->size() > 8) {
    return nullptr;
  }
  const BigNumber n = Number(*modulus);
  const BigNumber e = Number(*exponent);
  const int bits = BN_num_bits(n.get());
  if (bits < kRsaBitsMin || bits > kRsaBitsMax) return nullptr;
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  return MakeKey("RSA", builder.get());
}

std::optional<PublicKey> MakePublicKey(const Json& jwk) {
  const std::string type = TextOf(jwk, "kty");
  const std::string declared = TextOf(jwk, "alg");
  const std::string use = TextOf(jwk, "use");
  if (!use.empty() && use != "sig") return std::nullopt;
  const bool is_ec = type == "EC" && (declared.empty() || declared == "ES256");
  const bool is_rsa = type == "RSA" && (declared.empty() || declared == "RS256");
  if (!is_ec && !is_rsa) return std::nullopt;
  PublicKey::Handle key = is_ec ? MakeEcKey(jwk) : MakeRsaKey(jwk);
  if (key == nullptr) return std::nullopt;
  return PublicKey(is_ec ? Algorithm::kEs256 : Algorithm::kRs256, std::move(key));
}

// RFC 7518 has the two numbers side by side, OpenSSL wants them in DER.
std::string ToDer(std::string_view signature) {
  if (signature.size() != 2 * kCoordinate) return {};
  BigNumber r = Number(signature.substr(0, kCoordinate));
  BigNumber s = Number(signature.substr(kCoordinate));
  const EcdsaSignature pair(ECDSA_SIG_new());
  if (ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return {};
  (void)r.release();  // belongs to the pair now
  (void)s.release();
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  if (size <= 0) return {};
  std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return text;
}

}  // namespace

void PublicKey::Deleter::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

bool PublicKey::Verifies(std::string_view text, std::string_view signature) const {
  const std::string encoded =
      algorithm_ == Algorithm::kEs256 ? ToDer(signature) : std::string(signature);
  if (encoded.empty()) return false;
  const DigestContext context(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(encoded), encoded.size(), Bytes(text),
                          text.size()) == 1;
}

absl::StatusOr<KeySet> KeySet::Parse(std::string_view json) {
  const Json parsed = Json::parse(json, nullptr, false);
  const auto wrong = [](std::string_view why) {
    return Error(absl::StatusCode::kInvalidArgument, "KEY_SET", why);
  };
  if (!parsed.is_object() || !parsed.contains("keys") || !parsed["keys"].is_array()) {
    return wrong("the text is not a JSON Web Key Set");
  }
  if (parsed["keys"].size() > kKeysMax) return wrong("the key set has too many keys");
  KeySet set;
  for (const Json& jwk : parsed["keys"]) {
    std::string id = TextOf(jwk, "kid");
    auto key = MakePublicKey(jwk);
    if (!id.empty() && key.has_value()) set.keys_.emplace(std::move(id), *std::move(key));
  }
  if (set.keys_.empty()) return wrong("the key set has no key for ES256 or RS256 with an id");
  return set;
}

const PublicKey* KeySet::Find(std::string_view id) const {
  const auto found = keys_.find(id);
  return found == keys_.end() ? nullptr : &found->second;
}

}  // namespace lotura::rpc
