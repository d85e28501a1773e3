// HTTP/2 without its socket: calls to bytes, bytes to answers.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tools/bench/load/call.h"
#include "tools/bench/load/request_headers.h"

namespace lotura::bench {

// The client's side of one connection. `headers` and `ended`, to which calls go that are over, must
// outlive it, and so must each call until it is ended or abandoned. Not thread-safe.
class Session {
 public:
  Session(const RequestHeaders& headers, EndedCalls& ended);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // The server has sent its settings.
  [[nodiscard]] bool ready() const { return ready_; }
  // One more call may be submitted: the server allows as many streams, and does not go away.
  [[nodiscard]] bool HasRoom() const;
  // It is broken, or nothing is on its way and nothing can be submitted any more.
  [[nodiscard]] bool IsOver() const;

  void Submit(Call& call);
  // Resets the stream; the call is not ended by the session any more.
  void Abandon(Call& call);
  // False if the server does not speak HTTP/2.
  bool Receive(std::string_view bytes);
  // Appends frames that are due, as long as `out` is small. False if the session is broken.
  bool CollectTo(std::string& out);
  // Ends all calls that are on their way.
  void EndAll(const absl::Status& status);

 private:
  struct Callbacks;
  struct Free {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };

  void End(Call& call, absl::Status status);
  void Forget(Call& call);

  const RequestHeaders& headers_;
  EndedCalls& ended_;
  std::vector<Call*> calls_;
  // Those of calls, and those that were reset but are not closed.
  std::size_t streams_ = 0;
  bool ready_ = false;
  std::unique_ptr<nghttp2_session, Free> session_;
};

}  // namespace lotura::bench
