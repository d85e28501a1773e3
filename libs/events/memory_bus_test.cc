// The contract of a bus, kept by the one in memory. tsan
#include "libs/events/memory_bus.h"

#include "libs/testing/bus_contract.h"

namespace lotura::events {

class MemoryBusBackend {
 public:
  Bus& bus() { return bus_; }
  void Stop() { bus_.Stop(); }
  void Start() { bus_.Start(); }
  void Expire(const Place& first) { bus_.Expire(first); }
  [[nodiscard]] std::size_t TooLarge() const { return kLimits.record_bytes + 1; }

 private:
  static constexpr MemoryBus::Limits kLimits{.queued = 100, .kept = 10'000, .record_bytes = 1000};
  MemoryBus bus_{kLimits};
};

namespace {

TEST(MemoryBusTest, BrokenProducerFailsWhatItHoldsAndRefusesMore) {
  MemoryBus bus;
  ASSERT_THAT(bus.EnsureTopic({.name = "t"}, Deadline::After(std::chrono::seconds(1))),
              testing::IsOk());
  const auto producer = bus.NewProducer().value();
  absl::Status outcome;
  bus.Stop();
  ASSERT_THAT(producer->Produce({.topic = "t", .key = "k"},
                                [&](const absl::Status& status) { outcome = status; }),
              testing::IsOk());

  bus.BreakProducers();

  EXPECT_THAT(outcome, testing::StatusIs(absl::StatusCode::kFailedPrecondition, "PRODUCER_BROKEN"));
  EXPECT_THAT(producer->Produce({.topic = "t", .key = "k"}, [](const absl::Status&) {}),
              testing::StatusIs(absl::StatusCode::kFailedPrecondition, "PRODUCER_BROKEN"));
}

}  // namespace
}  // namespace lotura::events

namespace lotura::testing {

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, BusContract, events::MemoryBusBackend);

}  // namespace lotura::testing
