// Where archives lie: a directory, or a bucket of an object store that speaks S3.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/secret.h"

namespace lotura::audit {

struct StoreOptions {
  // A directory that is there, or "s3://bucket/prefix".
  std::string place;
  // Of S3: "https://s3.eu-central-1.amazonaws.com"; http from this machine alone.
  std::string endpoint;
  std::string region;
  std::string key_id;
  Secret secret;
};

// Used by one thread.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // Whole or not at all, and kept when it returns; takes the place of what had the name. Names are
  // of letters, digits, "-", "." and "/". UNAVAILABLE ARCHIVE_UNWRITABLE, also when the deadline
  // has passed; then it may be there all the same. A directory on a volume that hangs holds up the
  // caller for longer: its deadline is looked at between one part and the next.
  virtual absl::Status Put(const std::string& name, std::string_view content,
                           Deadline deadline) = 0;
};

// INVALID_ARGUMENT ARCHIVE_PLACE naming what is wrong; nothing is asked of an object store yet.
absl::StatusOr<std::unique_ptr<ObjectStore>> OpenStore(const StoreOptions& options);

}  // namespace lotura::audit
