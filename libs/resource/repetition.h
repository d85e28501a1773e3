// How a request is recognized when it comes again, and what it is answered then.
#pragma once

#include "libs/resource/store.h"

namespace lotura::resource {

// Over method, principal and the request's canonical bytes.
Sha256Digest HashOf(const Call& call, const pbuf::Message& request);

// A stored answer as a message of the type of `response`; INTERNAL if it cannot be read.
absl::StatusOr<std::shared_ptr<const pbuf::Message>> AnswerFrom(const Answer& answer,
                                                                const pbuf::Message& response);

}  // namespace lotura::resource
