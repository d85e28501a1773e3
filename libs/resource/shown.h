// What a caller sees of an answer.
#pragma once

#include <memory>
#include <span>

#include "libs/resource/catalog.h"
#include "libs/resource/rights.h"
#include "libs/resource/store.h"

namespace lotura::resource {

// The answer, a record or a message that holds records, without what the caller may not see of
// them: of a record that he may not read, such as one that he has just given away, its name, its
// times and its etag are left. The same message if he may see all of it.
// `tried`: changes that the answer speaks of and that are not made; of their records it shows
// nothing that may not be seen before them.
std::shared_ptr<const pbuf::Message> ShownTo(const Principal& caller, const Catalog& catalog,
                                             std::shared_ptr<const pbuf::Message> answer,
                                             std::span<const RecordChange> tried = {});

}  // namespace lotura::resource
