#include "services/accounts/contact.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "libs/base/text.h"
#include "libs/resource/match_key.h"
#include "services/accounts/domain/reasons.h"

namespace lotura::accounts {
namespace {

constexpr int kAddressLinesMax = 20;
constexpr std::size_t kExtensionSizeMax = 15;
constexpr std::size_t kLabelSizeMax = 50;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

void CheckLines(const Texts& lines, const std::string& path, Violations& violations) {
  if (lines.size() <= kAddressLinesMax) return;
  violations.Add(
      path, reasons::kTooMany,
      fmt::format("has {} items, at most {} are allowed", lines.size(), kAddressLinesMax));
}

void CheckAddress(const google::type::PostalAddress& address, const std::string& path,
                  Violations& violations) {
  if (address.revision() != 0)
    violations.Add(path + ".revision", reasons::kOutOfRange, "is not 0, the only revision");
  if (address.region_code().empty()) {
    violations.Add(path + ".region_code", reasons::kRequired, "is missing");
  } else if (!IsCountryCode(address.region_code())) {
    violations.Add(path + ".region_code", reasons::kFormatInvalid,
                   "is not a region code of two capital letters (CLDR)");
  }
  CheckLines(address.address_lines(), path + ".address_lines", violations);
  CheckLines(address.recipients(), path + ".recipients", violations);
}

void CheckPhone(const type::v1::Phone& phone, const std::string& path, Violations& violations) {
  if (phone.extension().size() > kExtensionSizeMax ||
      !std::ranges::all_of(phone.extension(), IsDigit)) {
    violations.Add(
        path + ".extension", reasons::kFormatInvalid,
        fmt::format("has other characters than digits, or more than {}", kExtensionSizeMax));
  }
  if (Utf8Size(phone.label()).value_or(0) > kLabelSizeMax) {
    violations.Add(path + ".label", reasons::kTooLong,
                   fmt::format("has more than {} characters", kLabelSizeMax));
  }
}

}  // namespace

void NormalizePhones(const Phones* before, Phones& phones, Violations& violations) {
  for (int i = 0; i < phones.size(); ++i) {
    const std::string& number = phones[i].number();
    if (before != nullptr && std::ranges::any_of(*before, [&](const type::v1::Phone& known) {
          return known.number() == number;
        }))
      continue;
    const auto normal = resource::NormalizeMatchKey(options::v1::MATCH_KEY_PHONE, number);
    if (normal.value_or("").empty()) {
      violations.Add(fmt::format("phones[{}].number", i), reasons::kFormatInvalid,
                     "is not an international telephone number, \"+\" and digits");
    } else {
      phones[i].set_number(*normal);
    }
  }
}

void CheckAddresses(const Addresses& addresses, Violations& violations) {
  for (int i = 0; i < addresses.size(); ++i)
    CheckAddress(addresses[i], fmt::format("addresses[{}]", i), violations);
}

void CheckPhones(const Phones& phones, Violations& violations) {
  for (int i = 0; i < phones.size(); ++i)
    CheckPhone(phones[i], fmt::format("phones[{}]", i), violations);
}

void CheckEmails(const Texts& emails, Violations& violations) {
  for (int i = 0; i < emails.size(); ++i) {
    const auto normal = resource::NormalizeMatchKey(options::v1::MATCH_KEY_EMAIL, emails[i]);
    if (normal.value_or("").empty())
      violations.Add(fmt::format("emails[{}]", i), reasons::kFormatInvalid,
                     "is not an address for mail");
  }
}

void CheckTags(const Texts& tags, Violations& violations) {
  std::set<std::string_view> seen;
  for (int i = 0; i < tags.size(); ++i) {
    const std::string path = fmt::format("tags[{}]", i);
    if (Trim(tags[i]).empty()) violations.Add(path, reasons::kRequired, "is empty");
    if (!seen.insert(tags[i]).second)
      violations.Add(path, reasons::kDuplicate, "stands there twice");
  }
}

bool IsCountryCode(std::string_view code) {
  return code.size() == 2 && std::ranges::all_of(code, [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool IsLanguageCode(std::string_view code) {
  constexpr std::size_t kSubtagSizeMax = 8;
  const auto subtags = Split(code, '-');
  if (subtags.front().size() < 2 || !std::ranges::all_of(subtags.front(), IsLetter)) return false;
  return std::ranges::all_of(subtags, [](std::string_view subtag) {
    return !subtag.empty() && subtag.size() <= kSubtagSizeMax &&
           std::ranges::all_of(subtag, [](char c) { return IsLetter(c) || IsDigit(c); });
  });
}

}  // namespace lotura::accounts
