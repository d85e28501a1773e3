#include "tools/bench/load/session.h"

#include <algorithm>
#include <array>

#include "libs/base/check.h"

namespace lotura::bench {
namespace {

// Wide enough that no answer waits for a window.
constexpr std::int32_t kStreamWindow = 1 << 24;
constexpr std::int32_t kConnectionWindow = 1 << 28;
// A server may allow more than a load should keep in memory.
constexpr std::size_t kStreamsMax = 20'000;
constexpr std::size_t kCollectedMax = 256 << 10;

std::string_view View(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

// What nghttp2 calls while it receives and sends. None of them fails.
struct Session::Callbacks {
  static Call* CallOf(nghttp2_session* session, std::int32_t stream) {
    return static_cast<Call*>(nghttp2_session_get_stream_user_data(session, stream));
  }

  // lint-allow(parameters): as nghttp2 calls it. NOLINTNEXTLINE(readability-function-size)
  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame,
                      const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
                      std::size_t value_size, std::uint8_t /*flags*/, void* /*self*/) {
    Call* const call = CallOf(session, frame->hd.stream_id);
    if (call != nullptr) call->answer.TakeHeader(View(name, name_size), View(value, value_size));
    return 0;
  }

  static int OnData(nghttp2_session* session, std::uint8_t /*flags*/, std::int32_t stream,
                    const std::uint8_t* bytes, std::size_t size, void* /*self*/) {
    Call* const call = CallOf(session, stream);
    if (call != nullptr) call->answer.TakeData(View(bytes, size));
    return 0;
  }

  static int OnFrame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* self) {
    if (frame->hd.type == NGHTTP2_SETTINGS) static_cast<Session*>(self)->ready_ = true;
    return 0;
  }

  static int OnClose(nghttp2_session* session, std::int32_t stream, std::uint32_t error,
                     void* user_data) {
    auto& self = *static_cast<Session*>(user_data);
    --self.streams_;
    Call* const call = CallOf(session, stream);
    if (call != nullptr) self.End(*call, call->answer.ToStatus(error));
    return 0;
  }

  // lint-allow(parameters): as nghttp2 calls it. NOLINTNEXTLINE(readability-function-size)
  static ssize_t Read(nghttp2_session* session, std::int32_t stream, std::uint8_t* bytes,
                      std::size_t size, std::uint32_t* flags, nghttp2_data_source* /*source*/,
                      void* /*self*/) {
    Call* const call = CallOf(session, stream);
    if (call == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const std::size_t read = call->request.copy(reinterpret_cast<char*>(bytes), size, call->sent);
    call->sent += read;
    if (call->sent == call->request.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(read);
  }
};

Session::Session(const RequestHeaders& headers, EndedCalls& ended)
    : headers_(headers), ended_(ended) {
  nghttp2_session_callbacks* callbacks = nullptr;
  LOTURA_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
  const std::unique_ptr<nghttp2_session_callbacks, decltype(&nghttp2_session_callbacks_del)> owned(
      callbacks, nghttp2_session_callbacks_del);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::OnHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::OnData);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::OnFrame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::OnClose);
  nghttp2_session* session = nullptr;
  LOTURA_CHECK(nghttp2_session_client_new(&session, callbacks, this) == 0);
  session_.reset(session);
  constexpr std::array kSettings = {
      nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow}};
  LOTURA_CHECK(
      nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, kSettings.data(), kSettings.size()) == 0);
  LOTURA_CHECK(
      nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kConnectionWindow) == 0);
}

bool Session::HasRoom() const {
  const std::size_t allowed =
      nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return ready_ && streams_ < std::min(allowed, kStreamsMax) &&
         nghttp2_session_check_request_allowed(session_.get()) != 0;
}

bool Session::IsOver() const {
  nghttp2_session* const session = session_.get();
  if (nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0)
    return true;
  return streams_ == 0 && nghttp2_session_check_request_allowed(session) == 0;
}

void Session::Submit(Call& call) {
  const nghttp2_data_provider body{.source = {}, .read_callback = Callbacks::Read};
  const auto& fields = headers_.fields();
  call.stream =
      nghttp2_submit_request(session_.get(), nullptr, fields.data(), fields.size(), &body, &call);
  LOTURA_CHECK(call.stream > 0);
  call.place = calls_.size();
  calls_.push_back(&call);
  ++streams_;
}

void Session::Abandon(Call& call) {
  nghttp2_session_set_stream_user_data(session_.get(), call.stream, nullptr);
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, call.stream, NGHTTP2_CANCEL);
  Forget(call);
}

bool Session::Receive(std::string_view bytes) {
  const auto* begin = reinterpret_cast<const std::uint8_t*>(bytes.data());
  return nghttp2_session_mem_recv(session_.get(), begin, bytes.size()) >= 0;
}

bool Session::CollectTo(std::string& out) {
  while (out.size() < kCollectedMax) {
    const std::uint8_t* frames = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &frames);
    if (size < 0) return false;
    if (size == 0) break;
    out.append(View(frames, static_cast<std::size_t>(size)));
  }
  return true;
}

void Session::EndAll(const absl::Status& status) {
  while (!calls_.empty()) End(*calls_.back(), status);
}

void Session::End(Call& call, absl::Status status) {
  Forget(call);
  ended_.push_back({&call, std::move(status)});
}

void Session::Forget(Call& call) {
  calls_[call.place] = calls_.back();
  calls_[call.place]->place = call.place;
  calls_.pop_back();
  call.stream = 0;
}

}  // namespace lotura::bench
