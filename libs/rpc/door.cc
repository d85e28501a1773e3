#include "libs/rpc/door.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/descriptor_database.h>

#include <optional>
#include <set>

#include "libs/base/errors.h"
#include "libs/rpc/health_service.h"
#include "libs/rpc/reflection.h"
#include "lotura/options/v1/options.pb.h"

namespace lotura::rpc {
namespace {

constexpr char kAllUnknown[] = "unknown";

const pbuf::DescriptorPool& Pool() { return *pbuf::DescriptorPool::generated_pool(); }

// "lotura.sales" for "lotura.sales.v1.OpportunityService"; the door's own methods belong to
// "lotura".
std::string DomainOf(std::string_view service) {
  constexpr std::string_view kRoot = "lotura.";
  if (!service.starts_with(kRoot)) return "lotura";
  return std::string(service.substr(0, service.find('.', kRoot.size())));
}

const char* TypeOf(const pbuf::MethodDescriptor& method) {
  if (method.client_streaming()) {
    return method.server_streaming() ? "bidi_stream" : "client_stream";
  }
  return method.server_streaming() ? "server_stream" : "unary";
}

std::string NameOf(const pbuf::MethodDescriptor& method) {
  return method.service()->full_name() + "/" + method.name();
}

bool IsStreaming(const pbuf::MethodDescriptor& method) {
  return method.client_streaming() || method.server_streaming();
}

std::optional<Policy> DeclaredPolicy(const pbuf::MethodDescriptor& method) {
  const options::v1::Rpc& declared = method.options().GetExtension(options::v1::rpc);
  if (declared.permission().empty()) return std::nullopt;
  Policy policy;
  policy.permission = declared.permission();
  policy.operator_only = declared.operator_only();
  if (declared.deadline_ms_max() != 0) {
    policy.deadline_max = std::chrono::milliseconds(declared.deadline_ms_max());
  }
  return policy;
}

const pbuf::MethodDescriptor* FindMethod(std::string name) {
  const std::size_t slash = name.find('/');
  if (slash != std::string::npos) name[slash] = '.';
  return Pool().FindMethodByName(name);
}

// All services of a package in the files that are linked into the process.
std::vector<const pbuf::ServiceDescriptor*> ServicesOf(const std::string& package) {
  std::vector<const pbuf::ServiceDescriptor*> services;
  std::vector<std::string> names;
  pbuf::DescriptorPool::internal_generated_database()->FindAllFileNames(&names);
  for (const std::string& name : names) {
    const pbuf::FileDescriptor* file = Pool().FindFileByName(name);
    if (file == nullptr || file->package() != package) continue;
    for (int i = 0; i < file->service_count(); ++i) services.push_back(file->service(i));
  }
  return services;
}

}  // namespace

Door::Door(const DoorOptions& options, const PipelineParts& parts)
    : unknown_(
          new Method{.name = kAllUnknown,
                     .domain = "lotura",
                     .policy = {},
                     .handler = {},
                     .metrics = MethodMetrics(
                         Side::kServer, {kAllUnknown, kAllUnknown, kAllUnknown}, parts.metrics)}),
      pipeline_(options.pipeline, parts) {
  ServeHealth();
  if (options.reflection == Reflection::kWithToken) ServeReflection();
}

void Door::ServeHealth() {
  const Policy open{.access = Access::kOpen, .permission = {}};
  Put("grpc.health.v1.Health/Check", CheckHealth(health_), open);
  Put("grpc.health.v1.Health/Watch", WatchHealth(health_), open);
}

void Door::ServeReflection() {
  const Policy token{.access = Access::kAnyToken, .permission = {}};
  const ServiceNames services = [this] { return Services(); };
  Put("grpc.reflection.v1.ServerReflection/ServerReflectionInfo", ReflectV1(services), token);
  Put("grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", ReflectV1Alpha(services),
      token);
}

void Door::Handle(const std::string& method, BoundHandler handler) {
  const pbuf::MethodDescriptor* descriptor = FindMethod(method);
  if (descriptor != nullptr && (descriptor->input_type() != handler.request ||
                                descriptor->output_type() != handler.response)) {
    problems_.push_back(fmt::format("{}: its handler takes {} and returns {}", method,
                                    handler.request->full_name(), handler.response->full_name()));
    return;
  }
  Put(method, std::move(handler.handler));
}

void Door::Handle(const std::string& method, BlockingHandler handler) {
  Put(method, std::move(handler));
}

void Door::Handle(const std::string& method, DeferredHandler handler) {
  Put(method, std::move(handler));
}

void Door::Handle(const std::string& method, AsyncHandler handler) {
  Put(method, std::move(handler));
}

void Door::Handle(const std::string& method, StreamHandler handler) {
  Put(method, std::move(handler));
}

void Door::Put(const std::string& name, Method::Handler handler) {
  const pbuf::MethodDescriptor* descriptor = FindMethod(name);
  if (descriptor == nullptr) {
    problems_.push_back(fmt::format("{}: there is no such method", name));
    return;
  }
  const std::optional<Policy> policy = DeclaredPolicy(*descriptor);
  if (!policy.has_value()) {
    problems_.push_back(fmt::format("{}: it has no option (lotura.options.v1.rpc)", name));
    return;
  }
  Put(name, std::move(handler), *policy);
}

void Door::Put(const std::string& name, Method::Handler handler, const Policy& policy) {
  const pbuf::MethodDescriptor* descriptor = FindMethod(name);
  const std::string& service = descriptor->service()->full_name();
  if (IsStreaming(*descriptor) != std::holds_alternative<StreamHandler>(handler)) {
    problems_.push_back(fmt::format("{}: only a streaming method has a handler of streams", name));
    return;
  }
  auto& method = methods_[name];
  if (method != nullptr) {
    problems_.push_back(fmt::format("{}: it has two handlers", name));
    return;
  }
  method.reset(new Method{
      .descriptor = descriptor,
      .name = name,
      .domain = DomainOf(service),
      .policy = policy,
      .handler = std::move(handler),
      .request_prototype =
          pbuf::MessageFactory::generated_factory()->GetPrototype(descriptor->input_type()),
      .metrics = MethodMetrics(Side::kServer, {TypeOf(*descriptor), service, descriptor->name()},
                               pipeline_.metrics())});
  by_path_[method->name] = method.get();
  health_.Add(service);
}

void Door::FindGaps(const std::string& package, std::vector<std::string>& gaps) const {
  const auto services = ServicesOf(package);
  if (services.empty()) gaps.push_back(fmt::format("{}: the package has no service", package));
  for (const pbuf::ServiceDescriptor* service : services) {
    for (int i = 0; i < service->method_count(); ++i) {
      const pbuf::MethodDescriptor& method = *service->method(i);
      const std::string name = NameOf(method);
      if (!methods_.contains(name)) gaps.push_back(fmt::format("{}: it has no handler", name));
      if (!DeclaredPolicy(method).has_value()) {
        gaps.push_back(fmt::format("{}: it has no option (lotura.options.v1.rpc)", name));
      }
    }
  }
}

absl::Status Door::CheckComplete(const std::vector<std::string>& packages) const {
  std::vector<std::string> gaps = problems_;
  for (const std::string& package : packages) FindGaps(package, gaps);
  if (gaps.empty()) return absl::OkStatus();
  return FailedPrecondition(
      "DOOR_INCOMPLETE",
      fmt::format("the table of methods has gaps:\n  {}", fmt::join(gaps, "\n  ")),
      {{"count", std::to_string(gaps.size())}});
}

const Method& Door::Find(std::string_view path) const {
  if (path.starts_with('/')) path.remove_prefix(1);
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? *unknown_ : *found->second;
}

std::vector<std::string> Door::Services() const {
  std::set<std::string> names;
  for (const auto& [name, method] : methods_)
    names.insert(method->descriptor->service()->full_name());
  return {names.begin(), names.end()};
}

}  // namespace lotura::rpc
