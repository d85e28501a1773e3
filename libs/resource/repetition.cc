#include "libs/resource/repetition.h"

#include <fmt/format.h>

#include "libs/base/errors.h"
#include "libs/base/stable_bytes.h"

namespace lotura::resource {

Sha256Digest HashOf(const Call& call, const pbuf::Message& request) {
  return Sha256(fmt::format("{}\n{}\n{}", call.method, call.principal.name, StableBytes(request)));
}

absl::StatusOr<std::shared_ptr<const pbuf::Message>> AnswerFrom(const Answer& answer,
                                                                const pbuf::Message& response) {
  std::shared_ptr<pbuf::Message> message(response.New());
  if (!Join(answer, *message)) return Internal("a stored answer cannot be read");
  return message;
}

}  // namespace lotura::resource
