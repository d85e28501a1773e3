// What an answer shows of records: whose, and which of their personal fields.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lotura::audit {

namespace pbuf = google::protobuf;

// A kind of message that tells of a record; lives as long as the process.
struct SightType {
  // "accounts.lotura/Person"; of what is no record the full name of its message.
  std::string name;
  // Whose it is, "accounts".
  std::string service;
  // The fields that belong to a person, at most 64.
  std::vector<const pbuf::FieldDescriptor*> personal = {};
  // The field that names the record; null if there is none.
  const pbuf::FieldDescriptor* name_field = nullptr;
};

// A record that an answer shows.
struct Sight {
  const SightType* type = nullptr;
  // "people/p1", or a full name where the answer has one.
  std::string name;
  // Of `type->personal`, by place, those that have a value.
  std::uint64_t personal = 0;
};

// How one type of answers is looked at; made once. A record is a message with the option
// (google.api.resource), and what an answer says of records in other ways counts as well: states in
// events and in entries of the log, and personal fields of messages that are no records, which
// belong to the record that their first reference names. Thread-safe.
class SightPlan {
 public:
  explicit SightPlan(const pbuf::Descriptor* answer);
  ~SightPlan();
  SightPlan(const SightPlan&) = delete;
  SightPlan& operator=(const SightPlan&) = delete;

  // Whether such an answer never shows anything of a record.
  [[nodiscard]] bool empty() const { return root_ == nullptr; }
  [[nodiscard]] std::vector<Sight> Of(const pbuf::Message& answer) const;

 private:
  struct Node;
  class Maker;

  // Of a recursive type a node refers to itself.
  std::vector<std::unique_ptr<Node>> nodes_;
  const Node* root_ = nullptr;
};

// The type of a record's message; null for a message that is not linked or no record.
const SightType* SightTypeOf(const std::string& message);

}  // namespace lotura::audit
