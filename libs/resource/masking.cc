#include "libs/resource/masking.h"

#include "libs/base/text.h"
#include "lotura/type/v1/contact.pb.h"

namespace lotura::resource {
namespace {

constexpr std::string_view kStars = "***";
constexpr std::size_t kDigitsShown = 2;
// Of a shorter number the last digits would be too much of it.
constexpr std::size_t kDigitsMin = 6;

using Masker = std::string (*)(std::string_view);

void MaskTexts(const pbuf::FieldDescriptor& field, Masker masker, pbuf::Message& record) {
  const pbuf::Reflection& reflection = *record.GetReflection();
  if (!field.is_repeated())
    return reflection.SetString(&record, &field, masker(reflection.GetString(record, &field)));
  for (int i = 0; i < reflection.FieldSize(record, &field); ++i) {
    reflection.SetRepeatedString(&record, &field, i,
                                 masker(reflection.GetRepeatedString(record, &field, i)));
  }
}

void MaskPhones(const pbuf::FieldDescriptor& field, pbuf::Message& record) {
  const pbuf::Reflection& reflection = *record.GetReflection();
  for (int i = 0; i < reflection.FieldSize(record, &field); ++i) {
    auto& phone =
        static_cast<type::v1::Phone&>(*reflection.MutableRepeatedMessage(&record, &field, i));
    phone.set_number(MaskPhone(phone.number()));
    phone.clear_extension();
  }
}

// The bytes of the first character of a text that is not empty.
std::string_view FirstCharacter(std::string_view text) {
  constexpr unsigned char kContinuationMask = 0xC0;
  constexpr unsigned char kContinuation = 0x80;
  std::size_t size = 1;
  while (size < text.size() &&
         (static_cast<unsigned char>(text[size]) & kContinuationMask) == kContinuation)
    ++size;
  return text.substr(0, size);
}

}  // namespace

std::string MaskEmail(std::string_view address) {
  if (address.empty()) return "";
  const std::size_t at = address.rfind('@');
  if (at == std::string_view::npos || at == 0) return std::string(kStars);
  return std::string(FirstCharacter(address)).append(kStars).append(address.substr(at));
}

std::string MaskPhone(std::string_view number) {
  if (number.empty()) return "";
  std::string digits;
  for (const char c : number) {
    if (c >= '0' && c <= '9') digits += c;
  }
  std::string masked(kStars);
  if (digits.size() >= kDigitsMin) masked += digits.substr(digits.size() - kDigitsShown);
  return masked;
}

void MaskField(const Column& column, pbuf::Message& record) {
  const bool texts = column.type == ColumnType::kText || column.type == ColumnType::kTextArray;
  switch (column.masking) {
    case options::v1::MASKING_EMAIL:
      return MaskTexts(*column.field, MaskEmail, record);
    case options::v1::MASKING_PHONE:
      return texts ? MaskTexts(*column.field, MaskPhone, record)
                   : MaskPhones(*column.field, record);
    case options::v1::MASKING_UNSPECIFIED:
    case options::v1::Masking_INT_MIN_SENTINEL_DO_NOT_USE_:
    case options::v1::Masking_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  record.GetReflection()->ClearField(&record, column.field);
}

}  // namespace lotura::resource
