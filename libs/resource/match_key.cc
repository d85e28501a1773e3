#include "libs/resource/match_key.h"

#include <idn2.h>

#include <algorithm>
#include <memory>

#include "libs/base/check.h"
#include "libs/base/text.h"
#include "libs/resource/phone.h"

namespace lotura::resource {
namespace {

constexpr std::size_t kDomainSizeMax = 253;
constexpr std::size_t kEmailSizeMax = 254;

struct Free {
  void operator()(char* text) const { idn2_free(text); }
};

// Letters, digits and inner hyphens (RFC 5890, section 2.3.1).
bool IsLabel(std::string_view label) {
  constexpr std::size_t kLabelSizeMax = 63;
  return !label.empty() && label.front() != '-' && label.back() != '-' &&
         label.size() <= kLabelSizeMax && std::ranges::all_of(label, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

bool IsAsciiDomain(std::string_view domain) {
  if (domain.size() > kDomainSizeMax) return false;
  const auto labels = Split(domain, '.');
  return labels.size() > 1 && std::ranges::all_of(labels, IsLabel);
}

// Such as "xn--bcher-kva": whether what it encodes may stand there is a matter of IDNA.
bool HasEncodedLabel(std::string_view domain) {
  return domain.find("--") != std::string_view::npos;
}

// ASCII form in lower case by IDNA 2008, as registries apply it.
std::optional<std::string> AsciiDomain(std::string_view domain) {
  if (IsAsciiDomain(domain) && !HasEncodedLabel(domain)) return std::string(domain);
  char* raw = nullptr;
  const std::string input(domain);
  if (idn2_to_ascii_8z(input.c_str(), &raw, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
    return std::nullopt;
  const std::unique_ptr<char, Free> ascii(raw);
  std::string normal = ToLowerAscii(ascii.get());
  if (normal.ends_with('.')) normal.pop_back();
  if (!IsAsciiDomain(normal)) return std::nullopt;
  return normal;
}

std::optional<std::string> Domain(std::string_view value) {
  auto normal = AsciiDomain(value);
  if (normal.has_value() && normal->starts_with("www.")) normal->erase(0, 4);
  return normal;
}

std::optional<std::string> Email(std::string_view value) {
  const std::size_t at = value.rfind('@');
  if (at == std::string_view::npos || at == 0 || value.size() > kEmailSizeMax) return std::nullopt;
  if (value.find_first_of(" \t\r\n<>,;") != std::string_view::npos) return std::nullopt;
  const auto domain = AsciiDomain(value.substr(at + 1));
  if (!domain.has_value()) return std::nullopt;
  return ToLowerAscii(value.substr(0, at)) + "@" + *domain;
}

}  // namespace

std::optional<std::string> NormalizeMatchKey(options::v1::MatchKey form, std::string_view value) {
  const std::string_view trimmed = Trim(value);
  if (trimmed.empty()) return "";
  switch (form) {
    case options::v1::MATCH_KEY_EMAIL:
      return Email(trimmed);
    case options::v1::MATCH_KEY_PHONE:
      return NormalizePhone(trimmed);
    case options::v1::MATCH_KEY_DOMAIN:
      return Domain(trimmed);
    case options::v1::MATCH_KEY_EXACT:
    case options::v1::MATCH_KEY_UNSPECIFIED:
      return std::string(trimmed);
    case options::v1::MatchKey_INT_MIN_SENTINEL_DO_NOT_USE_:
    case options::v1::MatchKey_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  LOTURA_CHECK(false);
}

}  // namespace lotura::resource
