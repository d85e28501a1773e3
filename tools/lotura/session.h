// What every verb works with.
#pragma once

#include <chrono>

#include "libs/base/uuid.h"
#include "tools/lotura/api/resource_model.h"
#include "tools/lotura/api/transport.h"
#include "tools/lotura/output.h"

namespace lotura::cli {

struct Session {
  const api::ResourceModel& model;
  api::Transport& transport;
  // Of the request ids that make a repetition safe.
  IdSource& ids;
  const Output& output;
  std::chrono::milliseconds timeout{10'000};

  // Sends a request of a type that is known here.
  template <typename Answer>
  absl::StatusOr<Answer> Call(const char* service, const char* method,
                              const pbuf::Message& request) const {
    const auto* descriptor =
        pbuf::DescriptorPool::generated_pool()->FindServiceByName(service)->FindMethodByName(
            method);
    auto answer = transport.Call(*descriptor, request, timeout);
    if (!answer.ok()) return answer.status();
    Answer typed;
    typed.CopyFrom(**answer);
    return typed;
  }
};

}  // namespace lotura::cli
