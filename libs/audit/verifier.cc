#include "libs/audit/verifier.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/audit/canonical.h"
#include "libs/audit/digest.h"
#include "libs/audit/seal.h"
#include "libs/base/calendar.h"
#include "libs/events/position.h"

namespace lotura::audit {
namespace {

constexpr std::size_t kDigestSize = 32;
// A seal follows within a second of the commit of what it covers, unless nobody sealed then.
constexpr std::chrono::hours kSealedWithin{1};

std::string PlaceOf(const v1::Entry& entry) {
  return fmt::format("the entry at {} ({}, version {})",
                     events::ToText(FromProto(entry.position())), entry.name(), entry.version());
}

std::vector<std::string> SplitDigests(const std::string& digests) {
  std::vector<std::string> split;
  for (std::size_t at = 0; at + kDigestSize <= digests.size(); at += kDigestSize)
    split.push_back(digests.substr(at, kDigestSize));
  return split;
}

bool StandsFrom(const std::vector<std::string>& list, std::size_t place,
                const std::string& digest) {
  return std::find(list.begin() + static_cast<std::ptrdiff_t>(std::min(place, list.size())),
                   list.end(), digest) != list.end();
}

}  // namespace

Verifier::Verifier(std::vector<VerifyKey> keys, std::vector<v1::Seal> checkpoints, Extent extent)
    : keys_(std::move(keys)), checkpoints_(std::move(checkpoints)), extent_(extent) {}

void Verifier::Take(const v1::SealedEntries& sealed) {
  const v1::Seal& seal = sealed.seal();
  if (IsRepeated(seal)) {
    // Where the days are kept no more the entries stand in one of the parts alone.
    if (!sealed.entries().empty()) Compare(sealed, DigestsOf(sealed));
    return;
  }
  ++report_.seals;
  if (report_.first == 0) report_.first = seal.number();
  report_.last = seal.number();
  CheckSeal(seal);
  CheckPlace(seal);
  CheckEntries(sealed);
  hashes_[seal.number()] = seal.hash();
  before_ = seal;
}

bool Verifier::IsRepeated(const v1::Seal& seal) const {
  const auto known = hashes_.find(seal.number());
  return known != hashes_.end() && known->second == seal.hash() && HashOf(seal) == seal.hash();
}

Report Verifier::Finish() {
  if (extent_ == Extent::kWhole && report_.first > 1)
    Find(1, fmt::format("it is missing, and so is everything before {}", report_.first));
  for (const v1::Seal& checkpoint : checkpoints_) CheckCheckpoint(checkpoint);
  return std::move(report_);
}

void Verifier::CheckCheckpoint(const v1::Seal& checkpoint) {
  const std::int64_t number = checkpoint.number();
  CheckSeal(checkpoint);
  const auto known = hashes_.find(number);
  if (number > report_.last) {
    Find(number, fmt::format("it is missing, and so is everything behind {}: it stood there when "
                             "the checkpoint was taken",
                             report_.last));
  } else if (known != hashes_.end() && known->second != checkpoint.hash()) {
    Find(number, "it is another one than when the checkpoint was taken");
  } else if (known == hashes_.end() && (number >= report_.first || extent_ == Extent::kWhole)) {
    Find(number, "it is missing: it stood there when the checkpoint was taken");
  }
}

void Verifier::CheckSeal(const v1::Seal& seal) {
  if (seal.hash() != HashOf(seal)) Find(seal.number(), "the seal was changed");
  CheckSignature(seal);
}

void Verifier::CheckSignature(const v1::Seal& seal) {
  const auto key = std::ranges::find(keys_, seal.key_id(), &VerifyKey::id);
  if (key == keys_.end()) {
    Find(seal.number(),
         fmt::format("it is signed by the key '{}', which was not given", seal.key_id()));
  } else if (!key->Verify(seal.hash(), seal.signature())) {
    Find(seal.number(), "its signature is wrong");
  }
}

// Behind the seal before, and in the same log.
void Verifier::CheckPlace(const v1::Seal& seal) {
  if (!before_.has_value()) {
    if (seal.number() == 1 && !seal.previous_hash().empty())
      Find(1, "it is not the first one of its log");
    return;
  }
  if (seal.service() != before_->service() || seal.tenant() != before_->tenant())
    Find(seal.number(), "it belongs to the log of another service or tenant");
  if (seal.number() != before_->number() + 1) {
    Find(seal.number(), fmt::format("the seals behind {} are missing", before_->number()));
  } else if (seal.previous_hash() != before_->hash()) {
    Find(seal.number(), "the seal before it is another one than when it was made");
  }
  if (FromProto(seal.first()) <= FromProto(before_->last()))
    Find(seal.number(), "it covers what the seal before it covers");
}

void Verifier::CheckEntries(const v1::SealedEntries& sealed) {
  report_.entries += sealed.entries_size();
  if (!kept_.has_value() && sealed.entries().empty()) {
    ++report_.without_entries;
    return;
  }
  if (!kept_.has_value()) BeginEntries(sealed);
  Compare(sealed, DigestsOf(sealed));
}

void Verifier::BeginEntries(const v1::SealedEntries& all) {
  Instant first = Instant::max();
  for (const v1::Entry& entry : all.entries())
    first = std::min(first, ToInstant(entry.create_time()));
  // Where nobody had sealed for longer, the days before were sealed at that time as well.
  const Instant sealed = ToInstant(all.seal().seal_time());
  kept_ = (sealed - first > kSealedWithin ? sealed : Instant(DayOf(first))) + kSealedWithin;
  if (before_.has_value() && ToInstant(before_->seal_time()) >= *kept_)
    Find(before_->number(), "its entries are missing, though later ones of their day are there");
}

// Days are dropped whole, and a seal may cover the end of one and the beginning of the next.
bool Verifier::MayBeGone(const v1::Seal& seal) const {
  const bool some_are = report_.without_entries > 0 || extent_ == Extent::kPart;
  return some_are && kept_.has_value() && ToInstant(seal.seal_time()) < *kept_;
}

std::vector<std::string> Verifier::DigestsOf(const v1::SealedEntries& sealed) {
  std::vector<std::string> digests;
  const TenantId tenant{Uuid::Parse(sealed.seal().tenant()).value_or(Uuid())};
  for (const v1::Entry& entry : sealed.entries()) {
    const auto exported = FromProto(entry, tenant);
    // What has a wrong form has the digest of nothing.
    digests.push_back(exported.has_value() ? ToBytes(DigestOf(sealed.seal().service(),
                                                              exported->entry, exported->parts))
                                           : std::string());
    if (exported.has_value()) report_.left_out += exported->left_out;
  }
  return digests;
}

// What was sealed and what is there, side by side: what stands later on one of the two sides was
// added or removed before it, all else was changed.
void Verifier::Compare(const v1::SealedEntries& sealed, const std::vector<std::string>& found) {
  const std::int64_t number = sealed.seal().number();
  const std::vector<std::string> expected = SplitDigests(sealed.seal().digests());
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < expected.size() || j < found.size()) {
    if (i < expected.size() && j < found.size() && expected[i] == found[j]) {
      ++i;
      ++j;
    } else if (j >= found.size() || (i < expected.size() && StandsFrom(expected, i, found[j]))) {
      Miss(sealed, i, j);
      ++i;
    } else if (i >= expected.size() || StandsFrom(found, j, expected[i])) {
      Find(number, PlaceOf(sealed.entries(static_cast<int>(j))) + " was added");
      ++j;
    } else {
      Find(number, PlaceOf(sealed.entries(static_cast<int>(j))) + " was changed");
      ++i;
      ++j;
    }
  }
}

void Verifier::Miss(const v1::SealedEntries& sealed, std::size_t place, std::size_t behind) {
  if (MayBeGone(sealed.seal())) {
    ++report_.gone;
    return;
  }
  const std::string where =
      behind == 0 ? std::string()
                  : ", behind " + PlaceOf(sealed.entries(static_cast<int>(behind) - 1));
  Find(sealed.seal().number(), fmt::format("entry {} of {} is missing{}", place + 1,
                                           sealed.seal().digests().size() / kDigestSize, where));
}

void Verifier::Find(std::int64_t seal, std::string what) {
  ++report_.findings_count;
  if (report_.findings.size() < kFindingsMax)
    report_.findings.push_back({.seal = seal, .what = std::move(what)});
}

}  // namespace lotura::audit
