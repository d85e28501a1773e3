#include "libs/resource/unit_of_work.h"

#include <google/protobuf/empty.pb.h>

#include <condition_variable>
#include <deque>
#include <mutex>

#include "libs/base/limits.h"
#include "libs/mutant/use.h"
#include "libs/resource/message_copy.h"
#include "libs/resource/refusal.h"
#include "libs/resource/repetition.h"
#include "libs/resource/shown.h"

namespace lotura::resource {
namespace {

using MessagePtr = UnitOfWork::MessagePtr;

// How often a use case runs again because a record was changed under it.
constexpr int kAttemptsMax = 8;

const pbuf::FieldDescriptor* FieldOf(const pbuf::Message& request, const char* name) {
  return request.GetDescriptor()->FindFieldByName(name);
}

bool IsValidateOnly(const pbuf::Message& request) {
  const auto* field = FieldOf(request, "validate_only");
  return field != nullptr && request.GetReflection()->GetBool(request, field);
}

absl::StatusOr<std::optional<Request>> RequestOf(const Call& call, const pbuf::Message& message) {
  const auto* field = FieldOf(message, "request_id");
  const std::string text =
      field == nullptr ? "" : message.GetReflection()->GetString(message, field);
  if (text.empty()) return std::nullopt;
  const auto id = Uuid::Parse(text);
  if (!id.has_value())
    return InvalidArgument("request_id", "REQUEST_ID_INVALID", "is not a UUID of 36 characters");
  Request request;
  request.id = *id;
  request.hash = HashOf(call, message);
  return request;
}

// The records of an answer: the answer itself, or its elements.
void CollectNames(const Catalog& catalog, const pbuf::Message& answer,
                  std::vector<RecordRef>& found) {
  if (const RecordType* type = catalog.Find(answer.GetDescriptor())) {
    found.push_back({type->declaration.get(), type->declaration->NameOf(answer)});
    return;
  }
  const pbuf::Reflection& reflection = *answer.GetReflection();
  for (int i = 0; i < answer.GetDescriptor()->field_count(); ++i) {
    const auto* field = answer.GetDescriptor()->field(i);
    if (!field->is_repeated() || catalog.Find(field->message_type()) == nullptr) continue;
    for (int k = 0; k < reflection.FieldSize(answer, field); ++k)
      CollectNames(catalog, reflection.GetRepeatedMessage(answer, field, k), found);
  }
}

// What of an answer is kept for repetitions.
MessagePtr Kept(const MessagePtr& answer) {
  const pbuf::Descriptor& type = *answer->GetDescriptor();
  std::shared_ptr<pbuf::Message> kept;
  for (int i = 0; i < type.field_count(); ++i) {
    const pbuf::FieldDescriptor* field = type.field(i);
    if (!field->options().GetExtension(options::v1::field).told_once()) continue;
    if (kept == nullptr) kept = CopyOf(*answer);
    kept->GetReflection()->ClearField(kept.get(), field);
  }
  return kept == nullptr ? answer : kept;
}

// One write on its way, kept by whoever goes on with it: the caller's thread, the combiner, a step.
class Write : public std::enable_shared_from_this<Write> {
 public:
  Write(const EngineParts& parts, Combiner& combiner, WriteCall call, const pbuf::Message& response,
        UnitOfWork::Body body, ReadRecords known)
      : parts_(parts),
        combiner_(combiner),
        call_(std::move(call)),
        response_(response),
        body_(std::move(body)),
        reads_(std::move(known)),
        validate_only_(IsValidateOnly(*call_.request)) {}

  void Begin() {
    auto request = RequestOf(*call_.call, *call_.request);
    if (!request.ok()) {
      Tell(request.status());
      return;
    }
    request_ = *std::move(request);
    Try();
  }

 private:
  // Answers with what the caller may see of it.
  void Tell(absl::StatusOr<MessagePtr> answer) {
    if (answer.ok() && !mutant::Omits("answer.fields"))
      answer = ShownTo(call_.call->principal, parts_.catalog, *std::move(answer), tried_);
    call_.reply(std::move(answer));
  }

  // Runs the use case and hands over what it changed, or answers.
  void Try() {
    if (++attempts_ > 1) reads_ = {};
    Changes changes(parts_, *call_.call, reads_);
    absl::StatusOr<MessagePtr> answer = AnswerOf(changes);
    if (attempts_ == 1 && ReasonOf(answer.status()) == "STALE_ETAG") {
      // A copy from before the version that the caller knows is no reason to refuse him.
      changes.Forget();
      Try();
    } else if (answer.ok()) {
      answer_ = *std::move(answer);
      if (request_.has_value()) touched_ = changes.Touched();
      Commit({call_.call, request_, changes.Take()});
    } else {
      Tell(AnswerFailure(changes, answer.status()));
    }
  }

  // The answer of the body, if nothing speaks against its changes.
  absl::StatusOr<MessagePtr> AnswerOf(Changes& changes) {
    LOTURA_ASSIGN_OR_RETURN(MessagePtr answer, body_(changes));
    LOTURA_RETURN_IF_ERROR(changes.Conclude());
    // What could not be told to the caller is not done.
    if (answer->ByteSizeLong() > kMessageBytesMax) return ResponseTooLarge(kMessageBytesMax);
    return answer;
  }

  void Commit(Unit unit) {
    if (unit.changes.empty() && (!request_.has_value() || validate_only_)) {
      Tell(answer_);
      return;
    }
    if (request_.has_value()) unit.request->answer = Split(*Kept(answer_));
    if (validate_only_) {
      tried_ = unit.changes;
      Decide(parts_.store.Check(unit, call_.call->deadline), unit);
      return;
    }
    combiner_.Submit(std::move(unit), [self = shared_from_this()](absl::StatusOr<Outcome> outcome,
                                                                  const Unit& tried) {
      self->Decide(std::move(outcome), tried);
    });
  }

  // May run on the combiner's thread, which others wait for.
  void Decide(absl::StatusOr<Outcome> outcome, const Unit& unit) {
    if (!outcome.ok()) {
      Reply(outcome.status());
    } else if (outcome->verdict == Verdict::kCommitted) {
      Reply(answer_);
    } else if (outcome->verdict == Verdict::kReplayed) {
      call_.resume([self = shared_from_this(), first = std::move(outcome->answer)] {
        auto answer = AnswerFrom(first, self->response_);
        if (answer.ok()) self->ForgetWritten(**answer, self->touched_);
        self->Tell(std::move(answer));
      });
    } else if (outcome->verdict == Verdict::kStale && attempts_ < kAttemptsMax) {
      call_.resume([self = shared_from_this()] { self->Try(); });
    } else {
      Reply(Refusal(*outcome, unit));
    }
  }

  void Reply(absl::StatusOr<MessagePtr> answer) {
    call_.resume([self = shared_from_this(), answer = std::move(answer)] { self->Tell(answer); });
  }

  // The first answer to the request, if it was committed before.
  absl::StatusOr<std::optional<MessagePtr>> FirstAnswer() {
    LOTURA_ASSIGN_OR_RETURN(
        const auto stored,
        parts_.store.FindRequest(call_.call->principal.tenant, request_->id, call_.call->deadline));
    if (!stored.has_value()) return std::nullopt;
    if (stored->hash != request_->hash) return RequestReused();
    LOTURA_ASSIGN_OR_RETURN(MessagePtr answer, AnswerFrom(stored->answer, response_));
    return answer;
  }

  // What a use case that failed is answered with.
  absl::StatusOr<MessagePtr> AnswerFailure(const Changes& changes, const absl::Status& failure) {
    // What stands in the way now may be the work of this very request, done before.
    if (!request_.has_value()) return failure;
    LOTURA_ASSIGN_OR_RETURN(const auto first, FirstAnswer());
    if (!first.has_value()) return failure;
    ForgetWritten(**first, changes.Touched());
    return *first;
  }

  // The process that committed the request may have died before it told the cache. What was written
  // then is among what the answer names and what the use case comes upon when it runs again, be it
  // that it would change it once more, or that it finds it as it should be.
  void ForgetWritten(const pbuf::Message& first, std::vector<RecordRef> touched) {
    CollectNames(parts_.catalog, first, touched);
    parts_.store.Forget(call_.call->principal.tenant, touched);
  }

  const EngineParts parts_;
  Combiner& combiner_;
  const WriteCall call_;
  const pbuf::Message& response_;
  const UnitOfWork::Body body_;
  // Of one run of the body.
  ReadRecords reads_;
  const bool validate_only_;
  std::optional<Request> request_;
  MessagePtr answer_;
  // By the attempt whose answer that is, if the request may be a repetition.
  std::vector<RecordRef> touched_;
  // What it would change, if it is not to be made.
  std::vector<RecordChange> tried_;
  int attempts_ = 0;
};

// Runs the steps of one write on the thread that waits for its answer.
class Waiting {
 public:
  void Resume(std::function<void()> step) {
    const std::lock_guard lock(mutex_);
    // Nobody would run it, and it knows us: neither would ever be freed.
    if (over_) return;
    steps_.push_back(std::move(step));
    changed_.notify_one();
  }
  void Reply(absl::StatusOr<MessagePtr> answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
    changed_.notify_one();
  }
  absl::StatusOr<MessagePtr> Await(const Deadline& deadline) {
    std::unique_lock lock(mutex_);
    for (;;) {
      const bool came = changed_.wait_until(
          lock, deadline.at(), [this] { return answer_.has_value() || !steps_.empty(); });
      if (!came) {
        over_ = true;
        return DeadlineExceeded("whether the write is made is not known yet");
      }
      if (answer_.has_value()) return *std::move(answer_);
      const auto step = std::move(steps_.front());
      steps_.pop_front();
      lock.unlock();
      step();
      lock.lock();
    }
  }

 private:
  std::mutex mutex_;  // guards the members below
  std::condition_variable changed_;
  std::deque<std::function<void()>> steps_;
  std::optional<absl::StatusOr<MessagePtr>> answer_;
  // Nobody waits any more.
  bool over_ = false;
};

}  // namespace

absl::StatusOr<MessagePtr> UnitOfWork::RunHere(const Call& call, const pbuf::Message& response,
                                               const Body& body) {
  // Shared with whoever commits the unit, who may still hold it when it has answered.
  const auto waiting = std::make_shared<Waiting>();
  Start({.call = std::make_shared<const Call>(call),
         .request = std::make_shared<const pbuf::Empty>(),
         .reply = [waiting](auto answer) { waiting->Reply(std::move(answer)); },
         .resume = [waiting](auto step) { waiting->Resume(std::move(step)); }},
        response, body);
  return waiting->Await(call.deadline);
}

void UnitOfWork::Start(WriteCall call, const pbuf::Message& response, Body body,
                       ReadRecords known) {
  std::make_shared<Write>(parts_, combiner_, std::move(call), response, std::move(body),
                          std::move(known))
      ->Begin();
}

}  // namespace lotura::resource
