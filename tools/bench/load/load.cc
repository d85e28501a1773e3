#include "tools/bench/load/load.h"

#include <sys/resource.h>

#include <algorithm>
#include <list>

#include "libs/base/errors.h"
#include "tools/bench/load/arrivals.h"
#include "tools/bench/load/connections.h"

namespace lotura::bench {
namespace {

constexpr char kRetryInfo[] = "type.googleapis.com/google.rpc.RetryInfo";

std::chrono::duration<double> CpuOfProcess() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

// A message as gRPC sends it: not compressed, and behind its length.
void Frame(std::string_view message, std::string& framed) {
  framed.assign(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8)
    framed += static_cast<char>(message.size() >> shift & 0xFF);
  framed += message;
}

// One thread that waits for nothing but the next event: a slow server delays no call.
class Load {
 public:
  Load(const Target& target, const Workload& workload, const LoadPlan& plan)
      : workload_(workload),
        plan_(plan),
        begin_(Clock::now()),
        count_from_(begin_ + plan.warm_up),
        end_(count_from_ + plan.measured),
        arrivals_(plan.rate, plan.seed),
        parts_{.addresses = target.addresses,
               .headers = RequestHeaders({.method = workload.method,
                                          .authority = target.authority,
                                          .token = plan.token,
                                          .priority = plan.priority,
                                          .deadline = plan.deadline}),
               .poller = Poller(),
               .ended = {}},
        connections_(plan.connections, parts_) {}

  LoadResult Run() {
    if (IsOpen()) {
      next_start_ = begin_ + arrivals_.Next();
    } else {
      for (std::size_t i = 0; i < plan_.in_flight; ++i) Start(begin_);
    }
    while (!IsOver()) TakeTurn();
    result_.measured = plan_.measured;
    result_.cpu = cpu_end_ - cpu_begin_;
    if (overrun_ > 0) result_.failed["OVERRUN"] = overrun_;
    return std::move(result_);
  }

 private:
  [[nodiscard]] bool IsOpen() const { return plan_.in_flight == 0; }
  [[nodiscard]] bool IsOver() const {
    return on_their_way_.empty() && next_start_ >= end_ && cpu_end_.count() > 0;
  }

  void TakeTurn() {
    connections_.Tend(Clock::now());
    TakeEnded();
    Send();
    for (const epoll_event& event : parts_.poller.Wait(NextEvent())) {
      // What is due leaves before answers are looked at.
      if (StartDue()) connections_.Write();
      static_cast<Connection*>(event.data.ptr)->Handle(event.events);
      TakeEnded();
    }
    Expire();
    ReadCpu();
  }

  void Send() {
    StartDue();
    connections_.Write();
    TakeEnded();
  }

  [[nodiscard]] Clock::time_point NextEvent() const {
    auto next = std::min(NextMark(), connections_.TendAt());
    if (next_start_ < end_) next = std::min(next, next_start_);
    if (!on_their_way_.empty()) next = std::min(next, on_their_way_.front().deadline);
    return next;
  }

  // When the CPU of this process is looked at.
  [[nodiscard]] Clock::time_point NextMark() const {
    if (cpu_begin_.count() == 0) return count_from_;
    return cpu_end_.count() == 0 ? end_ : Clock::time_point::max();
  }

  void ReadCpu() {
    const auto now = Clock::now();
    if (cpu_begin_.count() == 0 && now >= count_from_) cpu_begin_ = CpuOfProcess();
    if (cpu_end_.count() == 0 && now >= end_) cpu_end_ = CpuOfProcess();
  }

  // The open loop: false if nothing was due.
  bool StartDue() {
    bool started = false;
    for (; next_start_ < end_ && next_start_ <= Clock::now();
         next_start_ = begin_ + arrivals_.Next()) {
      if (on_their_way_.size() < plan_.unanswered_max) {
        Start(next_start_);
        started = true;
      } else if (next_start_ >= count_from_) {
        ++overrun_;
      }
    }
    return started;
  }

  void Start(Clock::time_point intended) {
    if (spare_.empty()) spare_.emplace_back();
    connections_.Send(Begin(spare_.begin(), intended));
  }

  Call& Begin(std::list<Call>::iterator spare, Clock::time_point intended) {
    on_their_way_.splice(on_their_way_.end(), spare_, spare);
    Call& call = *spare;
    call.self = spare;
    call.intended = intended;
    call.repetitions = 0;
    Prepare(call, intended);
    const Request request = workload_.next();
    call.number = request.number;
    Frame(request.bytes, call.request);
    return call;
  }

  // To be sent, for the first time or again.
  void Prepare(Call& call, Clock::time_point from) {
    call.begun = Clock::now();
    call.deadline = from + plan_.deadline;
    call.sent = 0;
    call.answer.Clear();
  }

  // False if nobody would ask again, or the load is over.
  bool Repeat(Call& call, const absl::Status& status, Clock::time_point now) {
    if (status.ok() || call.repetitions == plan_.repetitions_max || now >= end_) return false;
    if (IsCounted(call.intended)) ++result_.repetitions;
    ++call.repetitions;
    on_their_way_.splice(on_their_way_.end(), on_their_way_, call.self);
    Prepare(call, now);
    connections_.Send(call);
    return true;
  }

  void TakeEnded() {
    if (parts_.ended.empty()) return;
    const auto now = Clock::now();
    // Calls that start now end no sooner than with the next event.
    for (const EndedCall& ended : parts_.ended) End(*ended.call, ended.status, now);
    parts_.ended.clear();
  }

  void Expire() {
    const auto now = Clock::now();
    while (!on_their_way_.empty() && on_their_way_.front().deadline <= now) {
      Call& call = on_their_way_.front();
      connections_.Abandon(call);
      End(call, DeadlineExceeded("no answer came in time"), now);
    }
  }

  void End(Call& call, const absl::Status& status, Clock::time_point now) {
    CountRefusal(call, status, now);
    if (Repeat(call, status, now)) return;
    Count(call, status, now);
    if (workload_.ended)
      workload_.ended(call.number, status.ok() ? call.answer.message() : std::string_view());
    spare_.splice(spare_.begin(), on_their_way_, call.self);
    if (!IsOpen() && now < end_) connections_.SendAgain(Begin(call.self, now));
  }

  [[nodiscard]] bool IsCounted(Clock::time_point at) const {
    return at >= count_from_ && at < end_;
  }

  void CountRefusal(const Call& call, const absl::Status& status, Clock::time_point now) {
    if (status.code() != absl::StatusCode::kResourceExhausted || !IsCounted(call.intended)) return;
    result_.refused_latencies.Add(now - call.begun);
    if (!status.GetPayload(kRetryInfo).has_value()) ++result_.refused_without_time;
  }

  void Count(const Call& call, const absl::Status& status, Clock::time_point now) {
    // A closed loop counts answers, so that none is lost at its end; an open one counts calls.
    if (!IsCounted(IsOpen() ? call.intended : now)) return;
    if (status.ok()) {
      ++result_.ok;
      result_.answer_bytes += call.answer.message().size();
      result_.ok_latencies.Add(now - call.intended);
    } else {
      ++result_.failed[ReasonOf(status)];
      result_.failed_latencies.Add(now - call.intended);
    }
  }

  const Workload& workload_;
  const LoadPlan& plan_;
  const Clock::time_point begin_;
  const Clock::time_point count_from_;
  const Clock::time_point end_;
  Arrivals arrivals_;
  // Of an open loop.
  Clock::time_point next_start_ = Clock::time_point::max();
  // In the order of their deadlines.
  std::list<Call> on_their_way_;
  std::list<Call> spare_;
  ConnectionParts parts_;
  Connections connections_;
  std::uint64_t overrun_ = 0;
  std::chrono::duration<double> cpu_begin_{};
  std::chrono::duration<double> cpu_end_{};
  LoadResult result_;
};

}  // namespace

LoadResult RunLoad(const Target& target, const Workload& workload, const LoadPlan& plan) {
  return Load(target, workload, plan).Run();
}

}  // namespace lotura::bench
