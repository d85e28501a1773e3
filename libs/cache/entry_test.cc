#include "libs/cache/entry.h"

#include <gtest/gtest.h>

#include <limits>

namespace lotura::cache {
namespace {

const Key kKey{"lotura:{t/sales/opportunities/o1}", 42};

TEST(EntryTest, AnyByteThatChangedIsFound) {
  const std::string stored = EncodeEntry(kKey, {"a value of some length", 3});

  for (std::size_t at = 0; at < stored.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = stored;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      const Stored read = Decode(kKey, flipped);
      ASSERT_TRUE(std::holds_alternative<Unusable>(read)) << "byte " << at << ", bit " << bit;
      ASSERT_EQ(std::get<Unusable>(read), Unusable::kCorrupt);
    }
  }
}

TEST(EntryTest, AnythingShorterIsFound) {
  for (const std::string& stored : {EncodeEntry(kKey, {"value", 3}), EncodeNegative(kKey)}) {
    for (std::size_t size = 0; size < stored.size(); ++size) {
      ASSERT_TRUE(std::holds_alternative<Unusable>(Decode(kKey, stored.substr(0, size))));
    }
  }
}

TEST(EntryTest, EntryOfAnotherRecordIsCorruptHere) {
  const Key other{"lotura:{t/sales/opportunities/o2}", kKey.layout};

  const Stored read = Decode(kKey, EncodeEntry(other, {"value", 3}));

  ASSERT_TRUE(std::holds_alternative<Unusable>(read));
  EXPECT_EQ(std::get<Unusable>(read), Unusable::kCorrupt);
}

TEST(EntryTest, OtherLayoutIsToldFromDamage) {
  const Key newer{kKey.bytes, kKey.layout + 1};

  const Stored read = Decode(newer, EncodeEntry(kKey, {"value", 3}));

  ASSERT_TRUE(std::holds_alternative<Unusable>(read));
  EXPECT_EQ(std::get<Unusable>(read), Unusable::kOtherLayout);
}

TEST(EntryTest, ExtremeVersionsAndEmptyValuesComeBack) {
  for (const std::int64_t version : {std::int64_t{0}, std::numeric_limits<std::int64_t>::max(),
                                     std::numeric_limits<std::int64_t>::min()}) {
    const Stored read = Decode(kKey, EncodeEntry(kKey, {"", version}));
    ASSERT_TRUE(std::holds_alternative<Hit>(read));
    EXPECT_EQ(std::get<Hit>(read).entry.version, version);
  }
}

TEST(EntryTest, LeasesDiffer) {
  const Lease first = NewLease();
  const Lease second = NewLease();

  EXPECT_FALSE(first == second);
  EXPECT_TRUE(std::get<Lease>(Decode(kKey, EncodeLease(first))) == first);
}

}  // namespace
}  // namespace lotura::cache
