// The one door of a server: every RPC it serves stands in this table, and nothing is reached around
// it.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "libs/rpc/exchange.h"
#include "libs/rpc/health.h"
#include "libs/rpc/method.h"
#include "libs/rpc/pipeline.h"
#include "libs/rpc/stream.h"

namespace lotura::rpc {

// A use case with the types that it was written for, so that a mismatch with the method shows at
// the start.
struct BoundHandler {
  const pbuf::Descriptor* request;
  const pbuf::Descriptor* response;
  Method::Handler handler;
};

// Makes a handler of `use_case(const Call&, const Request&)`, which returns StatusOr<Response> or
// StatusOr<unique_ptr<Response>>. What it captures by reference must outlive the server.
template <typename Request, typename Response, typename UseCase>
BoundHandler Bind(UseCase use_case) {
  return {Request::descriptor(), Response::descriptor(),
          BlockingHandler([use_case = std::move(use_case)](
                              const Call& call, const pbuf::Message& request) -> Answered {
            auto result = use_case(call, static_cast<const Request&>(request));
            if (!result.ok()) return result.status();
            if constexpr (std::is_same_v<std::decay_t<decltype(*result)>, Response>) {
              return std::make_unique<Response>(*std::move(result));
            } else {
              return *std::move(result);
            }
          })};
}

enum class Reflection { kOff, kWithToken };

struct DoorOptions {
  PipelineOptions pipeline = {};
  Reflection reflection = Reflection::kWithToken;
};

// Handlers are added before the server starts, by one thread; afterwards the table only is read.
// Serves grpc.health.v1.Health and, unless it is off, grpc.reflection.v1 and v1alpha itself.
class Door {
 public:
  Door(const DoorOptions& options, const PipelineParts& parts);
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  // `method` is "lotura.sales.v1.OpportunityService/MoveOpportunity"; its policy is read from the
  // option (lotura.options.v1.rpc). A method that does not exist, has no policy, has a handler
  // already or other types than the handler is reported by CheckComplete.
  void Handle(const std::string& method, BoundHandler handler);
  void Handle(const std::string& method, BlockingHandler handler);
  void Handle(const std::string& method, DeferredHandler handler);
  void Handle(const std::string& method, AsyncHandler handler);
  void Handle(const std::string& method, StreamHandler handler);

  // FAILED_PRECONDITION (DOOR_INCOMPLETE) naming everything that is wrong with the table: methods
  // of these packages' services
  // ("lotura.sales.v1") without handler or policy, packages without a service, and what Handle
  // found.
  [[nodiscard]] absl::Status CheckComplete(const std::vector<std::string>& packages) const;

  // The entry of a method, or the one that stands for all unknown methods. `path` is
  // "/package.Service/Method".
  [[nodiscard]] const Method& Find(std::string_view path) const;
  // Full names of the services that have a handler.
  [[nodiscard]] std::vector<std::string> Services() const;

  [[nodiscard]] Pipeline& pipeline() { return pipeline_; }
  [[nodiscard]] Health& health() { return health_; }

 private:
  void Put(const std::string& name, Method::Handler handler);
  void Put(const std::string& name, Method::Handler handler, const Policy& policy);
  void ServeHealth();
  void ServeReflection();
  void FindGaps(const std::string& package, std::vector<std::string>& gaps) const;

  Health health_;
  std::map<std::string, std::unique_ptr<Method>, std::less<>> methods_;
  std::unordered_map<std::string_view, const Method*> by_path_;
  std::unique_ptr<Method> unknown_;
  std::vector<std::string> problems_;
  // Last, since its end answers calls whose methods and sessions stand above.
  Pipeline pipeline_;
};

}  // namespace lotura::rpc
