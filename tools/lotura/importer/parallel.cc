#include <mutex>
#include <thread>

#include "libs/base/errors.h"
#include "tools/lotura/importer/request_id.h"
#include "tools/lotura/importer/step_runner.h"

namespace lotura::importer {

absl::Status ForEach(std::size_t count, std::size_t threads,
                     const std::function<absl::Status(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> stopped = false;
  std::mutex mutex;  // guards failure
  absl::Status failure;
  const auto drive = [&] {
    for (std::size_t i = next++; i < count && !stopped; i = next++) {
      absl::Status status = work(i);
      if (status.ok()) continue;
      stopped = true;
      const std::lock_guard lock(mutex);
      if (failure.ok()) failure = std::move(status);
    }
  };
  {
    std::vector<std::jthread> pool;
    for (std::size_t i = 0; i < std::min(count, threads); ++i) pool.emplace_back(drive);
  }
  return failure;
}

std::unique_ptr<pbuf::Message> WithRequestId(const StepContext& context,
                                             std::span<const std::string> keys,
                                             const pbuf::Message& request) {
  const std::string content = request.GetDescriptor()->full_name() + request.SerializeAsString();
  const RequestOrigin origin{.mapping = context.mapping.name,
                             .file = context.mapping.tables.at(context.step.table).file,
                             .step = context.step.name,
                             .keys = keys,
                             .content = content};
  std::unique_ptr<pbuf::Message> copy(request.New());
  copy->CopyFrom(request);
  const pbuf::FieldDescriptor* field = copy->GetDescriptor()->FindFieldByName("request_id");
  if (field != nullptr) copy->GetReflection()->SetString(copy.get(), field, RequestId(origin));
  return copy;
}

bool IsMadeByAnother(const absl::Status& status) {
  // The id holds the content, so only the caller can be another one.
  return ReasonOf(status) == "REQUEST_ID_REUSED";
}

}  // namespace lotura::importer
