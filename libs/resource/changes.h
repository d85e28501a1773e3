// What a use case reads and changes, collected until it is committed as one unit.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "libs/base/call.h"
#include "libs/resource/catalog.h"
#include "libs/resource/lister.h"
#include "libs/resource/references.h"
#include "libs/resource/rights.h"
#include "libs/resource/store.h"

namespace lotura::resource {

// What the engine works with; everything outlives it.
struct EngineParts {
  const Catalog& catalog;
  Store& store;
  const ForeignRecords& foreign_records;
  IdSource& ids;
  // For rules that look for records by what they hold; null where none does.
  const Lister* lister = nullptr;
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
  // The declared type of a message; there is one.
  [[nodiscard]] const RecordType& TypeOf(const pbuf::Descriptor* message) const;
  // What the caller may do with records of the type.
  [[nodiscard]] const View& ViewOf(const RecordType& type);

  // A live record, as it is stored. NOT_FOUND if there is none, or none that the caller may read:
  // use cases read and change what he may, while rules, which follow from what he did, are not
  // limited so. ABORTED STALE_ETAG if `etag` is given and another one.
  template <typename T>
  absl::StatusOr<T> Load(const std::string& name, const std::string& etag = {}) {
    LOTURA_ASSIGN_OR_RETURN(const Record record, LoadLive(TypeOf(T::descriptor()), name, etag));
    return static_cast<const T&>(*record.message);
  }

  // A live record that follows from one that the caller may read: he need not be allowed to read
  // it, and is told nothing of it. NOT_FOUND if there is none.
  template <typename T>
  absl::StatusOr<T> LoadFollowing(const std::string& name) {
    LOTURA_ASSIGN_OR_RETURN(const Record record, ReadFollowing<T>(name));
    return static_cast<const T&>(*record.message);
  }
  template <typename T>
  absl::StatusOr<Record> ReadFollowing(const std::string& name) {
    Record found;
    LOTURA_RETURN_IF_ERROR(AsRule([&]() -> absl::Status {
      LOTURA_ASSIGN_OR_RETURN(found, LoadLive(TypeOf(T::descriptor()), name, {}));
      return absl::OkStatus();
    }));
    return found;
  }

  // The live records for which the filter holds, as they are stored: what this unit changes is not
  // seen. For rules alone, as LoadFollowing. `visit` is given a Record and returns StatusOr<Visit>;
  // kEnough ends it. Errors of a list.
  enum class Visit { kOn, kEnough };
  template <typename T, typename Each>
  absl::Status VisitFollowing(const std::string& filter, const Each& visit) {
    ListRequest request{.filter = filter, .order_by = "name", .page_size = kPageSizeMax};
    do {
      LOTURA_ASSIGN_OR_RETURN(const ListPage page, ListPageOf(TypeOf(T::descriptor()), request));
      for (const Record& record : page.records) {
        LOTURA_ASSIGN_OR_RETURN(const Visit next, visit(record));
        if (next == Visit::kEnough) return absl::OkStatus();
      }
      request.page_token = page.next_page_token;
    } while (!request.page_token.empty());
    return absl::OkStatus();
  }

  // Of what the unit only reads nothing is promised, but of this record, which a rule has read: the
  // unit is committed only if nobody has changed it since. So it gets a new version in which
  // nothing has changed, and of two units that rely on each other's records one comes second and
  // runs again.
  absl::Status RelyOn(const Record& record);

  // OK if the caller may change the record, which was loaded: for verbs, which ask before they look
  // at what it holds.
  template <typename T>
  absl::Status CheckMayChange(const T& record) {
    return CheckMay(TypeOf(T::descriptor()), Access::kUpdate, record);
  }

  // Whether the caller may read what stands at the path of a record that was loaded: for verbs that
  // make of it what he sees elsewhere.
  template <typename T>
  [[nodiscard]] bool MayRead(const T& record, std::string_view path) {
    return actor_ == Actor::kRule || ViewOf(TypeOf(T::descriptor())).Reads(path, record);
  }

  // A new record under `parent`, with an assigned id if `id` is empty. Returns it as it will be
  // stored. It follows from what the caller did: he need not be allowed to create it himself.
  template <typename T>
  absl::StatusOr<T> Create(const T& record, const std::string& parent = {},
                           const std::string& id = {}) {
    MessagePtr created;
    LOTURA_RETURN_IF_ERROR(AsRule([&]() -> absl::Status {
      LOTURA_ASSIGN_OR_RETURN(
          created, CreateAny(TypeOf(T::descriptor()), std::make_shared<T>(record), parent, id));
      return absl::OkStatus();
    }));
    return static_cast<const T&>(*created);
  }

  // A new version of a record that was loaded; unchanged records make none. PERMISSION_DENIED
  // RECORD_PROTECTED if the caller may only read it. A detail names the
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

  // What the unit changes, so far.
  [[nodiscard]] std::span<const RecordChange> changes() const { return changes_; }
  // Called when the use case has done all it does: checks that every record which a changed one
  // newly refers to is there, and asks the rules over the whole unit.
  absl::Status Conclude();
  std::vector<RecordChange> Take();
  // Every record that was read or changed here.
  [[nodiscard]] std::vector<RecordRef> Touched() const;
  // The next attempt, and everyone else, reads anew what was read or changed here.
  void Forget() const;
  // Path of the field that stands before the fields of a record in errors, "opportunity.". Empty by
  // default.
  void set_field_prefix(std::string prefix) { field_prefix_ = std::move(prefix); }

 private:
  absl::StatusOr<std::optional<Record>> Find(const RecordType& type, const std::string& name);
  absl::Status Complete(const RecordType& type, const pbuf::Message* before, pbuf::Message& after);
  // What is wrong with where a new record shall stand.
  Violations WrongPlace(const Declaration& declaration, const std::string& parent,
                        const std::string& id) const;
  std::string AssignId(const Declaration& declaration) const;
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
  absl::StatusOr<ListPage> ListPageOf(const RecordType& type, const ListRequest& request) const;
  // Gives the record of the change its version, its times and its etag.
  void Stamp(const Record* stored, pbuf::Message& after, RecordChange& change);
  absl::Status CheckReferences();
  // What changed records newly refer to, by type and name.
  struct References {
    std::map<std::string, std::map<std::string, Reference>> own;
    std::map<std::string, std::map<std::string, Reference>> foreign;
  };
  void Collect(const RecordChange& change, References& references) const;
  void CollectFields(const RecordChange& change, References& references) const;
  // Whether rules have decided what the record refers to there.
  bool IsDerived(const RecordChange& change, const std::string& path) const;
  absl::Status CheckForm(const References& references) const;
  absl::Status CheckOwn(const References& references);
  // That the caller may read what he has newly referred to, before rules tell more of it. Whoever
  // sees all is told of all that is wrong first.
  absl::Status CheckChosen(const RecordChange& change);
  absl::Status CheckForeign(const References& references);

  // For whom records are read and changed.
  enum class Actor { kCaller, kRule };
  template <typename Run>
  absl::Status AsRule(const Run& run) {
    const Actor before = std::exchange(actor_, Actor::kRule);
    absl::Status status = run();
    actor_ = before;
    return status;
  }
  // OK for a rule.
  absl::Status CheckMay(const RecordType& type, Access access, const pbuf::Message& record);

  const EngineParts& parts_;
  const Call& call_;
  Actor actor_ = Actor::kCaller;
  std::map<const RecordType*, ViewPtr> views_;
  // Names of records, all of the caller's tenant, that rules have changed.
  std::set<std::string> changed_by_rules_;
  std::string field_prefix_;
  ReadRecords own_reads_;
  ReadRecords& reads_;
  std::vector<RecordChange> changes_;
  // Place of a record's change in changes_, all of one tenant.
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
