#include "libs/resource/request_shape.h"

namespace lotura::resource {

RequestShape::RequestShape(const Declaration& declaration, const pbuf::Descriptor& request)
    : name(request.FindFieldByName("name")),
      names(request.FindFieldByName("names")),
      parent(request.FindFieldByName("parent")),
      etag(request.FindFieldByName("etag")),
      record(request.FindFieldByName(declaration.singular())),
      record_id(request.FindFieldByName(declaration.singular() + "_id")),
      update_mask(request.FindFieldByName("update_mask")),
      requests(request.FindFieldByName("requests")),
      request_id(request.FindFieldByName("request_id")),
      validate_only(request.FindFieldByName("validate_only")),
      page_size(request.FindFieldByName("page_size")),
      page_token(request.FindFieldByName("page_token")),
      filter(request.FindFieldByName("filter")),
      order_by(request.FindFieldByName("order_by")),
      show_deleted(request.FindFieldByName("show_deleted")) {}

std::string TextOf(const pbuf::Message& request, const pbuf::FieldDescriptor* field) {
  return field == nullptr ? std::string() : request.GetReflection()->GetString(request, field);
}

bool IsSet(const pbuf::Message& request, const pbuf::FieldDescriptor* field) {
  return field != nullptr && request.GetReflection()->GetBool(request, field);
}

}  // namespace lotura::resource
