#include "tools/bench/load/requests.h"

#include <fmt/format.h>

#include <array>
#include <random>

#include "libs/base/clock.h"
#include "libs/base/errors.h"
#include "libs/base/uuid.h"
#include "lotura/accounts/v1/person.pb.h"

namespace lotura::bench {
namespace {

using Random = std::mt19937_64;

constexpr std::array kGivenNames = {"Ane",  "Jon",   "Miren", "Iker",  "Amaia",
                                    "Unai", "Leire", "Mikel", "Nerea", "Aitor"};
constexpr std::array kFamilyNames = {"Etxeberria", "Agirre",   "Mendizabal", "Zubizarreta",
                                     "Goikoetxea", "Olabarri", "Urrutia",    "Elizondo"};

std::string PersonId(const std::string& run, std::uint64_t number) {
  return fmt::format("p{}-{}", run, number);
}

// Numbers that are well formed and nobody's: Ofcom keeps 020 7946 0000 to 0999 for fiction.
std::string PhoneNumber(std::uint64_t number) {
  return fmt::format("+4420794{:05}", 60'000 + number % 1'000);
}

accounts::v1::Person NewPerson(const std::string& run, std::uint64_t number, Random& random) {
  accounts::v1::Person person;
  person.set_given_name(kGivenNames[random() % kGivenNames.size()]);
  person.set_family_name(kFamilyNames[random() % kFamilyNames.size()]);
  person.set_display_name(
      fmt::format("{} {} {}", person.given_name(), person.family_name(), number));
  person.set_email(fmt::format("{}@{}.example.com", PersonId(run, number), number % 97));
  person.add_phones()->set_number(PhoneNumber(number));
  person.set_language_code("eu-ES");
  person.add_tags(number % 2 == 0 ? "customer" : "prospect");
  return person;
}

std::string NewRequestId() {
  static const SystemClock clock;
  return RandomIds(clock).Next().ToString();
}

Requests CreatePeople(const WorkloadSpec& spec) {
  return [run = spec.run, random = Random(spec.seed), number = std::uint64_t{0}]() mutable {
    accounts::v1::CreatePersonRequest request;
    *request.mutable_person() = NewPerson(run, number, random);
    request.set_person_id(PersonId(run, number));
    request.set_request_id(NewRequestId());
    ++number;
    return request.SerializeAsString();
  };
}

// A step that no number of records below it divides, so that the walk meets each record once.
constexpr std::uint64_t kStep = 1'000'000'007;

Requests GetPeople(const WorkloadSpec& spec) {
  return [records = spec.records, at = std::uint64_t{0}]() mutable {
    accounts::v1::GetPersonRequest request;
    request.set_name(fmt::format("people/g-{}", at));
    at = (at + kStep) % records;
    return request.SerializeAsString();
  };
}

std::string ListPeople() {
  accounts::v1::ListPeopleRequest request;
  request.set_page_size(50);
  request.set_order_by("display_name");
  return request.SerializeAsString();
}

}  // namespace

absl::StatusOr<Workload> MakeWorkload(const WorkloadSpec& spec) {
  if (spec.name == "nothing")
    return Workload{"lotura.bench.v1.NothingService/DoNothing", [] { return std::string(); }};
  if (spec.name == "create-person")
    return Workload{"lotura.accounts.v1.PersonService/CreatePerson", CreatePeople(spec)};
  if (spec.name == "get-person")
    return Workload{"lotura.accounts.v1.PersonService/GetPerson", GetPeople(spec)};
  if (spec.name == "list-people")
    return Workload{"lotura.accounts.v1.PersonService/ListPeople", ListPeople};
  return InvalidArgument("workload", "OUT_OF_RANGE", "is not a workload");
}

}  // namespace lotura::bench
