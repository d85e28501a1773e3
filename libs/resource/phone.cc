#include "libs/resource/phone.h"

#include <phonenumbers/phonemetadata.pb.h>
#include <phonenumbers/phonenumberutil.h>

#include <algorithm>
#include <array>
#include <regex>

#include "libs/base/check.h"

namespace i18n::phonenumbers {

// What the library knows of the countries, in its own binary form; it exports both, but has no
// header that declares them.
int metadata_size();
const void* metadata_get();

}  // namespace i18n::phonenumbers

namespace lotura::resource {
namespace {

using i18n::phonenumbers::PhoneMetadata;
using i18n::phonenumbers::PhoneMetadataCollection;
using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

constexpr std::size_t kCallingCodeSizeMax = 3;
// Within these the parser minds nothing but what stands below.
constexpr std::size_t kNationalSizeMin = 3;
constexpr std::size_t kDigitsMax = 15;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Which calling codes there are, and what people dial within a country before a number, which the
// parser takes away also where it stands behind a calling code: "+49 (0)30 123456".
class CallingCodes {
 public:
  CallingCodes() {
    PhoneMetadataCollection all;
    LOTURA_CHECK(all.ParseFromArray(i18n::phonenumbers::metadata_get(),
                                    i18n::phonenumbers::metadata_size()));
    for (const PhoneMetadata& country : all.metadata()) Add(country);
  }

  // How many digits of an international number are its calling code; 0 if none is known.
  [[nodiscard]] std::size_t SizeIn(std::string_view digits) const {
    if (digits.starts_with('0')) return 0;
    for (std::size_t size = 1; size <= std::min(kCallingCodeSizeMax, digits.size()); ++size) {
      if (codes_[ToNumber(digits.substr(0, size))].is_known) return size;
    }
    return 0;
  }

  // False if the parser leaves the national number as it is.
  [[nodiscard]] bool MayBeginWithPrefix(std::size_t code, std::string_view national) const {
    const std::optional<std::regex>& prefix = codes_[code].prefix;
    return prefix.has_value() && std::regex_search(national.begin(), national.end(), *prefix,
                                                   std::regex_constants::match_continuous);
  }

  static std::size_t ToNumber(std::string_view digits) {
    std::size_t number = 0;
    for (const char digit : digits) number = number * 10 + static_cast<std::size_t>(digit - '0');
    return number;
  }

 private:
  struct Code {
    bool is_known = false;
    std::optional<std::regex> prefix;
  };

  // Countries that share a code share the rules of the main one.
  void Add(const PhoneMetadata& country) {
    std::string main;
    PhoneNumberUtil::GetInstance()->GetRegionCodeForCountryCode(country.country_code(), &main);
    if (main != country.id()) return;
    Code& code = codes_.at(static_cast<std::size_t>(country.country_code()));
    code.is_known = true;
    if (!country.national_prefix_for_parsing().empty())
      code.prefix.emplace(country.national_prefix_for_parsing(), std::regex::optimize);
  }

  std::array<Code, 1000> codes_;
};

// A number that is certain to come out of the parser as it went in; nothing if that is not known.
std::optional<PhoneNumber> Known(std::string_view value) {
  static const CallingCodes codes;
  if (!value.starts_with('+') || value.size() > 1 + kDigitsMax) return std::nullopt;
  const std::string_view digits = value.substr(1);
  if (!std::ranges::all_of(digits, IsDigit)) return std::nullopt;
  const std::size_t size = codes.SizeIn(digits);
  if (size == 0 || digits.size() < size + kNationalSizeMin) return std::nullopt;
  const std::size_t code = CallingCodes::ToNumber(digits.substr(0, size));
  const std::string_view national = digits.substr(size);
  if (national.front() == '0' || codes.MayBeginWithPrefix(code, national)) return std::nullopt;
  PhoneNumber number;
  number.set_country_code(static_cast<int>(code));
  number.set_national_number(CallingCodes::ToNumber(national));
  return number;
}

}  // namespace

std::optional<std::string> NormalizePhone(std::string_view value) {
  const std::optional<PhoneNumber> known = Known(value);
  if (!known.has_value()) return ParsePhone(value);
  if (!PhoneNumberUtil::GetInstance()->IsPossibleNumber(*known)) return std::nullopt;
  return std::string(value);
}

std::optional<std::string> ParsePhone(std::string_view value) {
  const PhoneNumberUtil& util = *PhoneNumberUtil::GetInstance();
  PhoneNumber number;
  if (util.Parse(std::string(value), "ZZ", &number) != PhoneNumberUtil::NO_PARSING_ERROR)
    return std::nullopt;
  if (!util.IsPossibleNumber(number)) return std::nullopt;
  std::string e164;
  util.Format(number, PhoneNumberUtil::E164, &e164);
  return e164;
}

}  // namespace lotura::resource
