// What every implementation of cache::Cache must do, as typed tests.
//
// A fixture offers:
//   cache::Cache& cache();                     with lease_ttl 100 ms, ttl_max 60 s,
//   negative_ttl_max 60 s, value_bytes_max 1,000 void ForgetAll();                          entries
//   and leases are gone, as after an eviction or FLUSHALL void LetTimePass(); called again and
//   again while a test waits for something to expire void Disconnect(); from now on nothing can be
//   told
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "libs/cache/cache.h"
#include "libs/testing/eventually.h"

namespace lotura::testing {

inline cache::Key CacheKey(const std::string& name, std::uint64_t layout = 1) {
  return cache::MakeKey({TenantId{}, "sales", name}, layout);
}

// The lease of a lookup that must be a miss with one.
inline cache::Lease LeaseOf(const cache::Lookup& lookup) {
  const auto* miss = std::get_if<cache::Miss>(&lookup);
  if (miss != nullptr && miss->lease.has_value()) return *miss->lease;
  ADD_FAILURE() << "expected a miss with a lease, got alternative " << lookup.index();
  return {};
}

// The version that is cached; 0 for none.
inline std::int64_t CachedVersion(const cache::Lookup& lookup) {
  const auto* hit = std::get_if<cache::Hit>(&lookup);
  return hit == nullptr ? 0 : hit->entry.version;
}

template <typename Fixture>
class CacheContract : public ::testing::Test {
 protected:
  static constexpr std::chrono::milliseconds kLong{30'000};

  cache::Cache& cache() { return fixture_.cache(); }
  void Store(const cache::Key& key, const std::string& value, std::int64_t version) {
    const cache::Lease lease = LeaseOf(cache().Get(key));
    ASSERT_EQ(cache().Fill(key, lease, {value, version}, kLong), cache::Filled::kStored);
  }

  Fixture fixture_;
};

TYPED_TEST_SUITE_P(CacheContract);

TYPED_TEST_P(CacheContract, WhatWasFilledIsRead) {
  const cache::Key key = CacheKey("opportunities/o1");
  const std::string value("any \0 byte \xFF\r\n$-1\r\n", 19);
  this->Store(key, value, 7);

  const cache::Lookup lookup = this->cache().Get(key);

  ASSERT_TRUE(std::holds_alternative<cache::Hit>(lookup));
  EXPECT_EQ(std::get<cache::Hit>(lookup).entry.value, value);
  EXPECT_EQ(std::get<cache::Hit>(lookup).entry.version, 7);
}

TYPED_TEST_P(CacheContract, AbsenceIsRemembered) {
  const cache::Key key = CacheKey("opportunities/none");
  const cache::Lease lease = LeaseOf(this->cache().Get(key));

  EXPECT_EQ(this->cache().FillNegative(key, lease, this->kLong), cache::Filled::kStored);

  EXPECT_TRUE(std::holds_alternative<cache::Negative>(this->cache().Get(key)));
}

TYPED_TEST_P(CacheContract, FenceForgetsEntryAndAbsence) {
  const cache::Key entry = CacheKey("opportunities/o1");
  const cache::Key absence = CacheKey("opportunities/o2");
  this->Store(entry, "old", 1);
  this->cache().FillNegative(absence, LeaseOf(this->cache().Get(absence)), this->kLong);

  EXPECT_EQ(this->cache().FenceMany(std::vector{entry, absence}), cache::Fenced::kTold);

  EXPECT_TRUE(std::holds_alternative<cache::Miss>(this->cache().Get(entry)));
  EXPECT_TRUE(std::holds_alternative<cache::Miss>(this->cache().Get(absence)));
}

TYPED_TEST_P(CacheContract, ReaderFromBeforeTheFenceCannotFill) {
  const cache::Key key = CacheKey("opportunities/o1");
  const cache::Lease before = LeaseOf(this->cache().Get(key));
  this->cache().Fence(key);

  EXPECT_EQ(this->cache().Fill(key, before, {"old", 1}, this->kLong), cache::Filled::kRefused);
  EXPECT_EQ(this->cache().FillNegative(key, before, this->kLong), cache::Filled::kRefused);

  const cache::Lease after = LeaseOf(this->cache().Get(key));
  EXPECT_FALSE(after == before);
  EXPECT_EQ(this->cache().Fill(key, before, {"old", 1}, this->kLong), cache::Filled::kRefused);
  EXPECT_EQ(this->cache().Fill(key, after, {"new", 2}, this->kLong), cache::Filled::kStored);
  EXPECT_EQ(CachedVersion(this->cache().Get(key)), 2);
}

TYPED_TEST_P(CacheContract, ReaderWhoseLeaseWasForgottenCannotFill) {
  const cache::Key key = CacheKey("opportunities/o1");
  const cache::Lease before = LeaseOf(this->cache().Get(key));
  this->fixture_.ForgetAll();

  EXPECT_EQ(this->cache().Fill(key, before, {"old", 1}, this->kLong), cache::Filled::kRefused);

  EXPECT_TRUE(std::holds_alternative<cache::Miss>(this->cache().Get(key)));
}

TYPED_TEST_P(CacheContract, ReadersShareTheLeaseThatStandsAndOneOfThemFills) {
  const cache::Key key = CacheKey("opportunities/o1");
  const cache::Lease first = LeaseOf(this->cache().Get(key));
  const cache::Lease second = LeaseOf(this->cache().Get(key));

  EXPECT_TRUE(first == second);
  EXPECT_EQ(this->cache().Fill(key, second, {"2", 2}, this->kLong), cache::Filled::kStored);
  EXPECT_EQ(this->cache().Fill(key, first, {"1", 1}, this->kLong), cache::Filled::kRefused);
  EXPECT_EQ(CachedVersion(this->cache().Get(key)), 2);
}

TYPED_TEST_P(CacheContract, RecordsOfOtherTenantsServicesAndNamesAreOthers) {
  TenantId other_tenant;
  other_tenant.value.bytes[15] = 1;
  this->Store(CacheKey("a/b"), "mine", 1);

  for (const cache::Key& key :
       {cache::MakeKey({other_tenant, "sales", "a/b"}, 1),
        cache::MakeKey({TenantId{}, "accounts", "a/b"}, 1), CacheKey("a/c"), CacheKey("a")}) {
    EXPECT_TRUE(std::holds_alternative<cache::Miss>(this->cache().Get(key)));
  }
}

TYPED_TEST_P(CacheContract, OtherLayoutIsAMissButSharesTheFence) {
  const cache::Key older = CacheKey("opportunities/o1", 1);
  const cache::Key newer = CacheKey("opportunities/o1", 2);
  this->Store(older, "in the old layout", 3);

  this->Store(newer, "in the new layout", 3);

  EXPECT_EQ(CachedVersion(this->cache().Get(newer)), 3);
  this->cache().Fence(older);
  EXPECT_TRUE(std::holds_alternative<cache::Miss>(this->cache().Get(newer)));
}

TYPED_TEST_P(CacheContract, ManyAreAnsweredInOrder) {
  const cache::Key hit = CacheKey("hit");
  const cache::Key absent = CacheKey("absent");
  const cache::Key unknown = CacheKey("unknown");
  std::vector<cache::Lookup> lookups = this->cache().GetMany(std::vector{hit, absent});
  const std::vector<cache::Filling> fillings = {
      {hit, LeaseOf(lookups[0]), cache::Entry{"value", 5}, this->kLong},
      {unknown, LeaseOf(lookups[0]), cache::Entry{"value", 5}, this->kLong},
      {absent, LeaseOf(lookups[1]), std::nullopt, this->kLong}};

  EXPECT_EQ(this->cache().FillMany(fillings),
            (std::vector{cache::Filled::kStored, cache::Filled::kRefused, cache::Filled::kStored}));

  lookups = this->cache().GetMany(std::vector{unknown, absent, hit, hit});
  ASSERT_EQ(lookups.size(), 4U);
  EXPECT_TRUE(std::holds_alternative<cache::Miss>(lookups[0]));
  EXPECT_TRUE(std::holds_alternative<cache::Negative>(lookups[1]));
  EXPECT_EQ(CachedVersion(lookups[2]), 5);
  EXPECT_EQ(CachedVersion(lookups[3]), 5);
}

TYPED_TEST_P(CacheContract, NothingIsAnsweredWithNothing) {
  EXPECT_TRUE(this->cache().GetMany({}).empty());
  EXPECT_TRUE(this->cache().FillMany({}).empty());
  EXPECT_EQ(this->cache().FenceMany({}), cache::Fenced::kTold);
}

TYPED_TEST_P(CacheContract, ThousandRecordsGoInOneCall) {
  std::vector<cache::Key> keys;
  keys.reserve(1'000);
  for (int i = 0; i < 1'000; ++i) keys.push_back(CacheKey("many/" + std::to_string(i)));
  const std::vector<cache::Lookup> misses = this->cache().GetMany(keys);
  std::vector<cache::Filling> fillings;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string value(900, static_cast<char>('a' + i % 26));
    fillings.push_back({keys[i], LeaseOf(misses[i]), cache::Entry{value, 1}, this->kLong});
  }

  for (const cache::Filled filled : this->cache().FillMany(fillings)) {
    ASSERT_EQ(filled, cache::Filled::kStored);
  }

  for (const cache::Lookup& lookup : this->cache().GetMany(keys))
    ASSERT_EQ(CachedVersion(lookup), 1);
  EXPECT_EQ(this->cache().FenceMany(keys), cache::Fenced::kTold);
  for (const cache::Lookup& lookup : this->cache().GetMany(keys))
    ASSERT_EQ(CachedVersion(lookup), 0);
}

TYPED_TEST_P(CacheContract, TooLargeValuesAreNotKept) {
  const cache::Key key = CacheKey("large");
  const cache::Lease lease = LeaseOf(this->cache().Get(key));

  EXPECT_EQ(this->cache().Fill(key, lease, {std::string(1'001, 'x'), 1}, this->kLong),
            cache::Filled::kRefused);
  EXPECT_EQ(this->cache().Fill(key, lease, {std::string(1'000, 'x'), 1}, this->kLong),
            cache::Filled::kStored);
}

TYPED_TEST_P(CacheContract, EntriesAndAbsencesExpire) {
  const cache::Key entry = CacheKey("entry");
  const cache::Key absence = CacheKey("absence");
  const std::chrono::milliseconds brief(20);
  this->cache().Fill(entry, LeaseOf(this->cache().Get(entry)), {"value", 1}, brief);
  this->cache().FillNegative(absence, LeaseOf(this->cache().Get(absence)), brief);

  EXPECT_TRUE(Eventually(
      [&] {
        this->fixture_.LetTimePass();
        return std::holds_alternative<cache::Miss>(this->cache().Get(entry)) &&
               std::holds_alternative<cache::Miss>(this->cache().Get(absence));
      },
      std::chrono::seconds(5)));
}

TYPED_TEST_P(CacheContract, ReaderWhoTookTooLongCannotFill) {
  const cache::Key key = CacheKey("slow");
  const cache::Lease slow = LeaseOf(this->cache().Get(key));

  EXPECT_TRUE(Eventually(
      [&] {
        this->fixture_.LetTimePass();
        return !(LeaseOf(this->cache().Get(key)) == slow);
      },
      std::chrono::seconds(5)));

  EXPECT_EQ(this->cache().Fill(key, slow, {"old", 1}, this->kLong), cache::Filled::kRefused);
}

TYPED_TEST_P(CacheContract, OutageCostsTheCacheAndNothingElse) {
  const cache::Key key = CacheKey("opportunities/o1");
  const cache::Lease lease = LeaseOf(this->cache().Get(key));
  this->fixture_.Disconnect();

  const cache::Lookup lookup = this->cache().Get(key);

  ASSERT_TRUE(std::holds_alternative<cache::Miss>(lookup));
  EXPECT_FALSE(std::get<cache::Miss>(lookup).lease.has_value());
  EXPECT_EQ(this->cache().Fill(key, lease, {"value", 1}, this->kLong), cache::Filled::kNotReached);
  EXPECT_EQ(this->cache().Fence(key), cache::Fenced::kNotTold);
}

REGISTER_TYPED_TEST_SUITE_P(CacheContract, WhatWasFilledIsRead, AbsenceIsRemembered,
                            FenceForgetsEntryAndAbsence, ReaderFromBeforeTheFenceCannotFill,
                            ReaderWhoseLeaseWasForgottenCannotFill,
                            ReadersShareTheLeaseThatStandsAndOneOfThemFills,
                            RecordsOfOtherTenantsServicesAndNamesAreOthers,
                            OtherLayoutIsAMissButSharesTheFence, ManyAreAnsweredInOrder,
                            NothingIsAnsweredWithNothing, ThousandRecordsGoInOneCall,
                            TooLargeValuesAreNotKept, EntriesAndAbsencesExpire,
                            ReaderWhoTookTooLongCannotFill, OutageCostsTheCacheAndNothingElse);

}  // namespace lotura::testing
