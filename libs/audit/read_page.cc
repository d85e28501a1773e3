#include "libs/audit/read_page.h"

#include <algorithm>
#include <optional>

#include "libs/base/calendar.h"
#include "libs/base/hex.h"

namespace lotura::audit {
namespace {

std::string HexOf(const std::string& bytes) {
  return ToHex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

// A page of one tenant that grows.
class PageMaker {
 public:
  explicit PageMaker(const Read& first) : first_(first.time), last_(first.time) {}

  [[nodiscard]] bool Takes(const Read& read) const { return read.time - first_ < kPageSpan; }

  void Add(const Read& read) {
    last_ = std::max(last_, read.time);
    v1::ReadPage::Read& stored = *page_.add_reads();
    // Clocks of threads differ by a little: none is before the first.
    stored.set_after_us(
        static_cast<std::uint64_t>(std::max<std::int64_t>((read.time - first_).count(), 0)));
    stored.set_caller(PlaceOf(read.caller));
    stored.set_method(PlaceOf(read.method));
    if (read.trace_id != decltype(read.trace_id){})
      stored.set_trace_id(read.trace_id.data(), read.trace_id.size());
    v1::ReadPage::Seen* seen = nullptr;
    const Sight* before = nullptr;
    for (const Sight& sight : read.sights) {
      const bool is_alike =
          before != nullptr && before->type == sight.type && before->personal == sight.personal;
      if (!is_alike) seen = Begin(stored, sight);
      seen->add_names(sight.name);
      before = &sight;
    }
  }

  StoredPage Finish(const TenantId& tenant, const Uuid& id) const {
    return {.tenant = tenant,
            .first = first_,
            .last = last_,
            .id = id,
            .reads = page_.reads_size(),
            .content = page_.SerializeAsString()};
  }

 private:
  v1::ReadPage::Seen* Begin(v1::ReadPage::Read& read, const Sight& sight) {
    v1::ReadPage::Seen* seen = read.add_seen();
    seen->set_type(PlaceOf(sight.type->name));
    for (std::size_t i = 0; i < sight.type->personal.size(); ++i) {
      if ((sight.personal >> i & 1) != 0)
        seen->add_personal_fields(PlaceOf(sight.type->personal[i]->name()));
    }
    return seen;
  }

  std::uint32_t PlaceOf(std::string_view text) {
    const auto known = places_.find(text);
    if (known != places_.end()) return known->second;
    const auto place = static_cast<std::uint32_t>(page_.texts_size());
    page_.add_texts(std::string(text));
    places_.emplace(std::string(text), place);
    return place;
  }

  const Instant first_;
  Instant last_;
  v1::ReadPage page_;
  std::map<std::string, std::uint32_t, std::less<>> places_;
};

// Of a page that may have been changed: a place that is not there is no text.
class PageReader {
 public:
  PageReader(const v1::ReadPage& page, Instant first, const ReadFilter& filter)
      : page_(page), first_(first), filter_(filter) {}

  std::vector<v1::ReadEntry> Find() const {
    std::vector<v1::ReadEntry> found;
    for (const v1::ReadPage::Read& read : page_.reads()) Find(read, found);
    return found;
  }

 private:
  void Find(const v1::ReadPage::Read& read, std::vector<v1::ReadEntry>& found) const {
    const Instant time = first_ + std::chrono::microseconds(read.after_us());
    if (time < filter_.from || time >= filter_.until) return;
    if (!filter_.caller.empty() && TextAt(read.caller()) != filter_.caller) return;
    for (const v1::ReadPage::Seen& seen : read.seen()) {
      v1::ReadEntry entry;
      for (const std::string& name : seen.names()) {
        if (filter_.record.empty() || name == filter_.record) entry.add_names(name);
      }
      if (entry.names().empty()) continue;
      *entry.mutable_time() = ToTimestamp(time);
      entry.set_caller(TextAt(read.caller()));
      entry.set_method(TextAt(read.method()));
      entry.set_trace_id(HexOf(read.trace_id()));
      entry.set_resource_type(TextAt(seen.type()));
      for (const std::uint32_t field : seen.personal_fields())
        entry.add_personal_fields(TextAt(field));
      found.push_back(std::move(entry));
    }
  }

  [[nodiscard]] std::string TextAt(std::uint32_t place) const {
    const auto at = static_cast<int>(place);
    return at >= 0 && at < page_.texts_size() ? page_.texts(at) : std::string();
  }

  const v1::ReadPage& page_;
  const Instant first_;
  const ReadFilter& filter_;
};

}  // namespace

std::vector<StoredPage> PagesOf(std::span<const Read> reads, IdSource& ids) {
  std::vector<StoredPage> pages;
  std::map<TenantId, PageMaker> growing;
  for (const Read& read : reads) {
    auto page = growing.find(read.tenant);
    if (page != growing.end() && !page->second.Takes(read)) {
      pages.push_back(page->second.Finish(read.tenant, ids.Next()));
      growing.erase(page);
      page = growing.end();
    }
    if (page == growing.end()) page = growing.emplace(read.tenant, PageMaker(read)).first;
    page->second.Add(read);
  }
  for (const auto& [tenant, page] : growing) pages.push_back(page.Finish(tenant, ids.Next()));
  return pages;
}

std::optional<std::vector<v1::ReadEntry>> ReadsIn(const StoredPage& page,
                                                  const ReadFilter& filter) {
  v1::ReadPage content;
  if (!content.ParseFromString(page.content)) return std::nullopt;
  return PageReader(content, page.first, filter).Find();
}

}  // namespace lotura::audit
