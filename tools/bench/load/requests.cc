#include "tools/bench/load/requests.h"

#include <fmt/format.h>

#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/errors.h"
#include "libs/base/uuid.h"
#include "lotura/accounts/v1/person.pb.h"
#include "tools/bench/load/people.h"

namespace lotura::bench {
namespace {

using Random = std::mt19937_64;

const std::string kPeople = "lotura.accounts.v1.PersonService/";

std::string NewRequestId() {
  static const SystemClock clock;
  return RandomIds(clock).Next().ToString();
}

Workload CreatePeople(const WorkloadSpec& spec) {
  return {kPeople + "CreatePerson",
          [run = spec.run, random = Random(spec.seed), number = std::uint64_t{0}]() mutable {
            accounts::v1::CreatePersonRequest request = NewPersonRequest(run, number++, random);
            request.set_request_id(NewRequestId());
            return Request{request.SerializeAsString()};
          }};
}

std::string KnownName(std::uint64_t number) { return fmt::format("people/g-{}", number); }

// Each of a number of records once, in an order that looks like chance, then from the beginning.
class Walk {
 public:
  explicit Walk(std::uint64_t records) : records_(records) {}
  std::uint64_t Next() { return std::exchange(at_, (at_ + kStep) % records_); }

 private:
  // A prime above any number of records, so that it divides none of them.
  static constexpr std::uint64_t kStep = 1'000'000'007;

  const std::uint64_t records_;
  std::uint64_t at_ = 0;
};

Workload GetPeople(const WorkloadSpec& spec) {
  return {kPeople + "GetPerson", [first = spec.first, walk = Walk(spec.records)]() mutable {
            accounts::v1::GetPersonRequest request;
            request.set_name(KnownName(first + walk.Next()));
            return Request{request.SerializeAsString()};
          }};
}

Workload GetHotPeople(const WorkloadSpec& spec) {
  return {kPeople + "GetPerson",
          [first = spec.first, records = spec.records, random = Random(spec.seed)]() mutable {
            const double part = std::uniform_real_distribution<double>()(random);
            const double number = static_cast<double>(records) * part * part * part;
            accounts::v1::GetPersonRequest request;
            request.set_name(KnownName(first + static_cast<std::uint64_t>(number)));
            return Request{request.SerializeAsString()};
          }};
}

Workload ListPeople() {
  return {kPeople + "ListPeople", [] {
            accounts::v1::ListPeopleRequest request;
            request.set_page_size(50);
            request.set_order_by("display_name");
            return Request{request.SerializeAsString()};
          }};
}

// Changes people who are there, each with the etag of its last answer.
class Updates {
 public:
  using Change = std::function<void(std::uint64_t round, accounts::v1::UpdatePersonRequest&)>;

  Updates(const WorkloadSpec& spec, Change change)
      : first_(spec.first),
        walk_(spec.records),
        etags_(spec.records, spec.etag),
        change_(std::move(change)) {}

  Request Next() {
    std::uint64_t number = walk_.Next();
    // An empty one is on its way.
    for (std::size_t i = 0; etags_[number].empty() && i < etags_.size(); ++i) number = walk_.Next();
    accounts::v1::UpdatePersonRequest request;
    request.mutable_person()->set_name(KnownName(first_ + number));
    request.mutable_person()->set_etag(std::exchange(etags_[number], ""));
    request.set_request_id(NewRequestId());
    change_(round_++, request);
    return {request.SerializeAsString(), number};
  }

  void Ended(std::uint64_t number, std::string_view answer) {
    accounts::v1::Person person;
    if (person.ParseFromArray(answer.data(), static_cast<int>(answer.size())))
      etags_[number] = person.etag();
  }

 private:
  const std::uint64_t first_;
  Walk walk_;
  std::vector<std::string> etags_;
  const Change change_;
  std::uint64_t round_ = 0;
};

Workload UpdatePeople(const WorkloadSpec& spec, Updates::Change change) {
  const auto updates = std::make_shared<Updates>(spec, std::move(change));
  return {
      kPeople + "UpdatePerson", [updates] { return updates->Next(); },
      [updates](std::uint64_t number, std::string_view answer) { updates->Ended(number, answer); }};
}

Updates::Change NewName(const WorkloadSpec& spec) {
  return [run = spec.run](std::uint64_t round, accounts::v1::UpdatePersonRequest& request) {
    request.mutable_person()->set_given_name(fmt::format("{} {}", run, round));
    request.mutable_update_mask()->add_paths("given_name");
  };
}

Updates::Change NewEmail(const WorkloadSpec& spec) {
  return [run = spec.run](std::uint64_t round, accounts::v1::UpdatePersonRequest& request) {
    request.mutable_person()->set_email(fmt::format("u{}-{}@example.com", run, round));
    request.mutable_update_mask()->add_paths("email");
  };
}

}  // namespace

absl::StatusOr<Workload> MakeWorkload(const WorkloadSpec& spec) {
  if (spec.name == "nothing")
    return Workload{"lotura.bench.v1.NothingService/DoNothing", [] { return Request(); }};
  if (spec.name == "create-person") return CreatePeople(spec);
  if (spec.name == "get-person") return GetPeople(spec);
  if (spec.name == "get-hot-person") return GetHotPeople(spec);
  if (spec.name == "list-people") return ListPeople();
  if (spec.name == "update-person") return UpdatePeople(spec, NewName(spec));
  if (spec.name == "update-email") return UpdatePeople(spec, NewEmail(spec));
  return InvalidArgument("workload", "OUT_OF_RANGE", "is not a workload");
}

}  // namespace lotura::bench
