#include "tools/lotura/importer/existing.h"

#include <google/protobuf/timestamp.pb.h>

#include "libs/base/check.h"
#include "libs/base/errors.h"
#include "libs/base/names.h"

namespace lotura::importer {
namespace {

using pbuf::FieldDescriptor;

const pbuf::MethodDescriptor& MethodOf(const api::ResourceType& type, api::Verb verb) {
  const auto method = type.Method(verb);
  LOTURA_CHECK(method.ok());
  return **method;
}

// Null if the service has no answer to this request. Whatever else is wrong with it, the row that
// it is about will hear of from the request that follows.
absl::StatusOr<std::unique_ptr<pbuf::Message>> FindAnswer(PatientCaller& caller,
                                                          const pbuf::MethodDescriptor& method,
                                                          const pbuf::Message& request) {
  auto answer = caller.Call(method, request);
  if (IsAboutRequest(answer.status())) return std::unique_ptr<pbuf::Message>();
  return answer;
}

}  // namespace

absl::StatusOr<std::unique_ptr<pbuf::Message>> FindRecord(PatientCaller& caller,
                                                          const api::ResourceType& type,
                                                          const std::string& name) {
  const pbuf::MethodDescriptor& method = MethodOf(type, api::Verb::kGet);
  const auto request = api::NewMessage(*method.input_type());
  request->GetReflection()->SetString(request.get(),
                                      request->GetDescriptor()->FindFieldByName("name"), name);
  return FindAnswer(caller, method, *request);
}

absl::StatusOr<std::unique_ptr<pbuf::Message>> FindAll(PatientCaller& caller,
                                                       const api::ResourceType& type,
                                                       std::span<const PlannedRow* const> rows) {
  const pbuf::MethodDescriptor& method = MethodOf(type, api::Verb::kBatchGet);
  const auto request = api::NewMessage(*method.input_type());
  const pbuf::Reflection* reflection = request->GetReflection();
  const pbuf::Descriptor* descriptor = request->GetDescriptor();
  if (type.HasParent()) {
    reflection->SetString(request.get(), descriptor->FindFieldByName("parent"),
                          std::string(ParentOf(rows.front()->name)));
  }
  for (const PlannedRow* row : rows)
    reflection->AddString(request.get(), descriptor->FindFieldByName("names"), row->name);
  return FindAnswer(caller, method, *request);
}

std::int64_t UpdateTimeOf(const pbuf::Message& record) {
  const FieldDescriptor* field = record.GetDescriptor()->FindFieldByName("update_time");
  if (field == nullptr || field->message_type() == nullptr ||
      field->message_type()->full_name() != "google.protobuf.Timestamp") {
    return 0;
  }
  google::protobuf::Timestamp time;
  time.CopyFrom(record.GetReflection()->GetMessage(record, field));
  return time.seconds() * 1'000'000'000 + time.nanos();
}

}  // namespace lotura::importer
