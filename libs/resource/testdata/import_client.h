// The client's side of an import, without a transport.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "libs/resource/testdata/bench.h"
#include "libs/rpc/method.h"
#include "libs/rpc/stream.h"
#include "libs/rpc/wire_status.h"
#include "lotura/type/v1/import.pb.h"

namespace lotura::resource::testdata {

// Keeps what the session writes. Thread-safe.
class ClientStream final : public rpc::Stream {
 public:
  using Result = type::v1::ImportResult;

  Wrote Write(std::shared_ptr<const pbuf::Message> message) override {
    const std::lock_guard lock(mutex_);
    if (end_.has_value()) return Wrote::kEnded;
    if (results_.size() >= room_) return Wrote::kFull;
    results_.push_back(static_cast<const Result&>(*message));
    changed_.notify_all();
    return Wrote::kQueued;
  }
  void PauseReading() override { SetPaused(Reading::kPaused); }
  void ResumeReading() override { SetPaused(Reading::kOpen); }
  void Finish(const absl::Status& status) override {
    const std::lock_guard lock(mutex_);
    if (!end_.has_value()) end_ = status;
    changed_.notify_all();
  }

  void SetRoom(std::size_t results) {
    const std::lock_guard lock(mutex_);
    room_ = results;
  }
  [[nodiscard]] bool IsPaused() {
    const std::lock_guard lock(mutex_);
    return reading_ == Reading::kPaused;
  }
  [[nodiscard]] std::vector<Result> Results() {
    const std::lock_guard lock(mutex_);
    return results_;
  }
  // Waits until reading is open or the stream is over.
  void AwaitOpen() {
    Await([this] { return reading_ == Reading::kOpen; });
  }
  void AwaitResults(std::size_t count) {
    Await([&] { return results_.size() >= count; });
  }
  absl::Status AwaitEnd() {
    Await([] { return false; });
    const std::lock_guard lock(mutex_);
    return end_.value_or(DeadlineExceeded("the import did not end"));
  }

 private:
  enum class Reading { kOpen, kPaused };

  void SetPaused(Reading reading) {
    const std::lock_guard lock(mutex_);
    reading_ = reading;
    changed_.notify_all();
  }
  template <typename Predicate>
  void Await(const Predicate& predicate) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(30),
                      [&] { return end_.has_value() || predicate(); });
  }

  std::mutex mutex_;  // guards everything below
  std::condition_variable changed_;
  std::vector<Result> results_;
  std::optional<absl::Status> end_;
  std::size_t room_ = 1'000'000;
  Reading reading_ = Reading::kOpen;
};

// One open stream. Used by one thread.
class ImportClient {
 public:
  static constexpr char kImport[] = "8b1a9953-c461-4b6a-a1a6-0b4a00000001";
  using Result = ClientStream::Result;

  explicit ImportClient(const rpc::StreamHandler& handler, Call call = CallAs(1))
      : stream_(std::make_shared<ClientStream>()) {
    call.method = "lotura.testdata.v1.WidgetService/ImportWidgets";
    auto opened = handler(std::make_shared<const Call>(std::move(call)), stream_);
    refused_ = opened.status();
    if (opened.ok()) session_ = *std::move(opened);
  }
  ~ImportClient() { BreakOff(); }
  ImportClient(const ImportClient&) = delete;
  ImportClient& operator=(const ImportClient&) = delete;

  // Waits for its turn, as a client waits for the flow of its stream.
  void Send(const v1::ImportWidgetsRequest& request) {
    stream_->AwaitOpen();
    SendAtOnce(request);
  }
  void SendAtOnce(const v1::ImportWidgetsRequest& request) {
    session_->OnMessage(std::make_unique<v1::ImportWidgetsRequest>(request));
  }
  // Ends the import and waits for the answer.
  absl::Status Close() {
    session_->OnHalfClose();
    return stream_->AwaitEnd();
  }
  void BreakOff() {
    if (session_ != nullptr) session_->OnEnd();
    session_.reset();
  }

  [[nodiscard]] const absl::Status& refused() const { return refused_; }
  [[nodiscard]] rpc::StreamSession& session() { return *session_; }
  [[nodiscard]] ClientStream& stream() { return *stream_; }
  [[nodiscard]] std::vector<Result> results() { return stream_->Results(); }

 private:
  const std::shared_ptr<ClientStream> stream_;  // shared with the session
  std::shared_ptr<rpc::StreamSession> session_;
  absl::Status refused_;
};

inline v1::ImportWidgetsRequest ChunkAt(std::int64_t position,
                                        const std::vector<v1::CreateWidgetRequest>& rows) {
  v1::ImportWidgetsRequest request;
  request.set_import_id(ImportClient::kImport);
  request.set_position(position);
  for (const v1::CreateWidgetRequest& row : rows) *request.add_requests() = row;
  return request;
}

inline v1::CreateWidgetRequest Row(const std::string& id, const std::string& email = "") {
  v1::CreateWidgetRequest row;
  row.set_widget_id(id);
  row.mutable_widget()->set_display_name("Widget " + id);
  row.mutable_widget()->set_email(email);
  return row;
}

// "widgets/a BAD_REQUEST widgets/b": names, and the reasons of rows that were refused.
inline std::string Told(const type::v1::ImportResult& result) {
  std::string told;
  for (const auto& row : result.rows()) {
    if (!told.empty()) told += " ";
    told += row.has_error() ? ReasonOf(rpc::FromWire({.code = row.error().code(),
                                                      .message = row.error().message(),
                                                      .details = row.error().SerializeAsString()}))
                            : row.name();
  }
  return told;
}

}  // namespace lotura::resource::testdata
