#include "libs/resource/store.h"

namespace lotura::resource {

Outcome RepetitionOf(const StoredRequest& stored, const Request& request) {
  Outcome outcome;
  outcome.verdict = stored.hash == request.hash ? Verdict::kReplayed : Verdict::kRequestReused;
  outcome.answer = stored.answer;
  return outcome;
}

}  // namespace lotura::resource
