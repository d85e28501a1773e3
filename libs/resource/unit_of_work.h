// Runs a use case and commits what it changed, once, whatever happens on the way.
#pragma once

#include "libs/resource/changes.h"
#include "libs/resource/combiner.h"

namespace lotura::resource {

// Thread-safe.
class UnitOfWork {
 public:
  UnitOfWork(EngineParts parts, Combiner& combiner) : parts_(parts), combiner_(combiner) {}

  using MessagePtr = std::shared_ptr<const pbuf::Message>;
  using Body = std::function<absl::StatusOr<MessagePtr>(Changes&)>;

  // `request` may have the fields request_id and validate_only. A request that was committed before
  // is answered with its first answer. With validate_only nothing is written, and the answer is
  // what a write would be answered with now. `body` runs again when a record that it changes was
  // changed by others meanwhile: it must not change anything but `changes`. Of records that it only
  // reads, nothing is promised beyond the moment of reading. `response` is an empty message of the
  // type that the body returns.
  absl::StatusOr<MessagePtr> Run(const Call& call, const pbuf::Message& request,
                                 const pbuf::Message& response, const Body& body);

  // For a verb: `body` returns StatusOr<Response>.
  template <typename Response, typename TypedBody>
  absl::StatusOr<Response> Run(const Call& call, const pbuf::Message& request,
                               const TypedBody& body) {
    LOTURA_ASSIGN_OR_RETURN(const MessagePtr answer,
                            Run(call, request, Response::default_instance(),
                                [&](Changes& changes) -> absl::StatusOr<MessagePtr> {
                                  LOTURA_ASSIGN_OR_RETURN(Response result, body(changes));
                                  return std::make_shared<const Response>(std::move(result));
                                }));
    return static_cast<const Response&>(*answer);
  }

  [[nodiscard]] const EngineParts& parts() const { return parts_; }

 private:
  enum class Mode { kWrite, kValidateOnly };

  // The answer of the body, if nothing speaks against its changes.
  static absl::StatusOr<MessagePtr> Try(const Body& body, Changes& changes);
  absl::StatusOr<Outcome> Finish(const Unit& unit, Mode mode);
  // The first answer to a request that was committed before.
  absl::StatusOr<std::optional<MessagePtr>> FindAnswer(const Call& call, const Request& request,
                                                       const pbuf::Message& response);
  // What a use case that failed is answered with.
  absl::StatusOr<MessagePtr> AnswerFailure(const std::optional<Request>& request,
                                           const pbuf::Message& response, const Changes& changes,
                                           const absl::Status& failure);

  EngineParts parts_;
  Combiner& combiner_;
};

}  // namespace lotura::resource
