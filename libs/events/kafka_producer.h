// A producer on librdkafka.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <thread>

#include "libs/events/kafka_config.h"

namespace lotura::events {

// Idempotent, one request in flight for each broker and no timeout: a record is retried in its
// place until the broker has it, so that none overtakes another. What cannot be retried breaks the
// producer. One thread of its own receives the confirmations. Thread-safe.
class KafkaProducer final : public Producer {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaProducer>> Create(const KafkaOptions& options,
                                                               const observe::Log& log);
  ~KafkaProducer() override;
  KafkaProducer(const KafkaProducer&) = delete;
  KafkaProducer& operator=(const KafkaProducer&) = delete;

  absl::Status Produce(const BusRecord& record, Confirm confirm) override;

 private:
  class Reports final : public RdKafka::DeliveryReportCb {
   public:
    explicit Reports(KafkaProducer& producer) : producer_(producer) {}
    void dr_cb(RdKafka::Message& message) override;

   private:
    KafkaProducer& producer_;
  };

  KafkaProducer(const KafkaOptions& options, const observe::Log& log)
      : events_(options, log), reports_(*this) {}

  // What became of the record of this ticket: librdkafka speaks of it no more.
  Confirm Take(std::uintptr_t ticket, RdKafka::ErrorCode outcome);
  void Serve(const std::stop_token& stop);

  KafkaEvents events_;
  Reports reports_;
  std::unique_ptr<RdKafka::Producer> producer_;
  // Set under the mutex.
  std::atomic<bool> broken_ = false;

  std::mutex mutex_;  // guards what follows, and that nothing is given to a broken producer
  // Tickets are numbers in the order in which records came. Those from `first_` on wait, but for
  // gaps where a later record was confirmed sooner; bounded by the queue of librdkafka.
  std::uintptr_t first_ = 1;
  std::deque<Confirm> expected_;

  std::jthread server_;
};

}  // namespace lotura::events
