// Whether an exported log is as it was sealed: of every change it says where it is.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/ed25519.h"
#include "libs/base/uuid.h"
#include "lotura/audit/v1/audit_service.pb.h"

namespace lotura::audit {

// Something that is not as it was sealed.
struct Finding {
  // The number of the seal by which it was found.
  std::int64_t seal = 0;
  // What it is, and where: "the entry at 1/4711/12 (opportunities/o1, version 3) was changed".
  std::string what;
};

struct Report {
  std::int64_t seals = 0;
  std::int64_t entries = 0;
  // Of the seals that were read; 0 if there were none.
  std::int64_t first = 0;
  std::int64_t last = 0;
  // Seals at the beginning whose entries are all gone: their days are not kept any more, or
  // somebody removed everything up to there.
  std::int64_t without_entries = 0;
  // Entries that are gone of seals which others of their entries outlived: a day that is not kept
  // any more ended there.
  std::int64_t gone = 0;
  // Contents that the export left out. Only their hashes were compared.
  std::int64_t left_out = 0;
  // At most kFindingsMax, the first ones.
  std::vector<Finding> findings;
  std::int64_t findings_count = 0;
};

// Seals are never dropped: a whole log begins with the first one.
enum class Extent { kWhole, kPart };

// Reads a log seal by seal. Parts that overlap, as those of an archive may, are read as what they
// are: the same seals again. Used by one thread.
class Verifier {
 public:
  static constexpr std::size_t kFindingsMax = 1000;

  // Signatures must be those of one of the keys. Each of the checkpoints, seals that were kept
  // elsewhere, must stand in the log; those before the part that is read are not looked for.
  Verifier(std::vector<VerifyKey> keys, std::vector<v1::Seal> checkpoints,
           Extent extent = Extent::kWhole);

  void Take(const v1::SealedEntries& sealed);
  Report Finish();

 private:
  // Whether it stood there already, as the same.
  [[nodiscard]] bool IsRepeated(const v1::Seal& seal) const;
  void CheckSeal(const v1::Seal& seal);
  void CheckSignature(const v1::Seal& seal);
  void CheckPlace(const v1::Seal& seal);
  void CheckEntries(const v1::SealedEntries& sealed);
  // The first entries of all.
  void BeginEntries(const v1::SealedEntries& all);
  // Whether entries of the seal may be gone with their day.
  [[nodiscard]] bool MayBeGone(const v1::Seal& seal) const;
  // The entry at `place` of those that were sealed, behind so many that are there.
  void Miss(const v1::SealedEntries& sealed, std::size_t place, std::size_t behind);
  void CheckCheckpoint(const v1::Seal& checkpoint);
  void Compare(const v1::SealedEntries& sealed, const std::vector<std::string>& found);
  std::vector<std::string> DigestsOf(const v1::SealedEntries& sealed);
  void Find(std::int64_t seal, std::string what);

  const std::vector<VerifyKey> keys_;
  const std::vector<v1::Seal> checkpoints_;
  const Extent extent_;
  // The seal before.
  std::optional<v1::Seal> before_;
  // Of all seals that were read.
  std::map<std::int64_t, std::string> hashes_;
  // Once an entry has been seen: whatever was sealed from then on is of days that are kept.
  std::optional<Instant> kept_;
  Report report_;
};

}  // namespace lotura::audit
