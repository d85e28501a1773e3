// What roles speak of: the record types and permissions that the linked protos declare.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "libs/resource/declaration.h"

namespace lotura::access {

// Immutable and thread-safe. No tenant's.
class Vocabulary {
 public:
  // Made once for the process. What is declared wrongly is left out: its own service does not
  // start.
  static const Vocabulary& Linked();

  // Of "sales.lotura/Opportunity"; null if no proto declares it.
  [[nodiscard]] const resource::Declaration* FindType(std::string_view type) const;
  // Of "//sales.lotura/opportunities/o1"; null if it is the name of no record that is shown to
  // anybody.
  [[nodiscard]] const resource::Declaration* FindTypeOfName(std::string_view full_name) const;
  // Whether an RPC, or the setting of times, asks for something that is permitted so. A "*" at the
  // end stands for all below.
  [[nodiscard]] bool KnowsPermission(std::string_view permission) const;

 private:
  Vocabulary();
  void AddType(const google::protobuf::Descriptor* message);
  void AddService(const google::protobuf::ServiceDescriptor& service);

  std::map<std::string, std::unique_ptr<const resource::Declaration>, std::less<>> types_;
  std::set<std::string> permissions_;
};

// "sales.opportunities": what the permissions of a type begin with.
std::string PermissionPrefixOf(const resource::Declaration& declaration);
// What reading records of the type takes, as its Get method declares it, or as that would if it had
// one: "sales.stages.read".
std::string ReadPermissionOf(const resource::Declaration& declaration);

}  // namespace lotura::access
