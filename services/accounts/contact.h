// Rules for what organizations and people have in common.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>
#include <google/type/postal_address.pb.h>

#include <string>
#include <string_view>

#include "libs/base/errors.h"
#include "lotura/type/v1/contact.pb.h"

namespace lotura::accounts {

using Addresses = google::protobuf::RepeatedPtrField<google::type::PostalAddress>;
using Phones = google::protobuf::RepeatedPtrField<type::v1::Phone>;
using Texts = google::protobuf::RepeatedPtrField<std::string>;

// Brings each number into its E.164 form, and adds a violation for one that has none. Those that
// `before` (null at creation) has were brought into it then.
void NormalizePhones(const Phones* before, Phones& phones, Violations& violations);

// Adds a violation for each item of the field that is wrong; of phones all but the number.
void CheckAddresses(const Addresses& addresses, Violations& violations);
void CheckPhones(const Phones& phones, Violations& violations);
void CheckEmails(const Texts& emails, Violations& violations);
void CheckTags(const Texts& tags, Violations& violations);

// "US" (ISO 3166-1 alpha-2); only the form is checked.
bool IsCountryCode(std::string_view code);
// "de-AT" (BCP 47); only the form is checked.
bool IsLanguageCode(std::string_view code);

}  // namespace lotura::accounts
