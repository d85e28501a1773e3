#include "tools/lotura/importer/slug.h"

#include <unicode/translit.h>
#include <unicode/unistr.h>

#include "libs/base/check.h"

namespace lotura::importer {

struct SlugMaker::Transliteration {
  std::unique_ptr<icu::Transliterator> rules;
};

SlugMaker::SlugMaker() : transliteration_(std::make_unique<Transliteration>()) {
  UErrorCode error = U_ZERO_ERROR;
  transliteration_->rules.reset(
      icu::Transliterator::createInstance("Any-Latin; Latin-ASCII; Lower", UTRANS_FORWARD, error));
  LOTURA_CHECK(U_SUCCESS(error));
}

SlugMaker::~SlugMaker() = default;

std::string SlugMaker::Make(std::string_view text) const {
  constexpr std::size_t kIdSizeMax = 63;
  icu::UnicodeString unicode =
      icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
  transliteration_->rules->transliterate(unicode);
  std::string latin;
  unicode.toUTF8String(latin);
  std::string slug;
  for (const char c : latin) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      slug += c;
    } else if (c != '\'' && !slug.empty() && slug.back() != '-') {
      slug += '-';
    }
  }
  slug.resize(std::min(slug.size(), kIdSizeMax));
  while (slug.ends_with('-')) slug.pop_back();
  return slug;
}

}  // namespace lotura::importer
