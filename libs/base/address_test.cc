// How far an address reaches.
#include "libs/base/address.h"

#include <gtest/gtest.h>

namespace lotura {
namespace {

TEST(AddressTest, AHostIsFoundInEveryForm) {
  EXPECT_EQ(HostOf("127.0.0.1:80"), "127.0.0.1");
  EXPECT_EQ(HostOf("[::1]:80"), "::1");
  EXPECT_EQ(HostOf("accounts.internal:7443"), "accounts.internal");
  EXPECT_EQ(HostOf(":80"), "");
  EXPECT_EQ(HostOf("unix:/run/grpc.sock"), "");
}

TEST(AddressTest, ANumberStandsForOneAddress) {
  for (const char* host : {"127.0.0.1", "0.0.0.0", "::", "2001:db8::1"})
    EXPECT_TRUE(IsNumericHost(host)) << host;
  for (const char* host : {"", "localhost", "127.0.0", "1.2.3.4.5", "accounts"})
    EXPECT_FALSE(IsNumericHost(host)) << host;
}

TEST(AddressTest, SocketsAndLoopbackStayOnTheMachine) {
  for (const char* address :
       {"unix:/run/grpc.sock", "127.0.0.1:0", "127.1.2.3:80", "[::1]:80", "localhost:80"}) {
    EXPECT_TRUE(StaysOnMachine(address)) << address;
  }
}

TEST(AddressTest, EverythingElseLeavesIt) {
  for (const char* address : {"0.0.0.0:80", "[::]:80", ":80", "", "10.0.0.7:80", "accounts:80",
                              "localhost.example.com:80", "unix-abstract:grpc"}) {
    EXPECT_FALSE(StaysOnMachine(address)) << address;
  }
}

}  // namespace
}  // namespace lotura
