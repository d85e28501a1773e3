// The hash by which Kafka's clients choose the partition of a key.
#pragma once

#include <cstdint>
#include <string_view>

namespace lotura::events {

// MurmurHash2 with the seed of Kafka's Java client.
std::uint32_t Murmur2(std::string_view key);

// Where Kafka's default partitioner, and ours, puts a key.
inline std::int32_t PartitionOf(std::string_view key, std::int32_t partitions) {
  return static_cast<std::int32_t>(Murmur2(key) & 0x7fffffffU) % partitions;
}

}  // namespace lotura::events
