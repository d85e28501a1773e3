#include "libs/resource/repetition.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "libs/base/errors.h"

namespace lotura::resource {
namespace {

std::string CanonicalBytes(const pbuf::Message& request) {
  std::string bytes;
  pbuf::io::StringOutputStream stream(&bytes);
  pbuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  request.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

}  // namespace

Sha256Digest HashOf(const Call& call, const pbuf::Message& request) {
  return Sha256(
      fmt::format("{}\n{}\n{}", call.method, call.principal.name, CanonicalBytes(request)));
}

absl::StatusOr<std::shared_ptr<const pbuf::Message>> AnswerFrom(const Answer& answer,
                                                                const pbuf::Message& response) {
  std::shared_ptr<pbuf::Message> message(response.New());
  if (!Join(answer, *message)) return Internal("a stored answer cannot be read");
  return message;
}

}  // namespace lotura::resource
