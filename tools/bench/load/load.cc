#include "tools/bench/load/load.h"

#include <fmt/format.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <sys/resource.h>

#include <atomic>
#include <thread>

#include "libs/base/errors.h"
#include "libs/rpc/wire_status.h"
#include "tools/bench/load/arrivals.h"

namespace lotura::bench {
namespace {

using Clock = std::chrono::steady_clock;

// One call on its way; owned by the completion queue until it comes back as a tag.
struct Flight {
  grpc::ClientContext context;
  grpc::ByteBuffer response;
  grpc::Status status;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  Clock::time_point intended;
};

std::chrono::duration<double> CpuOfProcess() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

std::string ReasonOfFailure(const grpc::Status& status) {
  return ReasonOf(rpc::FromWire(
      {static_cast<int>(status.error_code()), status.error_message(), status.error_details()}));
}

class Load {
 public:
  Load(const std::vector<std::shared_ptr<grpc::Channel>>& channels, const Workload& workload,
       const LoadPlan& plan)
      : workload_(workload),
        path_("/" + workload.method),
        plan_(plan),
        begin_(Clock::now()),
        count_from_(begin_ + plan.warm_up),
        end_(count_from_ + plan.measured) {
    for (const auto& channel : channels)
      stubs_.push_back(std::make_unique<grpc::GenericStub>(channel));
  }

  LoadResult Run() {
    std::jthread starter;
    if (plan_.in_flight > 0) {
      for (std::size_t i = 0; i < plan_.in_flight; ++i) Send(Clock::now());
    } else {
      open_ = true;
      starter = std::jthread([this] { SendAtTimes(); });
    }
    while (open_ || unanswered_ > 0) TakeOne();
    result_.measured = plan_.measured;
    result_.cpu = cpu_end_ - cpu_begin_;
    if (overrun_ > 0) result_.failed["OVERRUN"] = overrun_;
    queue_.Shutdown();
    return std::move(result_);
  }

 private:
  void Send(Clock::time_point intended) {
    auto flight = std::make_unique<Flight>();
    flight->intended = intended;
    flight->context.set_deadline(std::chrono::system_clock::now() + plan_.deadline);
    if (!plan_.token.empty()) flight->context.AddMetadata("authorization", "Bearer " + plan_.token);
    const grpc::Slice slice(workload_.requests());
    const grpc::ByteBuffer request(&slice, 1);
    grpc::GenericStub& stub = *stubs_[next_stub_++ % stubs_.size()];
    flight->reader = stub.PrepareUnaryCall(&flight->context, path_, request, &queue_);
    ++unanswered_;
    flight->reader->StartCall();
    Flight* const tag = flight.release();
    tag->reader->Finish(&tag->response, &tag->status, tag);
  }

  // The open loop: on a thread of its own, so that answers cannot delay it.
  void SendAtTimes() {
    Arrivals arrivals(plan_.rate, plan_.seed);
    for (auto at = begin_ + arrivals.Next(); at < end_; at = begin_ + arrivals.Next()) {
      std::this_thread::sleep_until(at);
      if (unanswered_ < plan_.unanswered_max) {
        Send(at);
      } else if (at >= count_from_) {
        ++overrun_;
      }
    }
    open_ = false;
  }

  void TakeOne() {
    void* tag = nullptr;
    bool ok = false;
    constexpr std::chrono::milliseconds kLook{20};
    const auto got = queue_.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + kLook);
    const auto now = Clock::now();
    if (cpu_begin_.count() == 0 && now >= count_from_) cpu_begin_ = CpuOfProcess();
    if (cpu_end_.count() == 0 && now >= end_) cpu_end_ = CpuOfProcess();
    if (got != grpc::CompletionQueue::GOT_EVENT) return;
    const std::unique_ptr<Flight> flight(static_cast<Flight*>(tag));
    --unanswered_;
    Count(*flight, now);
    if (plan_.in_flight > 0 && now < end_) Send(now);
  }

  void Count(const Flight& flight, Clock::time_point now) {
    // A closed loop counts answers, so that none is lost at its end; an open one counts calls.
    const auto counted_at = plan_.in_flight > 0 ? now : flight.intended;
    if (counted_at < count_from_ || counted_at >= end_) return;
    if (flight.status.ok()) {
      ++result_.ok;
      result_.answer_bytes += flight.response.Length();
      result_.ok_latencies.Add(now - flight.intended);
    } else {
      ++result_.failed[ReasonOfFailure(flight.status)];
      result_.failed_latencies.Add(now - flight.intended);
    }
  }

  const Workload& workload_;
  const std::string path_;
  const LoadPlan& plan_;
  const Clock::time_point begin_;
  const Clock::time_point count_from_;
  const Clock::time_point end_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  std::size_t next_stub_ = 0;
  grpc::CompletionQueue queue_;
  std::atomic<std::size_t> unanswered_ = 0;
  std::atomic<bool> open_ = false;
  std::atomic<std::uint64_t> overrun_ = 0;
  std::chrono::duration<double> cpu_begin_{};
  std::chrono::duration<double> cpu_end_{};
  LoadResult result_;
};

}  // namespace

LoadResult RunLoad(const std::vector<std::shared_ptr<grpc::Channel>>& channels,
                   const Workload& workload, const LoadPlan& plan) {
  return Load(channels, workload, plan).Run();
}

}  // namespace lotura::bench
