// The methods that every record type has, served from its declaration alone.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "libs/resource/imports.h"
#include "libs/resource/lister.h"
#include "libs/resource/record_reads.h"
#include "libs/resource/unit_of_work.h"
#include "libs/rpc/method.h"

namespace lotura::resource {

// Most records in one batch request (AIP-231).
inline constexpr int kBatchMax = 1000;

// A call that reads one record: it needs no thread while it waits.
struct GetCall {
  // Shared with the reactor, which may stop waiting.
  std::shared_ptr<const Call> call;
  std::shared_ptr<const pbuf::Message> request;
  // Called once, from any thread.
  std::function<void(absl::StatusOr<std::shared_ptr<const pbuf::Message>>)> reply;
};

// A method that was recognized by its name and the shape of its messages.
struct StandardMethod {
  using Get = std::function<void(GetCall)>;
  using Read = std::function<absl::StatusOr<std::shared_ptr<const pbuf::Message>>(
      const Call&, const pbuf::Message&)>;
  using Write = std::function<void(WriteCall)>;
  using Handler = std::variant<Get, Read, Write, rpc::StreamHandler>;

  const pbuf::MethodDescriptor* method = nullptr;
  Handler handler;
};

// What standard methods work with; everything outlives them.
struct MethodParts {
  UnitOfWork& unit_of_work;
  RecordReads& reads;
  const Lister& lister;
  Imports& imports;
};

// The standard methods that `service` declares for `type`: Get, BatchGet, List, Create,
// BatchCreate, Update, BatchUpdate, Delete, Undelete and Import. Whatever else it declares is a
// verb and not among them. Arguments outlive the handlers. INTERNAL naming the message and the
// field that a standard method lacks.
absl::StatusOr<std::vector<StandardMethod>> StandardMethodsOf(
    const pbuf::ServiceDescriptor& service, const RecordType& type, const MethodParts& parts);

}  // namespace lotura::resource
