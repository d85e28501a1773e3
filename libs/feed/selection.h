// Which events a subscriber gets: what he asked for, cut to what he may read.
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/base/call.h"
#include "libs/feed/event_catalog.h"
#include "libs/feed/feed_event.h"
#include "libs/resource/filter_check.h"
#include "libs/resource/rights.h"

namespace lotura::feed {

// Resource types, event types and names of one subscription, each.
inline constexpr int kItemsMax = 100;
// What subscribing takes, as the proto declares it.
inline constexpr std::string_view kSubscribePermission = "events.streams.read";

// For one tenant. Immutable. Thread-safe. Refers to the catalog that it was made from.
class Selection {
 public:
  // INVALID_ARGUMENT naming what of the subscription is wrong; PERMISSION_DENIED if the caller may
  // read none of the types.
  static absl::StatusOr<Selection> Make(const Call& call,
                                        const events::v1::Subscription& subscription,
                                        const EventCatalog& catalog);

  // The answer that carries the event, without what the subscriber may not see; null if he did not
  // ask for it or may not know of it. He asks anew for each event: what he may see changes.
  using ResponsePtr = std::shared_ptr<const events::v1::SubscribeResponse>;
  [[nodiscard]] ResponsePtr Find(const FeedEvent& event) const;
  // The columns that the filter speaks of.
  [[nodiscard]] const std::set<const resource::Column*>& filter_columns() const {
    return filter_columns_;
  }
  // Of the snapshot, whose records are those that he may see, as he may see them, and of which he
  // may read all columns of the filter.
  [[nodiscard]] bool WantsRecord(const resource::Declaration& declaration,
                                 const pbuf::Message& record) const;
  // Full names of the messages, in order.
  [[nodiscard]] std::vector<std::string> ResourceTypes() const;
  // Null for a type that is not selected, or that the subscriber may not read now.
  [[nodiscard]] const resource::RecordType* FindType(const std::string& message) const;
  // What he may see now of each of the types, in their order; null for one that he may not read.
  [[nodiscard]] std::vector<resource::ViewPtr> Views() const;
  // Whether he gets every event of these types.
  [[nodiscard]] bool TakesAll() const {
    return event_types_.empty() && names_.empty() && !filter_.has_value() && subscriber_.SeesAll();
  }
  // Whether what he may see changes while his stream is open.
  [[nodiscard]] bool ViewsMayChange() const { return !subscriber_.SeesAll(); }
  // Whether he could subscribe now. If not, his stream is about to end.
  [[nodiscard]] bool MaySubscribe() const {
    return resource::PermitsNow(subscriber_, kSubscribePermission);
  }

 private:
  Selection() = default;

  absl::Status SelectTypes(const Call& call, const events::v1::Subscription& subscription,
                           const EventCatalog& catalog);
  absl::Status SelectFilter(const Call& call, const events::v1::Subscription& subscription);
  // By its type.
  [[nodiscard]] bool IsSelected(const FeedEvent& event) const;
  // Whether the record passes the filter, all fields of which may be seen.
  [[nodiscard]] bool Passes(const pbuf::Message& record, const resource::View& view) const;

  Principal subscriber_;
  struct SelectedType {
    const resource::RecordType* type = nullptr;
    // What reading it takes.
    std::string permission;
  };

  // By the full name of the message.
  std::map<std::string, SelectedType> types_;
  // Empty: all.
  std::set<std::string, std::less<>> event_types_;
  std::set<std::string, std::less<>> names_;
  std::optional<resource::Filter> filter_;
  std::set<const resource::Column*> filter_columns_;
};

}  // namespace lotura::feed
