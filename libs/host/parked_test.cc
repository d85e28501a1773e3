// How the verbs about parked events are written.
#include "libs/host/parked.h"

#include <gtest/gtest.h>

#include "libs/testing/status_matchers.h"

namespace lotura::host {
namespace {

using ::lotura::testing::IsOk;
using Words = std::vector<std::string>;

TEST(ParkedCommandTest, VerbsNameAConsumerAndAKey) {
  const auto list = ParkedCommand::Parse(Words{"parked", "list", "sales.timeline"});
  ASSERT_THAT(list, IsOk());
  EXPECT_EQ(list->verb, ParkedCommand::Verb::kList);
  EXPECT_EQ(list->service, "sales");
  EXPECT_EQ(list->consumer, "timeline");

  const auto discard = ParkedCommand::Parse(Words{"parked", "discard", "sales.timeline", "k"});
  ASSERT_THAT(discard, IsOk());
  EXPECT_EQ(discard->verb, ParkedCommand::Verb::kDiscard);
  EXPECT_EQ(discard->key, "k");
}

TEST(ParkedCommandTest, AnythingElseIsRefused) {
  for (const Words& words : std::vector<Words>{{"start"},
                                               {"parked"},
                                               {"parked", "list"},
                                               {"parked", "list", "timeline"},
                                               {"parked", "list", "sales.timeline", "k"},
                                               {"parked", "retry", "sales.timeline"},
                                               {"parked", "forget", "sales.timeline", "k"}}) {
    EXPECT_FALSE(ParkedCommand::Parse(words).ok()) << words.back();
  }
}

}  // namespace
}  // namespace lotura::host
