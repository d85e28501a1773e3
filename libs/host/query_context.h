// What a query of a service works with.
#pragma once

#include "libs/cache/moments.h"
#include "libs/pg/database.h"
#include "libs/resource/catalog.h"
#include "libs/resource/page_token.h"
#include "libs/resource/store.h"

namespace lotura::host {

// Everything outlives it.
struct QueryContext {
  pg::Database& database;
  const resource::PageTokens& page_tokens;
  const resource::Catalog& catalog;
  // The service's own records, by name.
  resource::Store& store;
  // What all processes tell each other; null where there is nothing of the kind.
  cache::Moments* moments = nullptr;
};

}  // namespace lotura::host
