// A bucket of an object store that speaks S3.
#pragma once

#include <string>

#include "libs/audit/object_store.h"

namespace lotura::audit {

// Signs its requests with AWS Signature Version 4, and names the bucket in the path, which every
// store understands.
class S3Store final : public ObjectStore {
 public:
  // `prefix` is empty or ends with "/".
  S3Store(StoreOptions options, std::string bucket, std::string prefix)
      : options_(std::move(options)), bucket_(std::move(bucket)), prefix_(std::move(prefix)) {}

  absl::Status Put(const std::string& name, std::string_view content, Deadline deadline) override;

 private:
  const StoreOptions options_;
  const std::string bucket_;
  const std::string prefix_;
};

}  // namespace lotura::audit
