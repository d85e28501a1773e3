// The record types that the API offers, read from the descriptors that are linked into the program.
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lotura::api {

namespace pbuf = google::protobuf;

enum class Verb { kGet, kBatchGet, kList, kCreate, kBatchCreate, kUpdate, kDelete, kUndelete };

// One record type: its message carries a google.api.resource option.
struct ResourceType {
  const pbuf::Descriptor* message = nullptr;
  // "sales.lotura/Stage".
  std::string type;
  // "sales".
  std::string service;
  // "pipelines", "stages".
  std::vector<std::string> collections;
  // "stage" and "Stages", as in the names of request fields and methods.
  std::string singular;
  std::string plural;
  // The service of the same package that serves it; null if there is none.
  const pbuf::ServiceDescriptor* api = nullptr;

  // The method by its name of AIP 131 to 135, 164 and 231 to 233; UNIMPLEMENTED if the API lacks
  // it.
  [[nodiscard]] absl::StatusOr<const pbuf::MethodDescriptor*> Method(Verb verb) const;
  // A method by its own name, "MoveOpportunity"; null if there is none.
  [[nodiscard]] const pbuf::MethodDescriptor* FindMethod(const std::string& name) const;
  [[nodiscard]] bool HasParent() const { return collections.size() > 1; }
  [[nodiscard]] const std::string& Collection() const { return collections.back(); }
  // "//sales.lotura/".
  [[nodiscard]] std::string Host() const;
  // "pipelines/{pipeline}/stages/{stage}".
  [[nodiscard]] std::string Pattern() const;
};

// A record: its type and its name without the host.
struct RecordName {
  const ResourceType* type = nullptr;
  std::string name;
};

// A collection; `parent` is empty for a top-level one, or if it was not given.
struct CollectionName {
  const ResourceType* type = nullptr;
  std::string parent;
};

// Immutable. Pointers into it stay valid as long as it lives.
class ResourceModel {
 public:
  // Everything below the package "lotura".
  static ResourceModel OfLinkedProtos();

  ResourceModel(ResourceModel&&) = default;

  // "pipelines/p1/stages/s1" or "//sales.lotura/pipelines/p1/stages/s1". INVALID_ARGUMENT with the
  // patterns that come nearest.
  [[nodiscard]] absl::StatusOr<RecordName> Find(std::string_view name) const;
  // "stages", "pipelines/p1/stages", or either after "//sales.lotura/". INVALID_ARGUMENT with the
  // collections that there are.
  [[nodiscard]] absl::StatusOr<CollectionName> FindCollection(std::string_view collection) const;
  [[nodiscard]] const std::deque<ResourceType>& types() const { return types_; }

 private:
  ResourceModel() = default;

  std::deque<ResourceType> types_;
};

// A new message of this type.
std::unique_ptr<pbuf::Message> NewMessage(const pbuf::Descriptor& descriptor);

// The only repeated field of `message` whose items are of type `item`; null if there is none.
const pbuf::FieldDescriptor* FindListOf(const pbuf::Descriptor& message,
                                        const pbuf::Descriptor& item);

// The string field `field` of a record; empty if it has none.
std::string TextOf(const pbuf::Message& record, const char* field);

}  // namespace lotura::api
