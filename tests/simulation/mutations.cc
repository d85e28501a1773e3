#include "tests/simulation/mutations.h"

#include <algorithm>
#include <array>

#include "libs/base/errors.h"

namespace lotura::simulation {
namespace {

using events::JournalEntry;
using events::LeaseToken;
using events::Position;
using resource::Outcomes;
using resource::Unit;

// Passes everything on.
class StoreWrapper : public resource::Store {
 public:
  explicit StoreWrapper(resource::Store& inner) : inner_(inner) {}

  absl::StatusOr<std::vector<std::optional<resource::Record>>> Load(
      const resource::Declaration& declaration, const TenantId& tenant,
      std::span<const std::string> names, Deadline deadline) override {
    return inner_.Load(declaration, tenant, names, deadline);
  }
  absl::StatusOr<std::optional<resource::StoredRequest>> FindRequest(const TenantId& tenant,
                                                                     const Uuid& request_id,
                                                                     Deadline deadline) override {
    return inner_.FindRequest(tenant, request_id, deadline);
  }
  absl::StatusOr<resource::Outcome> Check(const Unit& unit, Deadline deadline) override {
    return inner_.Check(unit, deadline);
  }
  Outcomes Commit(std::span<const Unit> units, Deadline deadline) override {
    return inner_.Commit(units, deadline);
  }
  absl::StatusOr<resource::Outcome> CommitRows(const resource::Chunk& chunk,
                                               const resource::AnswerOfRows& answer_of,
                                               Deadline deadline) override {
    return inner_.CommitRows(chunk, answer_of, deadline);
  }
  absl::StatusOr<Outcomes> CheckRows(const resource::Chunk& chunk, Deadline deadline) override {
    return inner_.CheckRows(chunk, deadline);
  }

 protected:
  resource::Store& inner_;
};

class Unguarded final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;

  Outcomes Commit(std::span<const Unit> units, Deadline deadline) override {
    Outcomes outcomes;
    for (Unit unit : units) {
      for (resource::RecordChange& change : unit.changes) {
        if (change.version == 1) continue;
        const auto records = inner_.Load(*change.declaration, unit.call->principal.tenant,
                                         {&change.name, 1}, deadline);
        change.version = records->front()->version + 1;
      }
      outcomes.push_back(std::move(inner_.Commit({&unit, 1}, deadline).front()));
    }
    return outcomes;
  }
};

class Rerunning final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;

  Outcomes Commit(std::span<const Unit> units, Deadline deadline) override {
    Outcomes outcomes = inner_.Commit(units, deadline);
    const bool doubt = std::ranges::any_of(outcomes, [](const auto& outcome) {
      return ReasonOf(outcome.status()) == "COMMIT_IN_DOUBT";
    });
    return doubt ? inner_.Commit(units, deadline) : outcomes;
  }
};

// Passes everything on.
class JournalWrapper : public events::Journal {
 public:
  explicit JournalWrapper(Database& database) : database_(database) {}

  std::unique_ptr<events::JournalReader> NewReader() override { return inner().NewReader(); }
  absl::StatusOr<std::optional<LeaseToken>> Acquire(const std::string& name, const Uuid& holder,
                                                    std::chrono::milliseconds duration,
                                                    Deadline deadline) override {
    return inner().Acquire(name, holder, duration, deadline);
  }
  absl::Status Release(const LeaseToken& lease, Deadline deadline) override {
    return inner().Release(lease, deadline);
  }
  absl::StatusOr<Position> LoadCursor(const std::string& relay, Deadline deadline) override {
    return inner().LoadCursor(relay, deadline);
  }
  absl::Status SaveCursor(const std::string& relay, const Position& position,
                          const LeaseToken& lease, Deadline deadline) override {
    return inner().SaveCursor(relay, position, lease, deadline);
  }

 protected:
  events::Journal& inner() { return database_.journal(); }

  Database& database_;
};

// Reads everything that is committed, in the order of positions.
class HastyReader final : public events::JournalReader {
 public:
  explicit HastyReader(Database& database)
      : database_(database), reader_(database.journal().NewReader()) {}

  absl::StatusOr<std::vector<JournalEntry>> Read(const Position& after, events::ReadLimit limit,
                                                 Deadline /*deadline*/) override {
    std::vector<JournalEntry> entries;
    for (const JournalEntry& entry : database_.log()) {
      if (entry.position > after) entries.push_back(entry);
    }
    std::ranges::sort(entries, {}, &JournalEntry::position);
    if (entries.size() > limit.entries) entries.resize(limit.entries);
    return entries;
  }
  absl::StatusOr<events::Backlog> Inspect(const Position& after, Deadline deadline) override {
    return reader_->Inspect(after, deadline);
  }

 private:
  Database& database_;
  const std::unique_ptr<events::JournalReader> reader_;
};

class WithoutHorizon final : public JournalWrapper {
 public:
  using JournalWrapper::JournalWrapper;

  std::unique_ptr<events::JournalReader> NewReader() override {
    return std::make_unique<HastyReader>(database_);
  }
};

// Saves the position of what it has read, under the lease that was taken last.
class EarlyReader final : public events::JournalReader {
 public:
  EarlyReader(events::Journal& journal, const std::optional<LeaseToken>& lease)
      : journal_(journal), lease_(lease), reader_(journal.NewReader()) {}

  absl::StatusOr<std::vector<JournalEntry>> Read(const Position& after, events::ReadLimit limit,
                                                 Deadline deadline) override {
    auto entries = reader_->Read(after, limit, deadline);
    if (entries.ok() && !entries->empty() && lease_.has_value()) {
      journal_.SaveCursor(lease_->name, entries->back().position, *lease_, deadline).IgnoreError();
    }
    return entries;
  }
  absl::StatusOr<events::Backlog> Inspect(const Position& after, Deadline deadline) override {
    return reader_->Inspect(after, deadline);
  }

 private:
  events::Journal& journal_;
  const std::optional<LeaseToken>& lease_;
  const std::unique_ptr<events::JournalReader> reader_;
};

class WithEarlyCursor final : public JournalWrapper {
 public:
  using JournalWrapper::JournalWrapper;

  std::unique_ptr<events::JournalReader> NewReader() override {
    return std::make_unique<EarlyReader>(inner(), lease_);
  }
  absl::StatusOr<std::optional<LeaseToken>> Acquire(const std::string& name, const Uuid& holder,
                                                    std::chrono::milliseconds duration,
                                                    Deadline deadline) override {
    auto lease = inner().Acquire(name, holder, duration, deadline);
    if (lease.ok() && lease->has_value()) lease_ = *lease;
    return lease;
  }

 private:
  std::optional<LeaseToken> lease_;
};

// Stores whatever it is given, as if every lease stood.
class Unleased final : public cache::Cache {
 public:
  explicit Unleased(cache::Cache& inner) : inner_(inner) {}

  std::vector<cache::Lookup> GetMany(std::span<const cache::Key> keys) override {
    return inner_.GetMany(keys);
  }
  std::vector<cache::Filled> FillMany(std::span<const cache::Filling> fillings) override {
    std::vector<cache::Filled> filled;
    for (cache::Filling filling : fillings) {
      static_cast<void>(inner_.Fence(filling.key));
      const cache::Lookup lookup = inner_.Get(filling.key);
      const auto* miss = std::get_if<cache::Miss>(&lookup);
      if (miss != nullptr && miss->lease.has_value()) filling.lease = *miss->lease;
      filled.push_back(inner_.FillMany({&filling, 1}).front());
    }
    return filled;
  }
  cache::Fenced FenceMany(std::span<const cache::Key> keys) override {
    return inner_.FenceMany(keys);
  }

 private:
  cache::Cache& inner_;
};

class SplitInbox final : public FaultyInbox {
 public:
  using FaultyInbox::FaultyInbox;

 private:
  std::size_t Handle(std::span<const events::Event> events) override {
    std::size_t handled = 0;
    for (const events::Event& event : events) {
      if (effects().IsMarked(event)) continue;
      effects().Make(event);
      ++handled;
    }
    if (!process().Travel()) return handled;
    for (const events::Event& event : events) effects().Mark(event);
    return handled;
  }
};

constexpr std::array kAll = {Mutation::kNoHorizon,    Mutation::kUnguarded,
                             Mutation::kEarlyCursor,  Mutation::kSplitInbox,
                             Mutation::kUnleasedFill, Mutation::kRerunInDoubt};

}  // namespace

const char* NameOf(Mutation mutation) {
  switch (mutation) {
    case Mutation::kNone:
      return "none";
    case Mutation::kNoHorizon:
      return "no_horizon";
    case Mutation::kUnguarded:
      return "unguarded_update";
    case Mutation::kEarlyCursor:
      return "early_cursor";
    case Mutation::kSplitInbox:
      return "split_inbox";
    case Mutation::kUnleasedFill:
      return "unleased_fill";
    case Mutation::kRerunInDoubt:
      return "rerun_in_doubt";
  }
  return "";
}

std::span<const Mutation> AllMutations() { return kAll; }

std::optional<Mutation> MutationOf(std::string_view name) {
  if (name == NameOf(Mutation::kNone)) return Mutation::kNone;
  for (const Mutation mutation : kAll) {
    if (name == NameOf(mutation)) return mutation;
  }
  return std::nullopt;
}

std::unique_ptr<resource::Store> StoreMutant(Mutation mutation, Database& database) {
  if (mutation != Mutation::kUnguarded) return nullptr;
  return std::make_unique<Unguarded>(database.store());
}

std::unique_ptr<resource::Store> CommitMutant(Mutation mutation, FaultyStore& store) {
  if (mutation != Mutation::kRerunInDoubt) return nullptr;
  return std::make_unique<Rerunning>(store);
}

std::unique_ptr<events::Journal> JournalMutant(Mutation mutation, Database& database) {
  if (mutation == Mutation::kNoHorizon) return std::make_unique<WithoutHorizon>(database);
  if (mutation == Mutation::kEarlyCursor) return std::make_unique<WithEarlyCursor>(database);
  return nullptr;
}

std::unique_ptr<cache::Cache> CacheMutant(Mutation mutation, cache::Cache& cache) {
  if (mutation != Mutation::kUnleasedFill) return nullptr;
  return std::make_unique<Unleased>(cache);
}

std::unique_ptr<events::Inbox> InboxOf(Mutation mutation, Process& process, Effects& effects) {
  if (mutation == Mutation::kSplitInbox) return std::make_unique<SplitInbox>(process, effects);
  return std::make_unique<FaultyInbox>(process, effects);
}

}  // namespace lotura::simulation
