// Whatever is changed in a sealed log is found, and said where it is.
#include "libs/audit/verifier.h"

#include <gmock/gmock.h>

#include "libs/audit/testdata/sealed_log.h"
#include "libs/base/calendar.h"

namespace lotura::audit {
namespace {

using ::testing::HasSubstr;

// The only finding; an empty one if there is none or there are several.
Finding OnlyOf(const Report& report) {
  EXPECT_EQ(report.findings_count, 1) << (report.findings.empty() ? "" : report.findings[0].what);
  return report.findings.size() == 1 ? report.findings.front() : Finding();
}

void ExpectFound(const Report& report, std::int64_t seal, const std::string& what) {
  const Finding finding = OnlyOf(report);
  EXPECT_EQ(finding.seal, seal);
  EXPECT_THAT(finding.what, HasSubstr(what));
}

TEST(VerifierTest, ALogThatNobodyChangedIsAsItWasSealed) {
  const SealedLog log;

  const Report report = log.Verify({log.parts[1].seal(), log.parts[2].seal()});

  EXPECT_EQ(report.findings_count, 0);
  EXPECT_EQ(report.seals, 3);
  EXPECT_EQ(report.entries, 9);
  EXPECT_EQ(report.first, 1);
  EXPECT_EQ(report.last, 3);
}

TEST(VerifierTest, OneByteOfAnyPartOfAnEntryIsFoundWhereItIs) {
  const auto change = [](const std::function<void(v1::Entry&)>& how) {
    SealedLog log;
    how(*log.parts[1].mutable_entries(1));
    ExpectFound(log.Verify(), 2, "(opportunities/o1, version 5) was changed");
  };

  change([](v1::Entry& entry) { (*entry.mutable_after_plain()->mutable_content())[0] ^= 1; });
  change(
      [](v1::Entry& entry) { entry.mutable_before_personal()->mutable_content()->push_back(0); });
  change([](v1::Entry& entry) { entry.mutable_detail()->clear_content(); });
  change([](v1::Entry& entry) { entry.set_actor("users/ben"); });
  change([](v1::Entry& entry) { entry.set_changed_fields(""); });
  change([](v1::Entry& entry) { entry.add_person_keys("people/c"); });
  change([](v1::Entry& entry) { entry.mutable_create_time()->set_nanos(1'000); });
  change([](v1::Entry& entry) { entry.set_event_id("none"); });
  // What one field loses another one gains.
  change([](v1::Entry& entry) {
    entry.set_cause(entry.cause() + entry.traceparent().substr(0, 1));
    entry.set_traceparent(entry.traceparent().substr(1));
  });
}

TEST(VerifierTest, PartsThatOverlapAreReadAsTheSame) {
  SealedLog log;
  log.parts.insert(log.parts.begin() + 2, {log.parts[0], log.parts[1]});

  const Report report = log.Verify({log.parts[4].seal()});

  EXPECT_EQ(report.findings_count, 0);
  EXPECT_EQ(report.seals, 3);
  EXPECT_EQ(report.entries, 9);

  (*log.parts[3].mutable_entries(1)->mutable_after_plain()->mutable_content())[0] ^= 1;
  ExpectFound(log.Verify(), 2, "(opportunities/o1, version 5) was changed");
}

TEST(VerifierTest, AnEntryThatIsMissingIsFoundWhereItWas) {
  SealedLog log;
  log.parts[0].mutable_entries()->DeleteSubrange(1, 1);
  ExpectFound(log.Verify(), 1, "entry 2 of 3 is missing, behind the entry at 1/701/1 (");

  SealedLog first;
  first.parts[0].mutable_entries()->DeleteSubrange(0, 1);
  ExpectFound(first.Verify(), 1, "entry 1 of 3 is missing");

  SealedLog last;
  last.parts[2].mutable_entries()->RemoveLast();
  ExpectFound(last.Verify(), 3, "entry 4 of 4 is missing, behind the entry at 1/708/8");
}

TEST(VerifierTest, AnEntryThatWasAddedOrMovedIsFound) {
  SealedLog log;
  v1::Entry added = log.parts[1].entries(0);
  added.set_version(99);
  *log.parts[1].add_entries() = added;
  ExpectFound(log.Verify(), 2, "version 99) was added");

  SealedLog moved;
  moved.parts[0].mutable_entries()->SwapElements(0, 1);
  EXPECT_GT(moved.Verify().findings_count, 0);
}

TEST(VerifierTest, ASealThatWasChangedIsFound) {
  SealedLog log;
  log.parts[1].mutable_seal()->mutable_seal_time()->set_seconds(1);
  ExpectFound(log.Verify(), 2, "the seal was changed");

  // Whoever makes its hash fit has no key, and the next seal knows the old one.
  log.parts[1].mutable_seal()->set_hash(HashOf(log.parts[1].seal()));
  const Report report = log.Verify();
  EXPECT_EQ(report.findings_count, 2);
  EXPECT_THAT(report.findings[0].what, HasSubstr("its signature is wrong"));
  EXPECT_EQ(report.findings[1].seal, 3);
  EXPECT_THAT(report.findings[1].what, HasSubstr("another one than when it was made"));
}

TEST(VerifierTest, ASealByAnotherKeyIsFound) {
  SealedLog log;
  log.parts[2].mutable_seal()->set_signature(
      SigningKey::Generate().Sign(log.parts[2].seal().hash()));
  ExpectFound(log.Verify(), 3, "its signature is wrong");

  log.parts[2].mutable_seal()->set_key_id("0123456789abcdef");
  ExpectFound(log.Verify(), 3, "the key '0123456789abcdef', which was not given");
}

TEST(VerifierTest, ASealThatIsMissingIsFound) {
  SealedLog log;
  log.parts.erase(log.parts.begin() + 1);
  ExpectFound(log.Verify(), 3, "the seals behind 1 are missing");
}

TEST(VerifierTest, ATailThatWasCutOffIsFoundByACheckpoint) {
  SealedLog log;
  const v1::Seal checkpoint = log.parts.back().seal();
  log.parts.pop_back();

  EXPECT_EQ(log.Verify().findings_count, 0);
  ExpectFound(log.Verify({checkpoint}), 3, "it is missing, and so is everything behind 2");
}

TEST(VerifierTest, ALogThatWasWrittenAnewIsFoundByACheckpoint) {
  const SealedLog before;
  const SealedLog anew({2, 3, 4});

  const Report report = anew.Verify({before.parts.back().seal()});

  // The checkpoint is signed by the key of the log that was.
  ASSERT_EQ(report.findings_count, 2);
  EXPECT_THAT(report.findings[1].what, HasSubstr("another one than when the checkpoint was taken"));
}

TEST(VerifierTest, APartMayBeReadFromAnySealOn) {
  SealedLog log;
  const v1::Seal first = log.parts.front().seal();
  log.parts.erase(log.parts.begin());

  const Report report = log.Verify({first, log.parts.front().seal()}, Extent::kPart);

  EXPECT_EQ(report.findings_count, 0);
  EXPECT_EQ(report.first, 2);
}

TEST(VerifierTest, ABeginningThatWasCutOffIsFound) {
  SealedLog log;
  const v1::Seal checkpoint = log.parts.front().seal();
  log.parts.erase(log.parts.begin());

  ExpectFound(log.Verify(), 1, "it is missing, and so is everything before 2");
  EXPECT_EQ(log.Verify({checkpoint}).findings_count, 2);
}

TEST(VerifierTest, EntriesThatAreKeptNoMoreAreCountedAndThoseInBetweenAreFound) {
  SealedLog old({3});
  old.clock().Advance(std::chrono::days(1));
  old.SealNext(2);
  old.parts[0].clear_entries();
  EXPECT_EQ(old.Verify().findings_count, 0);
  EXPECT_EQ(old.Verify().without_entries, 1);

  SealedLog gap;
  gap.parts[1].clear_entries();
  EXPECT_EQ(gap.Verify().findings_count, 2);
}

TEST(VerifierTest, EntriesAtTheBeginningThatLeftWithoutTheirDayAreFound) {
  SealedLog log;
  log.parts[0].clear_entries();

  ExpectFound(log.Verify(), 1, "later ones of their day are there");
}

TEST(VerifierTest, ADayThatIsKeptNoMoreMayEndWithinASeal) {
  using namespace std::chrono_literals;
  SealedLog log({1});
  const Instant next_day = DayOf(log.clock().Now()) + std::chrono::days(1);
  const auto until = [&](Instant instant) { log.clock().Advance(instant - log.clock().Now()); };
  // Its last entry is of the next day; behind it one of the day before was committed late.
  until(next_day - 1s);
  log.SealNext(3, 500ms);
  log.SealNext(2);
  until(next_day + 2h);
  log.SealNext(3);
  log.parts[0].clear_entries();
  log.parts[1].mutable_entries()->DeleteSubrange(0, 2);
  log.parts[2].mutable_entries()->DeleteSubrange(0, 1);

  const Report report = log.Verify();
  EXPECT_EQ(report.findings_count, 0);
  EXPECT_EQ(report.without_entries, 1);
  EXPECT_EQ(report.gone, 3);

  log.parts[3].mutable_entries()->DeleteSubrange(0, 1);
  ExpectFound(log.Verify(), 4, "entry 1 of 3 is missing");
}

TEST(VerifierTest, WhatWasSealedLateMayBeGoneWithItsDay) {
  using namespace std::chrono_literals;
  SealedLog log(std::vector<int>{});
  // Nobody sealed for two days; then both were sealed within a minute.
  log.SealLate(2, 0min);
  log.SealLate(2, 26h);
  log.parts[0].clear_entries();

  EXPECT_EQ(log.Verify().findings_count, 0);
  EXPECT_EQ(log.Verify().without_entries, 1);
}

TEST(VerifierTest, ContentThatWasLeftOutIsComparedByItsHash) {
  SealedLog log;
  for (v1::Entry& entry : *log.parts[1].mutable_entries()) LeaveOutLargeParts(entry, 13);

  EXPECT_EQ(log.Verify().findings_count, 0);
  EXPECT_EQ(log.Verify().left_out, 6);

  (*log.parts[1].mutable_entries(0)->mutable_detail()->mutable_hash())[0] ^= 1;
  ExpectFound(log.Verify(), 2, "was changed");
}

TEST(VerifierTest, EveryFindingIsCountedAndTheFirstOnesAreKept) {
  SealedLog log;
  log.SealNext(static_cast<int>(Verifier::kFindingsMax) + 10);
  for (v1::Entry& entry : *log.parts[3].mutable_entries()) entry.set_kind(99);

  const Report report = log.Verify();

  EXPECT_EQ(report.findings_count, static_cast<std::int64_t>(Verifier::kFindingsMax) + 10);
  EXPECT_EQ(report.findings.size(), Verifier::kFindingsMax);
}

}  // namespace
}  // namespace lotura::audit
