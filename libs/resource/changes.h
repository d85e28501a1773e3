// What a use case reads and changes, collected until it is committed as one unit.
#pragma once

#include <map>
#include <set>
#include <string>

#include "libs/base/call.h"
#include "libs/resource/catalog.h"
#include "libs/resource/references.h"
#include "libs/resource/store.h"

namespace lotura::resource {

// What the engine works with; everything outlives it.
struct EngineParts {
  const Catalog& catalog;
  Store& store;
  const ForeignRecords& foreign_records;
  IdSource& ids;
};

// What was read, for whoever reads it again: of one unit, or of all rows of a chunk.
struct ReadRecords {
  // By type and name; nothing where no record is.
  std::map<std::pair<const RecordType*, std::string>, std::optional<Record>> own;
  // Names of records of other services, and whether they are there.
  std::map<std::string, bool> foreign;
};

// Used by one thread. Records are read before anything is written, and each change expects the
// version that was read.
class Changes {
 public:
  Changes(const EngineParts& parts, const Call& call) : Changes(parts, call, own_reads_) {}
  // Shares what is read with others, which are used by the same thread.
  Changes(const EngineParts& parts, const Call& call, ReadRecords& reads)
      : parts_(parts), call_(call), reads_(reads) {}
  Changes(const Changes&) = delete;
  Changes& operator=(const Changes&) = delete;

  [[nodiscard]] const Call& call() const { return call_; }

  // A live record. NOT_FOUND if there is none, ABORTED STALE_ETAG if `etag` is given and another
  // one.
  template <typename T>
  absl::StatusOr<T> Load(const std::string& name, const std::string& etag = {}) {
    LOTURA_ASSIGN_OR_RETURN(const Record record, LoadLive(TypeOf(T::descriptor()), name, etag));
    return static_cast<const T&>(*record.message);
  }

  // A new record under `parent`, with an assigned id if `id` is empty. Returns it as it will be
  // stored.
  template <typename T>
  absl::StatusOr<T> Create(const T& record, const std::string& parent = {},
                           const std::string& id = {}) {
    LOTURA_ASSIGN_OR_RETURN(const auto created, CreateAny(TypeOf(T::descriptor()),
                                                          std::make_shared<T>(record), parent, id));
    return static_cast<const T&>(*created);
  }

  // A new version of a record that was loaded; unchanged records make none. A detail names the
  // event: OpportunityMoved makes "moved".
  template <typename T>
  absl::StatusOr<T> Save(const T& record, const pbuf::Message* detail = nullptr) {
    LOTURA_ASSIGN_OR_RETURN(const auto saved, SaveAny(TypeOf(T::descriptor()), record, detail));
    return static_cast<const T&>(*saved);
  }

  // The same for messages of any declared type. Fields that the type does not have are left out:
  // nobody could tell to whom they belong.
  using MessagePtr = std::shared_ptr<const pbuf::Message>;
  absl::StatusOr<Record> LoadLive(const RecordType& type, const std::string& name,
                                  const std::string& etag);
  absl::StatusOr<Record> LoadAny(const RecordType& type, const std::string& name,
                                 const std::string& etag);
  // `record` becomes the one that is stored.
  absl::StatusOr<MessagePtr> CreateAny(const RecordType& type,
                                       std::shared_ptr<pbuf::Message> record,
                                       const std::string& parent, const std::string& id);
  absl::StatusOr<MessagePtr> SaveAny(const RecordType& type, const pbuf::Message& record,
                                     const pbuf::Message* detail);
  absl::StatusOr<MessagePtr> DeleteAny(const RecordType& type, const std::string& name,
                                       const std::string& etag);
  absl::StatusOr<MessagePtr> UndeleteAny(const RecordType& type, const std::string& name,
                                         const std::string& etag);
  // Whether the unit has created or changed the record so far.
  [[nodiscard]] bool Touches(const std::string& name) const { return place_.contains(name); }
  // Reads many records in one go, so that loading them afterwards costs nothing.
  absl::Status Prefetch(const RecordType& type, std::span<const std::string> names);
  // The same for records of other services.
  absl::Status PrefetchForeign(std::span<const std::string> names);

  // Checks that every record which a changed one newly refers to is there.
  absl::Status CheckReferences();
  std::vector<RecordChange> Take();
  // Every record that was read or changed here.
  [[nodiscard]] std::vector<RecordRef> Touched() const;
  // The next attempt, and everyone else, reads anew what was read or changed here.
  void Forget() const;
  // Path of the field that stands before the fields of a record in errors, "opportunity.". Empty by
  // default.
  void set_field_prefix(std::string prefix) { field_prefix_ = std::move(prefix); }

 private:
  const RecordType& TypeOf(const pbuf::Descriptor* message) const;
  absl::StatusOr<std::optional<Record>> Find(const RecordType& type, const std::string& name);
  absl::Status Complete(const RecordType& type, const pbuf::Message* before, pbuf::Message& after);
  // What is wrong with where a new record shall stand.
  Violations WrongPlace(const Declaration& declaration, const std::string& parent,
                        const std::string& id) const;
  // Adds the change, or merges it into the one that the unit makes of the same record already.
  absl::Status Note(RecordChange change);
  absl::Status Follow(const RecordType& type, const pbuf::Message* before,
                      const pbuf::Message& after);
  absl::StatusOr<MessagePtr> Put(const RecordType& type, std::shared_ptr<pbuf::Message> after,
                                 events::v1::Kind kind, const pbuf::Message* detail);
  // The record as it was before the unit; nothing for one that the unit creates. UNAVAILABLE
  // RECORD_NEWER if a newer release wrote what would be lost.
  absl::StatusOr<std::optional<Record>> Stored(const RecordType& type, const std::string& name,
                                               events::v1::Kind kind);
  // What changed records newly refer to, by type and name.
  struct References {
    std::map<std::string, std::map<std::string, Reference>> own;
    std::map<std::string, std::map<std::string, Reference>> foreign;
  };
  void Collect(const RecordChange& change, References& references) const;
  static void CollectFields(const RecordChange& change, References& references);
  absl::Status CheckForm(const References& references) const;
  absl::Status CheckOwn(const References& references);
  absl::Status CheckForeign(const References& references);

  const EngineParts& parts_;
  const Call& call_;
  std::string field_prefix_;
  ReadRecords own_reads_;
  ReadRecords& reads_;
  std::vector<RecordChange> changes_;
  // Place of a record's change in changes_.
  std::map<std::string, std::size_t> place_;
  int depth_ = 0;
};

// Path before the fields of the request that a record came in: "requests[3]." of
// "requests[3].stage.".
std::string RequestPath(const std::string& field_prefix, const Declaration& declaration);

// INVALID_ARGUMENT NAME_INVALID of `field` if this is not the name of a record of the type.
absl::Status CheckName(const Declaration& declaration, const std::string& name,
                       const std::string& field = "name");

// True for an error of Load that speaks of the name alone: no such record, a deleted one, no name
// at all. A rule that loads what a field refers to leaves it to CheckReferences, which knows the
// path of the field.
bool IsBadReference(const absl::Status& status);

// ABORTED STALE_ETAG if the caller knows another version than the one that was read. An empty etag
// is that of any version.
absl::Status CheckEtag(const std::string& etag, const Record& record);

}  // namespace lotura::resource
