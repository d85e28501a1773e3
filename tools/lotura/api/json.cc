#include "tools/lotura/api/json.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include "libs/base/check.h"
#include "libs/base/errors.h"

namespace lotura::api {

std::string ToJson(const google::protobuf::Message& message, JsonStyle style) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.add_whitespace = style == JsonStyle::kIndented;
  std::string text;
  LOTURA_CHECK(google::protobuf::util::MessageToJsonString(message, &text, options).ok());
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

absl::Status FromJson(const std::string& text, google::protobuf::Message& message) {
  const auto status = google::protobuf::util::JsonStringToMessage(text, &message);
  if (status.ok()) return absl::OkStatus();
  return Error(absl::StatusCode::kInvalidArgument, "JSON_MALFORMED",
               fmt::format("not a {} in JSON: {}", message.GetDescriptor()->name(),
                           std::string(status.message().data(), status.message().size())));
}

}  // namespace lotura::api
