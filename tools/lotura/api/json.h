// Messages as JSON text, with the field names of the protos.
#pragma once

#include <absl/status/status.h>
#include <google/protobuf/message.h>

#include <string>

namespace lotura::api {

enum class JsonStyle { kCompact, kIndented };

std::string ToJson(const google::protobuf::Message& message, JsonStyle style);

// Replaces what `message` holds. INVALID_ARGUMENT JSON_MALFORMED saying where the text is wrong or
// which field is unknown.
absl::Status FromJson(const std::string& text, google::protobuf::Message& message);

}  // namespace lotura::api
