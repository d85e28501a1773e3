// The methods that every record type has, served from its declaration alone.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "libs/resource/imports.h"
#include "libs/resource/lister.h"
#include "libs/resource/unit_of_work.h"
#include "libs/rpc/method.h"

namespace lotura::resource {

// Most records in one batch request (AIP-231).
inline constexpr int kBatchMax = 1000;

// A method that was recognized by its name and the shape of its messages.
struct StandardMethod {
  using Read = std::function<absl::StatusOr<std::shared_ptr<const pbuf::Message>>(
      const Call&, const pbuf::Message&)>;
  using Write = std::function<void(WriteCall)>;
  using Handler = std::variant<Read, Write, rpc::StreamHandler>;

  const pbuf::MethodDescriptor* method = nullptr;
  Handler handler;
};

// The standard methods that `service` declares for `type`: Get, BatchGet, List, Create,
// BatchCreate, Update, BatchUpdate, Delete, Undelete and Import. Whatever else it declares is a
// verb and not among them. Arguments outlive the handlers. INTERNAL naming the message and the
// field that a standard method lacks.
absl::StatusOr<std::vector<StandardMethod>> StandardMethodsOf(
    const pbuf::ServiceDescriptor& service, const RecordType& type, UnitOfWork& unit_of_work,
    const Lister& lister, Imports& imports);

}  // namespace lotura::resource
