#include "tools/lotura/events_verb.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "libs/base/errors.h"
#include "libs/base/text.h"
#include "lotura/events/v1/event_service.pb.h"
#include "tools/lotura/api/field_text.h"
#include "tools/lotura/api/json.h"

namespace lotura::cli {
namespace {

using events::v1::Event;
using events::v1::Heartbeat;
using events::v1::SubscribeRequest;
using events::v1::SubscribeResponse;
using events::v1::Subscription;

// What is granted at first, and given back as it is used up.
constexpr int kCredit = 200;
// Longer than services are silent by default.
constexpr std::chrono::seconds kSilenceMax{60};
constexpr std::chrono::seconds kPause{1};
// Attempts in a row that brought nothing.
constexpr int kAttemptsMax = 30;

std::string Text(const pbuf::Message& message, const char* field) {
  return api::ToText(message, *message.GetDescriptor()->FindFieldByName(field));
}

// "lotura.sales.opportunity.moved.v1" is "opportunity.moved".
std::string ShortType(const std::string& type) {
  const auto parts = Split(type, '.');
  return parts.size() == 5 ? fmt::format("{}.{}", parts[2], parts[3]) : type;
}

Subscription::Start StartOf(const TailFlags& flags) {
  if (!flags.resume_token.empty()) return Subscription::START_TOKEN;
  if (flags.from == "earliest") return Subscription::START_EARLIEST;
  return flags.from == "snapshot" ? Subscription::START_SNAPSHOT : Subscription::START_LATEST;
}

// What is wanted, from wherever it goes on.
class Tail {
 public:
  Tail(const Session& session, const TailFlags& flags) : session_(session), flags_(flags) {
    Subscription& subscription = *request_.mutable_subscription();
    subscription.set_service(flags.service);
    subscription.set_start(StartOf(flags));
    subscription.set_resume_token(flags.resume_token);
    *subscription.mutable_resource_types() = {flags.resource_types.begin(),
                                              flags.resource_types.end()};
    *subscription.mutable_event_types() = {flags.event_types.begin(), flags.event_types.end()};
    *subscription.mutable_names() = {flags.names.begin(), flags.names.end()};
    subscription.set_filter(flags.filter);
    request_.set_credit(kCredit);
  }

  absl::Status Run() {
    last_print_ = std::chrono::steady_clock::now();
    absl::Status outcome;
    for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
      const std::size_t before = printed_;
      outcome = ReadOnce();
      if (done_ || !absl::IsUnavailable(outcome)) break;
      if (printed_ != before) attempt = 0;
      std::this_thread::sleep_for(kPause);
    }
    PrintToken();
    return done_ ? absl::OkStatus() : outcome;
  }

 private:
  absl::Status ReadOnce() {
    LOTURA_ASSIGN_OR_RETURN(
        const auto stream,
        session_.transport.Converse(*pbuf::DescriptorPool::generated_pool()->FindMethodByName(
                                        "lotura.events.v1.EventService.Subscribe"),
                                    flags_.service));
    LOTURA_RETURN_IF_ERROR(stream->Write(request_, session_.timeout));
    int used = 0;
    SubscribeResponse response;
    while (!(done_ = IsDone())) {
      const auto got = stream->Read(response, Patience());
      if (absl::IsDeadlineExceeded(got.status())) {
        if (done_ = IsDone(); done_) break;
        return Unavailable("STREAM_SILENT", "the service has fallen silent");
      }
      LOTURA_RETURN_IF_ERROR(got.status());
      if (!*got) return Unavailable("STREAM_OVER", "the service ended the stream");
      Take(response);
      if (!response.has_heartbeat() && ++used == kCredit / 2) {
        SubscribeRequest more;
        more.set_credit(used);
        used = 0;
        LOTURA_RETURN_IF_ERROR(stream->Write(more, session_.timeout));
      }
    }
    return absl::OkStatus();
  }

  [[nodiscard]] bool IsDone() const {
    if (flags_.limit != 0 && printed_ >= flags_.limit) return true;
    return flags_.idle_seconds != 0 && std::chrono::steady_clock::now() >= IdleEnd();
  }

  [[nodiscard]] std::chrono::steady_clock::time_point IdleEnd() const {
    return last_print_ + std::chrono::seconds(flags_.idle_seconds);
  }

  [[nodiscard]] std::chrono::milliseconds Patience() const {
    if (flags_.idle_seconds == 0) return kSilenceMax;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        IdleEnd() - std::chrono::steady_clock::now());
    return std::clamp<std::chrono::milliseconds>(left, std::chrono::milliseconds(1), kSilenceMax);
  }

  void Take(const SubscribeResponse& response) {
    if (response.has_event() || response.has_record()) {
      Print(response);
      ++printed_;
      last_print_ = std::chrono::steady_clock::now();
    }
    if (response.has_heartbeat()) NoteView(response.heartbeat().view());
    request_.mutable_subscription()->set_start(Subscription::START_TOKEN);
    request_.mutable_subscription()->set_resume_token(response.resume_token());
  }

  void Print(const SubscribeResponse& response) const {
    std::ostream& out = session_.output.out;
    if (session_.output.format == Format::kJson) {
      out << api::ToJson(response, api::JsonStyle::kCompact) << std::endl;
    } else if (response.has_event()) {
      const Event& event = response.event();
      out << fmt::format("{}  {:24}  {}  v{}  {}  {}", Text(event, "time"), ShortType(event.type()),
                         event.subject(), event.change().version(), event.actor(),
                         Text(event.change(), "changed_fields"))
          << std::endl;
    } else {
      out << fmt::format("snapshot  {}  v{}", response.record().name(), response.record().version())
          << std::endl;
    }
  }

  void NoteView(const std::string& view) {
    const bool is_first = view_.empty();
    if (std::exchange(view_, view) == view || is_first) return;
    session_.output.err << "lotura: what you may read has changed; no event tells of records that "
                           "came into your view or left it with that\n";
  }

  void PrintToken() const {
    const std::string& token = request_.subscription().resume_token();
    if (!token.empty() && session_.output.format != Format::kJson)
      session_.output.err << "lotura: go on with --resume " << token << "\n";
  }

  const Session& session_;
  const TailFlags& flags_;
  SubscribeRequest request_;
  std::size_t printed_ = 0;
  bool done_ = false;
  // As the last heartbeat told it.
  std::string view_;
  std::chrono::steady_clock::time_point last_print_;
};

}  // namespace

absl::Status TailEvents(const Session& session, const TailFlags& flags) {
  return Tail(session, flags).Run();
}

}  // namespace lotura::cli
