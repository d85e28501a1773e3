// A store in memory whose calls a test may watch or hold up: it overrides those that it is about.
#pragma once

#include "libs/resource/memory_store.h"

namespace lotura::resource::testdata {

class ForwardingStore : public Store {
 public:
  absl::StatusOr<std::vector<std::optional<Record>>> Load(const Declaration& declaration,
                                                          const TenantId& tenant,
                                                          std::span<const std::string> names,
                                                          Deadline deadline) override {
    return inner.Load(declaration, tenant, names, deadline);
  }
  absl::StatusOr<std::optional<StoredRequest>> FindRequest(const TenantId& tenant,
                                                           const Uuid& request_id,
                                                           Deadline deadline) override {
    return inner.FindRequest(tenant, request_id, deadline);
  }
  std::vector<absl::StatusOr<Outcome>> Commit(std::span<const Unit> units,
                                              Deadline deadline) override {
    return inner.Commit(units, deadline);
  }
  absl::StatusOr<Outcome> Check(const Unit& unit, Deadline deadline) override {
    return inner.Check(unit, deadline);
  }
  absl::StatusOr<Outcome> CommitRows(const Chunk& chunk, const AnswerOfRows& answer_of,
                                     Deadline deadline) override {
    return inner.CommitRows(chunk, answer_of, deadline);
  }
  absl::StatusOr<Outcomes> CheckRows(const Chunk& chunk, Deadline deadline) override {
    return inner.CheckRows(chunk, deadline);
  }

  MemoryStore inner;
};

}  // namespace lotura::resource::testdata
