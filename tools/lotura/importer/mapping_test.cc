#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "libs/testing/status_matchers.h"
#include "tools/lotura/importer/mapping_fixture.h"

namespace lotura::importer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StatusIs;

using MappingTest = MappingFixture;

std::vector<std::string> StepNames(const Mapping& mapping) {
  std::vector<std::string> names;
  for (const Step& step : mapping.steps) names.push_back(step.name);
  return names;
}

TEST_F(MappingTest, StepsRunAfterThoseWhoseRecordsTheyUse) {
  Write("staff.csv", "agent,manager\nAnna,Dustin\n");
  ASSERT_OK_AND_ASSIGN(const Mapping mapping, Read(R"(
mapping: test
files: {staff: {path: staff.csv}}
steps:
  - step: agents
    file: staff
    create: users
    key: "{agent}"
    fields:
      display_name: "{agent}"
      team: {column: manager, record_of: teams}
  - step: teams
    file: staff
    create: teams
    distinct: manager
    key: "{manager}"
    fields: {display_name: "Team {manager}", manager: {column: manager, record_of: managers}}
  - step: managers
    file: staff
    create: users
    distinct: manager
    key: "{manager}"
    fields: {display_name: "{manager}"}
)"));

  EXPECT_THAT(StepNames(mapping), ElementsAre("managers", "teams", "agents"));
}

TEST_F(MappingTest, MendsWhatItNamesAndNothingElse) {
  Write("accounts.csv", "account,sector\nAcme,technolgy\nBeta,medical\n");
  ASSERT_OK_AND_ASSIGN(const Mapping mapping, Read(R"(
mapping: test
files: {accounts: {path: accounts.csv, mend: {sector: {technolgy: technology}}}}
steps: []
)"));

  const SourceTable& table = mapping.tables.at("accounts");
  EXPECT_EQ(table.rows[0].cells[1], "technology");
  EXPECT_EQ(table.rows[0].text, "Acme,technolgy") << "rejects show the row as it came";
  EXPECT_EQ(table.rows[1].cells[1], "medical");
}

TEST_F(MappingTest, SpaceAroundACellDoesNotKeepItFromBeingMendedOrFound) {
  Write("products.csv", "product,price\nGTX Pro , 4821\nGTXPlus ,550\n");
  ASSERT_OK_AND_ASSIGN(const Mapping mapping, Read(R"(
mapping: test
files: {products: {path: products.csv, mend: {product: {GTXPlus: GTX Plus}}}}
maps: {prices: {file: products, from: product, to: price}}
steps: []
)"));

  EXPECT_THAT(mapping.maps.at("prices"),
              ElementsAre(std::pair("GTX Plus", "550"), std::pair("GTX Pro", "4821")));
  EXPECT_THAT(mapping.notes, ElementsAre());
}

TEST_F(MappingTest, NotesWhatItMendsInVain) {
  Write("accounts.csv", "account,sector\nAcme,technolgy\n");
  ASSERT_OK_AND_ASSIGN(const Mapping mapping, Read(R"(
mapping: test
files: {accounts: {path: accounts.csv, mend: {sector: {technolgy: technology, medcal: medical}}}}
steps: []
)"));

  EXPECT_THAT(mapping.notes,
              ElementsAre(HasSubstr("accounts.csv has no 'medcal' in column 'sector' to mend")));
}

TEST_F(MappingTest, AMapMayBeTwoColumnsOfATable) {
  Write("products.csv", "product,price\nGTX Pro,4821\n");
  ASSERT_OK_AND_ASSIGN(const Mapping mapping, Read(R"(
mapping: test
files: {products: {path: products.csv}}
maps: {prices: {file: products, from: product, to: price}}
steps: []
)"));

  EXPECT_EQ(mapping.maps.at("prices").at("GTX Pro"), "4821");
}

struct BadMapping {
  const char* name;
  const char* text;
  const char* message;
};

class BadMappingTest : public MappingFixture, public ::testing::WithParamInterface<BadMapping> {};

TEST_P(BadMappingTest, IsRefusedWithFileAndLine) {
  Write("a.csv", "id,name\n1,x\n");

  const auto mapping = Read(GetParam().text);

  EXPECT_THAT(mapping, StatusIs(absl::StatusCode::kInvalidArgument, "MAPPING_INVALID"));
  EXPECT_THAT(Message(mapping.status()), HasSubstr(GetParam().message));
}

constexpr char kHead[] = "mapping: test\nfiles: {a: {path: a.csv}}\nsteps:\n  - ";

std::string WithStep(const std::string& step) { return kHead + step; }

INSTANTIATE_TEST_SUITE_P(
    All, BadMappingTest,
    ::testing::Values(
        BadMapping{"NoYaml", "mapping: [", "mapping.yaml:"},
        BadMapping{"NoMap", "just text", "mapping.yaml:1: expected keys and values"},
        BadMapping{"NoName", "steps: []", "'mapping' is missing"},
        BadMapping{"NoSteps", "mapping: test", "'steps' is a list"},
        BadMapping{"UnknownKey", "mapping: test\nsteps: []\nmpas: {}", "'mpas' is not known"},
        BadMapping{"KeyTwice", "mapping: test\nmapping: again\nsteps: []", "stands here twice"},
        BadMapping{"MendOfUnknownColumn",
                   "mapping: test\nfiles: {a: {path: a.csv, mend: {nam: {x: y}}}}\nsteps: []",
                   "a.csv has no column 'nam'"}),
    [](const auto& test) { return std::string(test.param.name); });

struct BadStep {
  const char* name;
  const char* step;
  const char* message;
};

class BadStepTest : public MappingFixture, public ::testing::WithParamInterface<BadStep> {};

TEST_P(BadStepTest, IsRefusedWithFileAndLine) {
  Write("a.csv", "id,name\n1,x\n");

  const auto mapping = Read(WithStep(GetParam().step));

  EXPECT_THAT(mapping, StatusIs(absl::StatusCode::kInvalidArgument, "MAPPING_INVALID"));
  EXPECT_THAT(Message(mapping.status()), HasSubstr("mapping.yaml:4"));
  EXPECT_THAT(Message(mapping.status()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadStepTest,
    ::testing::Values(
        BadStep{"NoFile", "{step: s, create: teams, key: x, fields: {}}", "'file' or 'rows'"},
        BadStep{"UnknownFile", "{step: s, file: b, create: teams, key: x, fields: {}}",
                "there is no file 'b'"},
        BadStep{"NoKey", "{step: s, file: a, create: teams, fields: {}}", "'key' is missing"},
        BadStep{"UnknownCollection", "{step: s, file: a, create: firms, key: x, fields: {}}",
                "there is no collection 'firms'"},
        BadStep{"UnknownField", "{step: s, file: a, create: teams, key: x, fields: {nam: x}}",
                "Team has no field 'nam'"},
        BadStep{"UnknownColumn",
                "{step: s, file: a, create: teams, key: x, fields: {region: '{zone}'}}",
                "a.csv has no column 'zone'"},
        BadStep{"UnknownMap",
                "{step: s, file: a, create: teams, key: x, fields: {region: {column: name, map: "
                "m}}}",
                "there is no map 'm'"},
        BadStep{"UnknownStep",
                "{step: s, file: a, create: teams, key: x, fields: {manager: {column: name, "
                "record_of: t}}}",
                "no step 't' creates records"},
        BadStep{"UpdateOfUnknownStep", "{step: s, file: a, update: t, key: x, fields: {}}",
                "no step 't' creates records"},
        BadStep{"TwoActions", "{step: s, file: a, create: teams, call: X, key: x, fields: {}}",
                "just one of"},
        BadStep{"MissingParent", "{step: s, file: a, create: stages, key: x, fields: {}}",
                "'parent' is missing"},
        BadStep{"ReadOnlyCollection",
                "{step: s, file: a, create: stageChanges, parent: x, key: x, fields: {}}",
                "the API has no BatchCreateStageChanges"},
        BadStep{"TwoSources",
                "{step: s, file: a, create: teams, key: {column: id, text: x}, fields: {}}",
                "just one of 'column'"},
        BadStep{"BadDateForm",
                "{step: s, file: a, create: teams, key: {column: id, date: D/M}, fields: {}}",
                "is not a form of dates"},
        BadStep{"ClearOfANewRecord",
                "{step: s, file: a, create: teams, key: x, fields: {region: {column: name, "
                "when_empty: clear}}}",
                "only a step that updates"},
        BadStep{"BadChoice",
                "{step: s, file: a, create: teams, key: {column: id, form: slag}, fields: {}}",
                "'form' is one of slug, lower, upper"},
        BadStep{"BraceAlone", "{step: s, file: a, create: teams, key: '{id', fields: {}}",
                "a brace that encloses no column"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(MappingTest, StepsThatWaitForEachOtherAreNamed) {
  Write("a.csv", "id,name\n1,x\n");

  const auto mapping =
      Read(WithStep("{step: s, file: a, create: teams, key: x, after: t, fields: "
                    "{}}\n  - {step: t, file: a, create: teams, key: x, after: s, "
                    "fields: {}}"));

  EXPECT_THAT(mapping, StatusIs(absl::StatusCode::kInvalidArgument, "MAPPING_INVALID"));
  EXPECT_THAT(Message(mapping.status()), HasSubstr("wait for each other: s, t"));
}

TEST_F(MappingTest, AMissingTableIsNamed) {
  EXPECT_THAT(Read("mapping: test\nfiles: {a: {path: gone.csv}}\nsteps: []"),
              StatusIs(absl::StatusCode::kNotFound, "FILE_UNREADABLE"));
}

}  // namespace
}  // namespace lotura::importer
