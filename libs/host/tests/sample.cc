// The smallest service that a process can host: no records, one consumer of its own events and one
// of those of a service that does not exist.
#include "libs/host/process.h"
#include "lotura/sample/v1/sample.pb.h"

namespace lotura::host {
namespace {

absl::Status Take(pg::Tx& /*tx*/, std::span<const events::Event> /*events*/) {
  return absl::OkStatus();
}

absl::StatusOr<sample::v1::PingResponse> Ping(const Call& /*call*/,
                                              const sample::v1::PingRequest& /*request*/,
                                              QueryContext& /*context*/) {
  return sample::v1::PingResponse();
}

absl::Status ServeSample(Service& service) {
  service.Handle("lotura.sample.v1.SampleService/Ping", Ping);
  service.Consume({.name = "echo", .services = {"sample"}, .handler = Take});
  service.Consume({.name = "foreign", .services = {"other"}, .handler = Take});
  return absl::OkStatus();
}

}  // namespace
}  // namespace lotura::host

int main(int argc, char** argv) {
  const std::vector<lotura::pg::Migration> none;
  return lotura::host::Main(
      argc, argv,
      {{.name = "sample", .migrations = &none, .declare = {}, .serve = lotura::host::ServeSample}});
}
