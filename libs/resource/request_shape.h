// Where a standard request has its fields (AIP-131 to 135, 164, 231 to 234).
#pragma once

#include "libs/resource/declaration.h"

namespace lotura::resource {

// Null where the request does not have the field.
struct RequestShape {
  const pbuf::FieldDescriptor* name = nullptr;
  const pbuf::FieldDescriptor* names = nullptr;
  const pbuf::FieldDescriptor* parent = nullptr;
  const pbuf::FieldDescriptor* etag = nullptr;
  const pbuf::FieldDescriptor* record = nullptr;
  const pbuf::FieldDescriptor* record_id = nullptr;
  const pbuf::FieldDescriptor* update_mask = nullptr;
  const pbuf::FieldDescriptor* requests = nullptr;
  const pbuf::FieldDescriptor* request_id = nullptr;
  const pbuf::FieldDescriptor* validate_only = nullptr;
  const pbuf::FieldDescriptor* page_size = nullptr;
  const pbuf::FieldDescriptor* page_token = nullptr;
  const pbuf::FieldDescriptor* filter = nullptr;
  const pbuf::FieldDescriptor* order_by = nullptr;
  const pbuf::FieldDescriptor* show_deleted = nullptr;

  RequestShape(const Declaration& declaration, const pbuf::Descriptor& request);
};

// The value of a text field, "" without the field.
std::string TextOf(const pbuf::Message& request, const pbuf::FieldDescriptor* field);
// The value of a truth field, false without the field.
bool IsSet(const pbuf::Message& request, const pbuf::FieldDescriptor* field);

}  // namespace lotura::resource
