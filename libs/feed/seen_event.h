// An event as somebody sees it who may not see all.
#pragma once

#include <memory>

#include "libs/feed/feed_event.h"
#include "libs/resource/view.h"

namespace lotura::feed {

// The answer that carries the event, of which the view allows to read the record before or after
// the change. Of both, and of the names of what changed, what may be seen is left; if that is not
// all, nothing of what the verb said of the change. A record that may not be read any more after it
// is `removed_from_view`.
std::shared_ptr<const events::v1::SubscribeResponse> SeenThrough(const resource::View& view,
                                                                 const FeedEvent& event);

}  // namespace lotura::feed
