// Values of which only a little is shown.
#pragma once

#include <string>
#include <string_view>

#include "libs/resource/declaration.h"

namespace lotura::resource {

// "a***@example.com". What has no "@" is shown as stars alone, an empty text stays empty.
std::string MaskEmail(std::string_view address);
// "***42"; a number of less than six digits is shown as stars alone, an empty text stays empty.
std::string MaskPhone(std::string_view number);

// Masks the field in the record, as its declaration says; a field without masking is cleared.
void MaskField(const Column& column, pbuf::Message& record);

}  // namespace lotura::resource
