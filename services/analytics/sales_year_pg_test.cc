// Reports over the sales year of tests/data, compared with what its CSV files say.
#include <algorithm>
#include <fstream>
#include <functional>

#include "libs/base/calendar.h"
#include "libs/base/text.h"
#include "lotura/accounts/v1/organization.pb.h"
#include "lotura/directory/v1/team.pb.h"
#include "lotura/directory/v1/user.pb.h"
#include "lotura/sales/v1/opportunity.pb.h"
#include "lotura/sales/v1/product.pb.h"
#include "lotura/sales/v1/stage.pb.h"
#include "services/analytics/test_reports.h"

namespace lotura::analytics {
namespace {

using sales::v1::Opportunity;
using sales::v1::Stage;

using Line = std::map<std::string, std::string>;

// No value of these files holds a comma or a quote.
std::vector<Line> ReadCsv(const std::string& file) {
  std::ifstream in(std::string(LOTURA_TEST_DATA) + "/crm-sales-opportunities/" + file);
  std::vector<Line> lines;
  std::vector<std::string> header;
  for (std::string text; std::getline(in, text);) {
    if (text.ends_with('\r')) text.pop_back();
    const auto cells = Split(text, ',');
    if (header.empty()) {
      header.assign(cells.begin(), cells.end());
      continue;
    }
    Line& line = lines.emplace_back();
    for (std::size_t i = 0; i < header.size(); ++i) line[header[i]] = cells[i];
  }
  return lines;
}

// "Gekko & Co" to "gekko---co".
std::string IdOf(std::string_view text) {
  std::string id = "x";
  for (const char c : ToLowerAscii(text))
    id += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
  return id + "x";
}

std::string Product(const Line& line) {
  return line.at("product") == "GTXPro" ? "GTX Pro" : line.at("product");
}

// "3/1/2017".
Day DayOfText(const std::string& text) {
  const auto parts = Split(text, '/');
  const auto number = [&](std::size_t i) { return std::stoi(std::string(parts[i])); };
  return Day(std::chrono::year(number(2)) / number(0) / number(1));
}

const Day kLastDay = Day(std::chrono::year(2017) / 12 / 31);

class SalesYearTest : public ReportTest {
 protected:
  SalesYearTest() {
    PutStages();
    PutDirectory();
    PutOrganizations();
    for (const Line& line : ReadCsv("products.csv")) {
      sales::v1::Product product;
      product.set_name("products/" + IdOf(line.at("product")));
      product.set_display_name(line.at("product"));
      events_.Put("sales", product);
    }
    for (const Line& line : pipeline_) PutOpportunity(line);
    std::mt19937_64 random(7);
    ProjectAll(events_.Shuffled(random), 500);
  }

  // Sums the closing values of won lines by what `key` says of each.
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> WonBy(
      const std::function<std::string(const Line&)>& key) const {
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> sums;
    for (const Line& line : pipeline_) {
      if (line.at("deal_stage") != "Won") continue;
      auto& [count, value] = sums[key(line)];
      ++count;
      value += std::stoll(line.at("close_value"));
    }
    return sums;
  }

  std::map<std::string, std::pair<std::int64_t, std::int64_t>> ReportBy(v1::Dimension dimension) {
    v1::QueryRevenueRequest request;
    request.add_group_by(dimension);
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> sums;
    const auto revenue = Revenue(request);
    for (const v1::RevenueRow& row : revenue.rows()) {
      const v1::Group& group = row.groups(0);
      const std::string& key = group.display_name().empty() ? group.value() : group.display_name();
      sums[key] = {row.won_count(), row.revenue(0).units()};
    }
    return sums;
  }

  const std::vector<Line> pipeline_ = ReadCsv("sales_pipeline.csv");
  std::map<std::string, Line> agents_;
  std::map<std::string, Line> accounts_;

 private:
  void PutStages() {
    int position = 0;
    for (const char* name : {"Prospecting", "Engaging", "Won", "Lost"}) {
      Stage stage;
      stage.set_name("pipelines/p/stages/" + IdOf(name));
      stage.set_display_name(name);
      stage.set_position(++position);
      stage.set_kind(position == 3   ? Stage::KIND_WON
                     : position == 4 ? Stage::KIND_LOST
                                     : Stage::KIND_OPEN);
      events_.Put("sales", stage);
    }
  }

  void PutDirectory() {
    for (const Line& line : ReadCsv("sales_teams.csv")) {
      agents_[line.at("sales_agent")] = line;
      directory::v1::Team team;
      team.set_name("teams/" + IdOf(line.at("manager")));
      team.set_display_name(line.at("manager"));
      team.set_region(line.at("regional_office"));
      events_.Put("directory", team);
      directory::v1::User user;
      user.set_name("users/" + IdOf(line.at("sales_agent")));
      user.set_display_name(line.at("sales_agent"));
      user.set_team(team.name());
      events_.Put("directory", user);
    }
  }

  void PutOrganizations() {
    for (const Line& line : ReadCsv("accounts.csv")) {
      accounts_[line.at("account")] = line;
      accounts::v1::Organization organization;
      organization.set_name("organizations/" + IdOf(line.at("account")));
      organization.set_display_name(line.at("account"));
      organization.set_sector(line.at("sector"));
      events_.Put("accounts", organization);
    }
  }

  // Prospecting at the engage date, Engaging on the same day, closed on the close date.
  void PutOpportunity(const Line& line) {
    const std::string& stage = line.at("deal_stage");
    const Day opened =
        line.at("engage_date").empty() ? kLastDay : DayOfText(line.at("engage_date"));
    Opportunity deal;
    deal.set_name("opportunities/" + IdOf(line.at("opportunity_id")));
    deal.set_owner("//directory.lotura/users/" + IdOf(line.at("sales_agent")));
    if (!line.at("account").empty())
      deal.set_organization("//accounts.lotura/organizations/" + IdOf(line.at("account")));
    auto& item = *deal.add_lines();
    item.set_product("products/" + IdOf(Product(line)));
    item.set_quantity(1);
    deal.set_pipeline("pipelines/p");
    *deal.mutable_open_time() = ToTimestamp(opened);
    Enter(deal, "Prospecting", opened);
    if (stage == "Prospecting") return;
    Enter(deal, "Engaging", opened);
    if (stage == "Engaging") return;
    const Day closed = DayOfText(line.at("close_date"));
    *deal.mutable_close_date() = ToDate(closed);
    if (stage == "Won") *deal.mutable_close_amount() = Dollars(std::stoll(line.at("close_value")));
    Enter(deal, stage, closed);
  }

  void Enter(Opportunity& deal, const std::string& stage, Day day) {
    deal.set_stage("pipelines/p/stages/" + IdOf(stage));
    deal.set_state(stage == "Won"    ? Opportunity::STATE_WON
                   : stage == "Lost" ? Opportunity::STATE_LOST
                                     : Opportunity::STATE_OPEN);
    *deal.mutable_stage_enter_time() = ToTimestamp(day);
    events_.Put("sales", deal);
  }

  testing::TestEvents events_{TenantOf(1)};
};

TEST_F(SalesYearTest, ReportsEqualTheFiles) {
  const auto report = Funnel();
  std::vector<std::string> funnel;
  for (const v1::FunnelRow& row : report.rows()) {
    const std::int64_t value = row.values_size() > 0 ? row.values(0).units() : 0;
    funnel.push_back(fmt::format("{} entered {} left {} current {} won {} lost {} worth {}",
                                 row.stage_display_name(), row.entered_count(), row.left_count(),
                                 row.current_count(), row.won_count(), row.lost_count(), value));
  }

  EXPECT_THAT(funnel,
              ::testing::ElementsAre(
                  "Prospecting entered 8800 left 8300 current 500 won 4238 lost 2473 worth 0",
                  "Engaging entered 8300 left 6711 current 1589 won 4238 lost 2473 worth 0",
                  "Won entered 4238 left 0 current 4238 won 4238 lost 0 worth 10005534",
                  "Lost entered 2473 left 0 current 2473 won 0 lost 2473 worth 0"));
  EXPECT_EQ(Revenue().rows(0).revenue(0).units(), 10'005'534);
  EXPECT_EQ(ReportBy(v1::DIMENSION_PRODUCT), WonBy(Product));
  EXPECT_EQ(ReportBy(v1::DIMENSION_OWNER),
            WonBy([](const Line& line) { return line.at("sales_agent"); }));
  EXPECT_EQ(ReportBy(v1::DIMENSION_REGION), WonBy([&](const Line& line) {
              return agents_.at(line.at("sales_agent")).at("regional_office");
            }));
  EXPECT_EQ(ReportBy(v1::DIMENSION_TEAM), WonBy([&](const Line& line) {
              return agents_.at(line.at("sales_agent")).at("manager");
            }));
  EXPECT_EQ(ReportBy(v1::DIMENSION_SECTOR), WonBy([&](const Line& line) {
              return line.at("account").empty() ? std::string()
                                                : accounts_.at(line.at("account")).at("sector");
            }));
  EXPECT_EQ(ReportBy(v1::DIMENSION_MONTH), WonBy([](const Line& line) {
              const std::chrono::year_month_day day(DayOfText(line.at("close_date")));
              return fmt::format("{:04}-{:02}", static_cast<int>(day.year()),
                                 static_cast<unsigned>(day.month()));
            }));
}

}  // namespace
}  // namespace lotura::analytics
