#include "libs/resource/method_shape.h"

#include <fmt/format.h>

#include "libs/base/check.h"
#include "libs/base/errors.h"
#include "lotura/type/v1/import.pb.h"

namespace lotura::resource {
namespace {

using Fields = std::vector<std::string>;

// "Opportunities" of "opportunities", "PriceLists" of "price_lists".
std::string ToPascalCase(std::string_view snake) {
  std::string pascal;
  char before = '_';
  for (const char c : snake) {
    if (c != '_') pascal += before == '_' ? static_cast<char>(c - 'a' + 'A') : c;
    before = c;
  }
  return pascal;
}

Fields RequestFields(MethodKind kind, const Declaration& declaration) {
  const std::string& record = declaration.singular();
  switch (kind) {
    case MethodKind::kGet:
      return {"name"};
    case MethodKind::kBatchGet:
      return {"names"};
    case MethodKind::kList:
      return {"page_size", "page_token", "filter", "order_by"};
    case MethodKind::kCreate:
      return {record, "request_id", "validate_only"};
    case MethodKind::kBatchCreate:
    case MethodKind::kBatchUpdate:
      return {"requests", "request_id", "validate_only"};
    case MethodKind::kUpdate:
      return {record, "update_mask", "request_id", "validate_only"};
    case MethodKind::kDelete:
    case MethodKind::kUndelete:
      return {"name", "etag", "request_id", "validate_only"};
    case MethodKind::kImport:
      return {"import_id", "position", "requests", "validate_only"};
  }
  LOTURA_CHECK(false);
}

Fields ResponseFields(MethodKind kind, const Declaration& declaration) {
  switch (kind) {
    case MethodKind::kList:
      return {declaration.plural(), "next_page_token"};
    case MethodKind::kBatchGet:
    case MethodKind::kBatchCreate:
    case MethodKind::kBatchUpdate:
      return {declaration.plural()};
    case MethodKind::kImport:
      return {"position", "rows"};
    case MethodKind::kGet:
    case MethodKind::kCreate:
    case MethodKind::kUpdate:
    case MethodKind::kDelete:
    case MethodKind::kUndelete:
      return {};
  }
  LOTURA_CHECK(false);
}

absl::Status CheckHas(const pbuf::Descriptor& message, const Fields& fields) {
  for (const std::string& field : fields) {
    if (message.FindFieldByName(field) == nullptr)
      return Internal(fmt::format("{} has no field {}", message.full_name(), field));
  }
  return absl::OkStatus();
}

}  // namespace

MethodShapes::MethodShapes(const Declaration& declaration) : declaration_(declaration) {
  const std::string& one = declaration.message()->name();
  const std::string many = ToPascalCase(declaration.plural());
  kinds_ = {{"Get" + one, MethodKind::kGet},
            {"BatchGet" + many, MethodKind::kBatchGet},
            {"List" + many, MethodKind::kList},
            {"Create" + one, MethodKind::kCreate},
            {"BatchCreate" + many, MethodKind::kBatchCreate},
            {"Update" + one, MethodKind::kUpdate},
            {"BatchUpdate" + many, MethodKind::kBatchUpdate},
            {"Delete" + one, MethodKind::kDelete},
            {"Undelete" + one, MethodKind::kUndelete},
            {"Import" + many, MethodKind::kImport}};
}

std::optional<MethodKind> MethodShapes::KindOf(const pbuf::MethodDescriptor& method) const {
  const auto found = kinds_.find(method.name());
  return found == kinds_.end() ? std::nullopt : std::optional(found->second);
}

absl::Status MethodShapes::Check(const pbuf::MethodDescriptor& method, MethodKind kind) const {
  Fields request = RequestFields(kind, declaration_);
  const bool in_place = kind == MethodKind::kList || kind == MethodKind::kCreate;
  if (in_place && declaration_.pattern().HasParent()) request.emplace_back("parent");
  LOTURA_RETURN_IF_ERROR(CheckHas(*method.input_type(), request));
  const bool streams = method.client_streaming() && method.server_streaming();
  if (kind == MethodKind::kImport &&
      (!streams || method.output_type() != type::v1::ImportResult::descriptor())) {
    return Internal(fmt::format("{} is no stream in both directions that answers with {}",
                                method.full_name(),
                                type::v1::ImportResult::descriptor()->full_name()));
  }
  return CheckHas(*method.output_type(), ResponseFields(kind, declaration_));
}

}  // namespace lotura::resource
