// A feed on a journal in memory, driven step by step, and streams that tests look into.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "libs/base/check.h"
#include "libs/events/memory_history.h"
#include "libs/feed/feed.h"
#include "libs/resource/personal.h"
#include "libs/resource/testdata/widget.pb.h"
#include "libs/testing/fakes.h"
#include "libs/testing/journal_entry.h"
#include "libs/testing/status_matchers.h"

namespace lotura::feed {

using events::v1::Heartbeat;
using events::v1::SubscribeRequest;
using events::v1::SubscribeResponse;
using events::v1::Subscription;
using testdata::v1::Widget;
using testing::IsOk;
using testing::StatusIs;
using Versions = std::vector<std::int64_t>;

// Takes as many messages as the test lets it.
class FakeStream final : public rpc::Stream {
 public:
  Wrote Write(std::shared_ptr<const pbuf::Message> message) override {
    if (end.has_value()) return Wrote::kEnded;
    if (room == 0) return Wrote::kFull;
    --room;
    answers.push_back(static_cast<const SubscribeResponse&>(*message));
    return Wrote::kQueued;
  }
  // A feed takes whatever its client says.
  void PauseReading() override { LOTURA_CHECK(false); }
  void ResumeReading() override { LOTURA_CHECK(false); }
  void Finish(const absl::Status& status) override {
    if (!end.has_value()) end = status;
  }

  [[nodiscard]] Versions versions() const {
    Versions found;
    for (const SubscribeResponse& answer : answers) {
      if (answer.has_event()) found.push_back(answer.event().change().version());
    }
    return found;
  }
  [[nodiscard]] std::vector<Heartbeat::Phase> phases() const {
    std::vector<Heartbeat::Phase> found;
    for (const SubscribeResponse& answer : answers) {
      if (answer.has_heartbeat()) found.push_back(answer.heartbeat().phase());
    }
    return found;
  }

  std::size_t room = 1'000'000;
  std::vector<SubscribeResponse> answers;
  std::optional<absl::Status> end;
};

inline TenantId TenantOf(std::uint8_t number) {
  TenantId tenant;
  tenant.value.bytes[15] = number;
  return tenant;
}

// Counts the tail's reads.
class CountingJournal final : public events::Journal {
 public:
  explicit CountingJournal(events::Journal& journal) : journal_(journal) {}

  std::unique_ptr<events::JournalReader> NewReader() override {
    return std::make_unique<Reader>(journal_.NewReader(), reads);
  }
  absl::StatusOr<std::optional<events::LeaseToken>> Acquire(const std::string& name,
                                                            const Uuid& holder,
                                                            std::chrono::milliseconds duration,
                                                            Deadline deadline) override {
    return journal_.Acquire(name, holder, duration, deadline);
  }
  absl::Status Release(const events::LeaseToken& lease, Deadline deadline) override {
    return journal_.Release(lease, deadline);
  }
  absl::StatusOr<events::Position> LoadCursor(const std::string& relay,
                                              Deadline deadline) override {
    return journal_.LoadCursor(relay, deadline);
  }
  absl::Status SaveCursor(const std::string& relay, const events::Position& position,
                          const events::LeaseToken& lease, Deadline deadline) override {
    return journal_.SaveCursor(relay, position, lease, deadline);
  }

  std::size_t reads = 0;

 private:
  class Reader final : public events::JournalReader {
   public:
    Reader(std::unique_ptr<events::JournalReader> reader, std::size_t& reads)
        : reader_(std::move(reader)), reads_(reads) {}
    absl::StatusOr<std::vector<events::JournalEntry>> Read(const events::Position& after,
                                                           events::ReadLimit limit,
                                                           Deadline deadline) override {
      ++reads_;
      return reader_->Read(after, limit, deadline);
    }
    absl::StatusOr<events::Backlog> Inspect(const events::Position& after,
                                            Deadline deadline) override {
      return reader_->Inspect(after, deadline);
    }

   private:
    std::unique_ptr<events::JournalReader> reader_;
    std::size_t& reads_;
  };

  events::Journal& journal_;
};

class FeedFixture : public ::testing::Test {
 protected:
  explicit FeedFixture(FeedOptions options = {}) : options_(options) {
    EXPECT_THAT(records_.Add<Widget>(), IsOk());
    declarations_ = records_.Declarations();
    lister_.emplace(resource::ListDatabases{database_, database_}, tokens_, declarations_);
    catalog_.emplace("testdata", records_);
    history_.Drop(clock_.Now() - std::chrono::hours(48));
    Restart();
  }

  // As a process that was killed and comes again: nothing but the journal is left.
  void Restart() {
    feed_.emplace(options_, FeedParts{counting_, history_, *lister_, *catalog_, tokens_, clock_},
                  metrics_, log_);
  }

  static Widget WidgetOf(std::int64_t version) {
    Widget widget;
    widget.set_name("widgets/w");
    widget.set_display_name(version % 2 == 0 ? "even" : "odd");
    widget.set_email("w@example.com");
    widget.set_score(version);
    return widget;
  }

  events::JournalEntry Entry(std::int64_t version, std::uint8_t tenant = 1) {
    events::JournalEntry entry = testing::EntryOf(ids_, "widgets/w", version);
    entry.tenant = TenantOf(tenant);
    entry.type = "lotura.testdata.widget.updated.v1";
    entry.resource_type = Widget::descriptor()->full_name();
    const resource::Parts before = resource::Split(WidgetOf(version - 1));
    const resource::Parts after = resource::Split(WidgetOf(version));
    entry.before_plain = before.plain;
    entry.before_personal = before.personal;
    entry.after_plain = after.plain;
    entry.after_personal = after.personal;
    return entry;
  }
  void Write(std::int64_t from, std::int64_t to, std::uint8_t tenant = 1) {
    for (std::int64_t version = from; version <= to; ++version)
      journal_.Append({Entry(version, tenant)});
  }

  static std::shared_ptr<const Call> CallOf(std::uint8_t tenant,
                                            std::vector<std::string> permissions = {"*"}) {
    return std::make_shared<const Call>(
        Call{.principal = {TenantOf(tenant), "users/anna", std::move(permissions), Grounds::kToken},
             .method = "lotura.events.v1.EventService/Subscribe",
             .deadline = Deadline::After(std::chrono::hours(1))});
  }

  static SubscribeRequest RequestOf(Subscription::Start start, int credit = 1000) {
    SubscribeRequest request;
    request.mutable_subscription()->set_service("testdata");
    request.mutable_subscription()->set_start(start);
    request.set_credit(credit);
    return request;
  }
  static SubscribeRequest ResumeAt(const std::string& token, int credit = 1000) {
    SubscribeRequest request = RequestOf(Subscription::START_TOKEN, credit);
    request.mutable_subscription()->set_resume_token(token);
    return request;
  }

  struct Follower {
    std::shared_ptr<FakeStream> stream;  // shared with the feed
    SubscriberPtr subscriber;

    [[nodiscard]] std::string token() const { return stream->answers.back().resume_token(); }
  };

  Follower Follow(const SubscribeRequest& request, std::uint8_t tenant = 1,
                  std::size_t room = 1'000'000) {
    return FollowBy(CallOf(tenant), request, room);
  }
  Follower FollowBy(std::shared_ptr<const Call> call, const SubscribeRequest& request,
                    std::size_t room = 1'000'000) {
    Follower follower{.stream = std::make_shared<FakeStream>()};
    follower.stream->room = room;
    auto subscriber = feed_->Subscribe(std::move(call), follower.stream, request);
    EXPECT_THAT(subscriber.status(), IsOk());
    follower.subscriber = *subscriber;
    feed_->Serve(follower.subscriber);
    return follower;
  }

  absl::Status Refusal(const SubscribeRequest& request,
                       std::vector<std::string> permissions = {"*"}) {
    return feed_
        ->Subscribe(CallOf(1, std::move(permissions)), std::make_shared<FakeStream>(), request)
        .status();
  }

  void Grant(const Follower& follower, int credit) {
    EXPECT_THAT(follower.subscriber->Grant(credit), IsOk());
    feed_->Serve(follower.subscriber);
  }
  void MakeRoom(const Follower& follower, std::size_t room) {
    follower.stream->room = room;
    follower.subscriber->NoteRoom();
    feed_->Serve(follower.subscriber);
  }

  // Lets tail and readers do all there is to do.
  void Settle() {
    for (int i = 0; i < 200; ++i) {
      feed_->RunTail();
      bool read = false;
      while (feed_->RunReader()) read = true;
      if (!read && i > 3) return;
    }
    ADD_FAILURE() << "readers found no end";
  }

  double Metric(const std::string& series) const {
    const std::string text = metrics_.Exposition();
    const std::size_t at = text.find("\n" + series);
    return at == std::string::npos ? -1 : std::stod(text.substr(text.find(' ', at + 1)));
  }

  const FeedOptions options_;
  testing::FakeClock clock_;
  testing::FakeIds ids_;
  observe::Metrics metrics_{"testdata"};
  observe::Log log_{{.service = "testdata", .level = observe::Level::kError}, metrics_};
  events::MemoryJournal journal_{clock_};
  CountingJournal counting_{journal_};
  events::MemoryHistory history_{journal_, clock_};
  // Opened by nobody: snapshots are tried on PostgreSQL.
  pg::Database database_{pg::Options{}};
  resource::PageTokens tokens_ = *resource::PageTokens::Create({{.id = "k1"}});
  resource::Catalog records_;
  std::vector<const resource::Declaration*> declarations_;
  std::optional<resource::Lister> lister_;
  std::optional<EventCatalog> catalog_;
  std::optional<Feed> feed_;
};

}  // namespace lotura::feed
