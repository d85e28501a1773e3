// Which methods are standard ones, and the fields that those need.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "libs/resource/declaration.h"

namespace lotura::resource {

enum class MethodKind {
  kGet,
  kBatchGet,
  kList,
  kCreate,
  kBatchCreate,
  kUpdate,
  kBatchUpdate,
  kDelete,
  kUndelete,
  kImport,
};

// Those of one record type.
class MethodShapes {
 public:
  explicit MethodShapes(const Declaration& declaration);

  // By the method's name ("BatchGetPriceLists"); nothing for a verb.
  [[nodiscard]] std::optional<MethodKind> KindOf(const pbuf::MethodDescriptor& method) const;
  // INTERNAL naming the message and the field that it lacks.
  [[nodiscard]] absl::Status Check(const pbuf::MethodDescriptor& method, MethodKind kind) const;

 private:
  const Declaration& declaration_;
  std::map<std::string, MethodKind, std::less<>> kinds_;  // methods are no tenant's
};

}  // namespace lotura::resource
