// Fields of messages from text and as text, by their type alone.
//
//   number, text          as it is; a whole number may not have a fraction
//   bool                  true, false
//   enum                  KIND_WON or won
//   google.type.Money     "1054 USD", "12.50 EUR"
//   google.type.Date      2017-03-01
//   Timestamp             2017-03-01 (midnight UTC) or 2017-03-01T09:30:00Z
//   Duration              90s, 1.5s
//   repeated text         a,b,c or a JSON array
//   any other             JSON
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/message.h>

#include <string>
#include <string_view>

namespace lotura::api {

namespace pbuf = google::protobuf;

// Sets `field`, adding an item if it is repeated. INVALID_ARGUMENT VALUE_MALFORMED if the text does
// not fit the type.
absl::Status AssignText(pbuf::Message& message, const pbuf::FieldDescriptor& field,
                        const std::string& text);

// Sets the field at a path like "annual_revenue" or "amount.units", replacing what a repeated field
// held. An empty text clears it. INVALID_ARGUMENT FIELD_UNKNOWN or VALUE_MALFORMED.
absl::Status SetPath(pbuf::Message& message, std::string_view path, const std::string& text);

// For people: "1,054.00 USD", "won", "2017-03-01", "a, b". Empty for a field that is not set.
std::string ToText(const pbuf::Message& message, const pbuf::FieldDescriptor& field);

// "1,054.50 USD".
std::string MoneyText(std::int64_t units, std::int32_t nanos, const std::string& currency);
// "10,005,534".
std::string GroupedText(std::int64_t number);
// The two largest units that matter: "57 d 3 h", "4 h 5 min", "12 s".
std::string DurationText(std::int64_t seconds);
// "won" for KIND_WON of an enum Kind: the value without the prefix that its enum's name makes.
std::string EnumText(const pbuf::EnumValueDescriptor& value);

}  // namespace lotura::api
