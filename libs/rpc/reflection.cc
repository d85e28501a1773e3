#include "libs/rpc/reflection.h"

#include <google/protobuf/descriptor.pb.h>
#include <grpc/reflection/v1/reflection.pb.h>
#include <grpc/reflection/v1alpha/reflection.pb.h>

#include <set>

#include "libs/rpc/stream.h"

namespace lotura::rpc {
namespace {

const pbuf::DescriptorPool& Pool() { return *pbuf::DescriptorPool::generated_pool(); }

template <typename Response>
void SayNotFound(Response& response, const std::string& what) {
  auto* error = response.mutable_error_response();
  error->set_error_code(static_cast<int>(absl::StatusCode::kNotFound));
  error->set_error_message("not found: " + what);
}

// The file and all that it imports, so that one answer suffices to understand it.
template <typename Response>
void AddFile(Response& response, const pbuf::FileDescriptor& file, std::set<std::string>& seen) {
  if (!seen.insert(file.name()).second) return;
  pbuf::FileDescriptorProto proto;
  file.CopyTo(&proto);
  *response.mutable_file_descriptor_response()->add_file_descriptor_proto() =
      proto.SerializeAsString();
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(response, *file.dependency(i), seen);
}

template <typename Response>
void AnswerFile(Response& response, const pbuf::FileDescriptor* file, const std::string& what) {
  if (file == nullptr) return SayNotFound(response, what);
  std::set<std::string> seen;
  AddFile(response, *file, seen);
}

template <typename Response>
void AnswerExtension(Response& response, const std::string& type, int number) {
  const pbuf::Descriptor* extended = Pool().FindMessageTypeByName(type);
  const pbuf::FieldDescriptor* extension =
      extended == nullptr ? nullptr : Pool().FindExtensionByNumber(extended, number);
  AnswerFile(response, extension == nullptr ? nullptr : extension->file(), type);
}

template <typename Response>
void AnswerExtensionNumbers(Response& response, const std::string& type) {
  const pbuf::Descriptor* extended = Pool().FindMessageTypeByName(type);
  if (extended == nullptr) return SayNotFound(response, type);
  std::vector<const pbuf::FieldDescriptor*> extensions;
  Pool().FindAllExtensions(extended, &extensions);
  auto* numbers = response.mutable_all_extension_numbers_response();
  numbers->set_base_type_name(type);
  for (const auto* extension : extensions) numbers->add_extension_number(extension->number());
}

template <typename Request, typename Response>
std::shared_ptr<const Response> AnswerTo(const Request& request, const ServiceNames& services) {
  auto response = std::make_shared<Response>();
  response->set_valid_host(request.host());
  *response->mutable_original_request() = request;
  switch (request.message_request_case()) {
    case Request::kFileByFilename:
      AnswerFile(*response, Pool().FindFileByName(request.file_by_filename()),
                 request.file_by_filename());
      break;
    case Request::kFileContainingSymbol:
      AnswerFile(*response, Pool().FindFileContainingSymbol(request.file_containing_symbol()),
                 request.file_containing_symbol());
      break;
    case Request::kFileContainingExtension:
      AnswerExtension(*response, request.file_containing_extension().containing_type(),
                      request.file_containing_extension().extension_number());
      break;
    case Request::kAllExtensionNumbersOfType:
      AnswerExtensionNumbers(*response, request.all_extension_numbers_of_type());
      break;
    case Request::kListServices:
      for (const std::string& name : services()) {
        response->mutable_list_services_response()->add_service()->set_name(name);
      }
      break;
    case Request::MESSAGE_REQUEST_NOT_SET:
      response->mutable_error_response()->set_error_code(
          static_cast<int>(absl::StatusCode::kInvalidArgument));
      response->mutable_error_response()->set_error_message("the request asks nothing");
      break;
  }
  return response;
}

template <typename Request, typename Response>
class ReflectionSession final : public StreamSession {
 public:
  ReflectionSession(ServiceNames services, std::shared_ptr<Stream> stream)
      : services_(std::move(services)), stream_(std::move(stream)) {}

  // The stream stops reading long before its queue of answers is full.
  void OnMessage(std::unique_ptr<pbuf::Message> message) override {
    stream_->Write(AnswerTo<Request, Response>(static_cast<const Request&>(*message), services_));
  }
  void OnHalfClose() override { stream_->Finish(absl::OkStatus()); }

 private:
  const ServiceNames services_;
  const std::shared_ptr<Stream> stream_;  // kept by the transport, too, until OnEnd
};

template <typename Request, typename Response>
StreamHandler Reflect(ServiceNames services) {
  return [services = std::move(services)](
             const auto&,
             std::shared_ptr<Stream> stream) -> absl::StatusOr<std::shared_ptr<StreamSession>> {
    return std::make_shared<ReflectionSession<Request, Response>>(services, std::move(stream));
  };
}

}  // namespace

StreamHandler ReflectV1(ServiceNames services) {
  namespace api = grpc::reflection::v1;
  return Reflect<api::ServerReflectionRequest, api::ServerReflectionResponse>(std::move(services));
}

StreamHandler ReflectV1Alpha(ServiceNames services) {
  namespace api = grpc::reflection::v1alpha;
  return Reflect<api::ServerReflectionRequest, api::ServerReflectionResponse>(std::move(services));
}

}  // namespace lotura::rpc
