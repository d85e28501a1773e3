#include "libs/cache/single_flight.h"

#include <gtest/gtest.h>

namespace lotura::cache {
namespace {

using Flights = SingleFlight<int>;

const Key kKey{"k", 1};
const Lease kLease{"token"};

class SingleFlightTest : public ::testing::Test {
 protected:
  Flights::Role Enter(const Lease& lease) {
    return flights_.Enter(kKey, lease, [this](int result) { told_.push_back(result); });
  }

  Flights flights_;
  std::vector<int> told_;
};

TEST_F(SingleFlightTest, ReadersUnderOneLeaseAreToldByTheFirst) {
  EXPECT_EQ(Enter(kLease), Flights::Role::kFirst);
  EXPECT_EQ(Enter(kLease), Flights::Role::kJoined);
  EXPECT_EQ(Enter(kLease), Flights::Role::kJoined);
  EXPECT_TRUE(told_.empty());

  flights_.Land(kKey, kLease, 7);

  EXPECT_EQ(told_, std::vector<int>({7, 7, 7}));
}

TEST_F(SingleFlightTest, ReadersUnderAnotherLeaseDoNotJoin) {
  EXPECT_EQ(Enter(kLease), Flights::Role::kFirst);
  EXPECT_EQ(Enter(Lease{"later"}), Flights::Role::kFirst);

  flights_.Land(kKey, Lease{"later"}, 2);

  EXPECT_EQ(told_, std::vector<int>({2}));
}

TEST_F(SingleFlightTest, ReaderBetweenLandingAndEndIsToldAtOnce) {
  EXPECT_EQ(Enter(kLease), Flights::Role::kFirst);
  flights_.Land(kKey, kLease, 3);

  EXPECT_EQ(Enter(kLease), Flights::Role::kJoined);

  EXPECT_EQ(told_, std::vector<int>({3, 3}));
}

TEST_F(SingleFlightTest, AfterTheEndAnotherFlightBegins) {
  EXPECT_EQ(Enter(kLease), Flights::Role::kFirst);
  flights_.Land(kKey, kLease, 3);
  flights_.End(kKey, kLease);

  EXPECT_EQ(Enter(kLease), Flights::Role::kFirst);

  EXPECT_EQ(told_, std::vector<int>({3}));
}

}  // namespace
}  // namespace lotura::cache
