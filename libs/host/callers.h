// Who calls a process, by token or by key.
#pragma once

#include "libs/access/api_keys.h"
#include "libs/access/authority.h"
#include "libs/access/key_uses.h"
#include "libs/cache/moments.h"
#include "libs/events/step_thread.h"
#include "libs/rpc/authenticator.h"

namespace lotura::host {

// Thread-safe, but for Start and Stop, which one thread calls.
class Callers {
 public:
  // All of it outlives this.
  struct Parts {
    rpc::Authenticator& tokens;
    const access::Authority& authority;
    cache::Moments& moments;
    const Clock& clock;
  };
  Callers(const Parts& parts, const observe::Metrics& metrics, const observe::Log& log);
  Callers(const Callers&) = delete;
  Callers& operator=(const Callers&) = delete;

  // Knows all of them.
  [[nodiscard]] rpc::Authenticator& keys() { return keys_; }
  // Tells of the uses of keys from here on.
  void Start() { teller_.Start(); }
  // Tells what has not been told yet.
  void Stop();

 private:
  const Parts parts_;
  access::KeyUses uses_;
  access::ApiKeys keys_;
  events::StepThread teller_;
};

}  // namespace lotura::host
