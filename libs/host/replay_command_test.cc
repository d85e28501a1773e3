// How the verbs that repeat what happened are written.
#include "libs/host/replay_command.h"

#include <gtest/gtest.h>

#include "libs/testing/status_matchers.h"

namespace lotura::host {
namespace {

using ::lotura::testing::IsOk;
using Words = std::vector<std::string>;

TEST(ReplayCommandTest, TopicTakesWhatToSelect) {
  const auto command = ReplayCommand::Parse(
      Words{"replay", "topic", "sales", "to=copy", "after=1/700/3", "from=2026-03-01T00:00:00Z",
            "tenant=0195f3c2-7c9e-7d51-8f2e-0123456789ab", "name=opportunities/a",
            "name=opportunities/b", "event-type=t", "resource-type=r", "dry-run"});

  ASSERT_THAT(command, IsOk());
  EXPECT_EQ(command->target, ReplayCommand::Target::kTopic);
  EXPECT_EQ(command->service, "sales");
  EXPECT_EQ(command->topic, "copy");
  EXPECT_EQ(command->selection.after, (events::Position{.epoch = 1, .xid = 700, .seq = 3}));
  EXPECT_EQ(ToRfc3339(*command->selection.from), "2026-03-01T00:00:00Z");
  EXPECT_EQ(command->selection.names, (Words{"opportunities/a", "opportunities/b"}));
  EXPECT_TRUE(command->selection.tenant.has_value());
  EXPECT_EQ(command->run, events::ReplayRun::kDry);
}

TEST(ReplayCommandTest, ProjectionNamesAConsumer) {
  const auto command =
      ReplayCommand::Parse(Words{"replay", "projection", "communications.timeline", "keep-rows"});

  ASSERT_THAT(command, IsOk());
  EXPECT_EQ(command->target, ReplayCommand::Target::kProjection);
  EXPECT_EQ(command->service, "communications");
  EXPECT_EQ(command->consumer, "timeline");
  EXPECT_EQ(command->from, events::RebuildFrom::kPresentRows);
  EXPECT_EQ(command->run, events::ReplayRun::kPublish);
}

TEST(ReplayCommandTest, AnythingElseIsRefused) {
  for (const Words& words : std::vector<Words>{{"replay"},
                                               {"replay", "topic"},
                                               {"replay", "table", "sales"},
                                               {"replay", "topic", "sales", "keep-rows"},
                                               {"replay", "topic", "sales", "name="},
                                               {"replay", "topic", "sales", "from=yesterday"},
                                               {"replay", "topic", "sales", "after=1/2"},
                                               {"replay", "topic", "sales", "tenant=t"},
                                               {"replay", "topic", "sales", "color=red"},
                                               {"replay", "projection", "timeline"},
                                               {"replay", "projection", "a.b", "name=x"}}) {
    EXPECT_FALSE(ReplayCommand::Parse(words).ok()) << words.back();
  }
}

}  // namespace
}  // namespace lotura::host
