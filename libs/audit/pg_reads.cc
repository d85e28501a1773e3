#include "libs/audit/pg_reads.h"

#include "libs/audit/queries.sql.h"

namespace lotura::audit {
namespace {

pg::Params ColumnsOf(std::span<const StoredPage> pages) {
  pg::Array tenants(pg::Type::kUuid);
  pg::Array firsts(pg::Type::kTimestamptz);
  pg::Array lasts(pg::Type::kTimestamptz);
  pg::Array ids(pg::Type::kUuid);
  pg::Array reads(pg::Type::kInt64);
  pg::Array contents(pg::Type::kBytea);
  for (const StoredPage& page : pages) {
    tenants.Add(pg::binary::UuidValue(page.tenant.value));
    firsts.Add(pg::binary::Timestamp(page.first));
    lasts.Add(pg::binary::Timestamp(page.last));
    ids.Add(pg::binary::UuidValue(page.id));
    reads.Add(pg::binary::Int64(page.reads));
    contents.Add(page.content);
  }
  return pg::Params().Add(tenants).Add(firsts).Add(lasts).Add(ids).Add(reads).Add(contents);
}

}  // namespace

absl::Status PgReads::Append(std::span<const StoredPage> pages, Deadline deadline) {
  const pg::Params columns = ColumnsOf(pages);
  const auto insert = [&](pg::Tx& tx) {
    tx.Run(sql::kInsertReadPages, columns);
    return absl::OkStatus();
  };
  const absl::Status written = writes_.WriteOne(deadline, insert);
  // What may be there already is written again: the same pages.
  return ReasonOf(written) == "COMMIT_IN_DOUBT" ? writes_.WriteOne(deadline, insert) : written;
}

absl::StatusOr<std::vector<StoredPage>> PgReads::Read(const TenantId& tenant,
                                                      const ReadFilter& filter,
                                                      const PagePlace& behind,
                                                      std::int64_t pages_max, Deadline deadline) {
  using Pages = std::vector<StoredPage>;
  return reads_.Read(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Pages> {
    const pg::Rows rows = tx.Run(sql::kReadPages, pg::Params()
                                                      .Tenant(tenant)
                                                      .Time(filter.from - kPageSpan)
                                                      .Time(filter.until)
                                                      .Time(behind.first)
                                                      .Id(behind.id)
                                                      .Int(pages_max));
    Pages pages;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      pages.push_back({.tenant = tenant,
                       .first = rows.Time(i, 0),
                       .last = rows.Time(i, 1),
                       .id = rows.Id(i, 2),
                       .reads = rows.Int(i, 3),
                       .content = rows.Bytes(i, 4)});
    }
    return pages;
  });
}

}  // namespace lotura::audit
