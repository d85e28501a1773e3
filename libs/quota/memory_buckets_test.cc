// The buckets in memory keep the contract of the shared ones.
#include "libs/quota/memory_buckets.h"

#include "libs/quota/buckets_contract.h"

namespace lotura::quota {
namespace {

class MemoryBench {
 public:
  SharedBuckets& Buckets() { return buckets_; }
  void Pass(std::chrono::milliseconds span) { now_ += span; }

 private:
  Deadline::Point now_{std::chrono::hours(1)};
  MemoryBuckets buckets_{[this] { return now_; }};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, BucketsContract, MemoryBench);

}  // namespace
}  // namespace lotura::quota
