// The connections of a service to PostgreSQL, by what they are for: "sales", as its schema is
// called.
#pragma once

#include <cstddef>
#include <string>

#include "libs/host/config.h"
#include "libs/pg/database.h"

namespace lotura::host {

pg::Options ReadOptions(const std::string& service, const Config& config);
pg::Options ListOptions(const std::string& service, const Config& config);
// What is shared with somebody, for his lists; none is opened before somebody asks for such a list.
pg::Options ShareOptions(const std::string& service, const Config& config);
pg::Options WriteOptions(const std::string& service, const Config& config);
// Imports have connections of their own, so that they never stand before a call.
pg::Options ImportOptions(const std::string& service, const Config& config);
// Who was shown what; none is opened before somebody is.
pg::Options ReadLogOptionsOf(const std::string& service, const Config& config);
// What events need, with one for each consumer and each step.
pg::Options StreamOptions(const std::string& service, const Config& config, std::size_t workers);
// The tail and the readers of the past; none is opened before somebody subscribes.
pg::Options FeedDatabaseOptions(const std::string& service, const Config& config);

}  // namespace lotura::host
