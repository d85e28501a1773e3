#include "tools/bench/load/people.h"

#include <fmt/format.h>

#include <array>

namespace lotura::bench {
namespace {

constexpr std::array kGivenNames = {"Ane",  "Jon",   "Miren", "Iker",  "Amaia",
                                    "Unai", "Leire", "Mikel", "Nerea", "Aitor"};
constexpr std::array kFamilyNames = {"Etxeberria", "Agirre",   "Mendizabal", "Zubizarreta",
                                     "Goikoetxea", "Olabarri", "Urrutia",    "Elizondo"};

// Numbers that are well formed and nobody's: Ofcom keeps 020 7946 0000 to 0999 for fiction.
std::string PhoneNumber(std::uint64_t number) {
  return fmt::format("+4420794{:05}", 60'000 + number % 1'000);
}

// As random as the ids that a service chooses, and another one for each number: the finalizer of
// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014), which
// can be inverted.
std::uint64_t Scattered(std::uint64_t number) {
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

}  // namespace

accounts::v1::CreatePersonRequest NewPersonRequest(const std::string& run, std::uint64_t number,
                                                   std::mt19937_64& random) {
  accounts::v1::CreatePersonRequest request;
  request.set_person_id(fmt::format("p{}-{:x}", run, Scattered(number)));
  accounts::v1::Person& person = *request.mutable_person();
  person.set_given_name(kGivenNames[random() % kGivenNames.size()]);
  person.set_family_name(kFamilyNames[random() % kFamilyNames.size()]);
  person.set_display_name(
      fmt::format("{} {} {}", person.given_name(), person.family_name(), number));
  person.set_email(fmt::format("{}@{}.example.com", request.person_id(), number % 97));
  person.add_phones()->set_number(PhoneNumber(number));
  person.set_language_code("eu-ES");
  person.add_tags(number % 2 == 0 ? "customer" : "prospect");
  return request;
}

}  // namespace lotura::bench
