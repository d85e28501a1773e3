#include "libs/feed/event_service.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ranges>

#include "libs/base/errors.h"

namespace lotura::feed {
namespace {

using events::v1::SubscribeRequest;

// One stream: its first message becomes a subscriber, all others grant credit.
class SubscribeSession final : public rpc::StreamSession {
 public:
  SubscribeSession(const EventService& service, std::shared_ptr<const Call> call,
                   std::shared_ptr<rpc::Stream> stream)
      : service_(service), call_(std::move(call)), stream_(std::move(stream)) {}

  void OnMessage(std::unique_ptr<rpc::pbuf::Message> message) override {
    const auto& request = static_cast<const SubscribeRequest&>(*message);
    const absl::Status taken = begun_ ? Continue(request) : Begin(request);
    if (!taken.ok()) stream_->Finish(taken);
  }

  void OnHalfClose() override { stream_->Finish(absl::OkStatus()); }

  void OnRoom() override {
    const Place place = Found();
    if (place.subscriber == nullptr) return;
    place.subscriber->NoteRoom();
    place.feed->Serve(place.subscriber);
  }

  void OnEnd() override {
    const Place place = Found();
    if (place.subscriber != nullptr) place.feed->Forget(place.subscriber);
    stream_.reset();
  }

 private:
  absl::Status Begin(const SubscribeRequest& request) {
    if (!request.has_subscription())
      return InvalidArgument("subscription", "SUBSCRIPTION_MISSING",
                             "must stand in the first message");
    begun_ = true;
    LOTURA_ASSIGN_OR_RETURN(Feed* const feed, service_.FeedOf(request.subscription().service(),
                                                              "subscription.service"));
    SubscriberPtr subscriber;
    {
      // The feed may fill the stream before it returns.
      const std::lock_guard lock(mutex_);
      LOTURA_ASSIGN_OR_RETURN(subscriber, feed->Subscribe(call_, stream_, request));
      place_ = {feed, subscriber};
    }
    feed->Serve(subscriber);
    return absl::OkStatus();
  }

  absl::Status Continue(const SubscribeRequest& request) {
    if (request.has_subscription())
      return InvalidArgument("subscription", "SUBSCRIPTION_REPEATED",
                             "stands in the first message and in no other");
    const Place place = Found();
    // What is wrong with the first message has been answered.
    if (place.subscriber == nullptr) return absl::OkStatus();
    LOTURA_RETURN_IF_ERROR(place.subscriber->Grant(request.credit()));
    place.feed->Serve(place.subscriber);
    return absl::OkStatus();
  }

  struct Place {
    Feed* feed = nullptr;
    SubscriberPtr subscriber;  // shared with the feed
  };

  Place Found() {
    const std::lock_guard lock(mutex_);
    return place_;
  }

  const EventService& service_;
  const std::shared_ptr<const Call> call_;  // shared with the transport
  std::shared_ptr<rpc::Stream> stream_;     // kept by the transport, too, until OnEnd
  bool begun_ = false;
  std::mutex mutex_;  // guards place_
  Place place_;
};

}  // namespace

EventService::EventService(const std::vector<Feed*>& feeds) {
  for (Feed* feed : feeds) feeds_[feed->catalog().service()] = feed;
}

void EventService::ServeAt(rpc::Door& door) {
  using events::v1::EventSchema;
  using events::v1::GetSchemaRequest;
  using events::v1::ListEventTypesRequest;
  using events::v1::ListEventTypesResponse;
  door.Handle("lotura.events.v1.EventService/Subscribe",
              [this](std::shared_ptr<const Call> call, std::shared_ptr<rpc::Stream> stream)
                  -> absl::StatusOr<std::shared_ptr<rpc::StreamSession>> {
                return std::make_shared<SubscribeSession>(*this, std::move(call),
                                                          std::move(stream));
              });
  door.Handle(
      "lotura.events.v1.EventService/GetSchema",
      rpc::Bind<GetSchemaRequest, EventSchema>(
          [this](const Call&, const GetSchemaRequest& request) { return GetSchema(request); }));
  door.Handle("lotura.events.v1.EventService/ListEventTypes",
              rpc::Bind<ListEventTypesRequest, ListEventTypesResponse>(
                  [this](const Call&, const ListEventTypesRequest& request) {
                    return ListEventTypes(request);
                  }));
}

absl::StatusOr<Feed*> EventService::FeedOf(const std::string& service,
                                           const std::string& field) const {
  const auto found = feeds_.find(service);
  if (found != feeds_.end()) return found->second;
  return InvalidArgument(field, "SERVICE_UNKNOWN",
                         fmt::format("'{}' is not served here; there are {}", service,
                                     fmt::join(std::views::keys(feeds_), ", ")));
}

absl::StatusOr<events::v1::EventSchema> EventService::GetSchema(
    const events::v1::GetSchemaRequest& request) const {
  for (const auto& [service, feed] : feeds_) {
    const auto found = feed->catalog().types().find(request.event_type());
    if (found != feed->catalog().types().end()) return feed->catalog().SchemaOf(found->second);
  }
  return NotFound("event type", request.event_type());
}

absl::StatusOr<events::v1::ListEventTypesResponse> EventService::ListEventTypes(
    const events::v1::ListEventTypesRequest& request) const {
  if (!request.service().empty())
    LOTURA_RETURN_IF_ERROR(FeedOf(request.service(), "service").status());
  events::v1::ListEventTypesResponse response;
  for (const auto& [service, feed] : feeds_) {
    if (!request.service().empty() && service != request.service()) continue;
    for (const auto& [type, event_type] : feed->catalog().types())
      *response.add_event_types() = event_type;
  }
  return response;
}

}  // namespace lotura::feed
