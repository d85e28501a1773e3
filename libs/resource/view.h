// What somebody may do with the records of one type: with which of them, and what he sees of their
// fields. Whoever reads, lists, writes or announces records asks a view.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libs/resource/filter_check.h"

namespace lotura::resource {

// With a record. Each includes those before it.
enum class Access : std::uint8_t { kNone, kRead, kUpdate, kDelete };
// With a field of it. Each includes those before it.
enum class FieldAccess : std::uint8_t { kHidden, kMasked, kRead, kWrite };

// One reason to be allowed something.
struct Grant {
  // Whoever gave it, "roles/seller", and by which rule, for whoever asks why.
  std::string source;
  std::string rule = {};
  Access access = Access::kNone;
  // With which records.
  Filter records = {};
  // With which fields of them: one for each column of the declaration, in their order. Empty: all
  // may be written.
  std::vector<FieldAccess> fields = {};
};

// Grants add up: a record is seen if one of them shows it, and of its fields what one of those that
// show it shows. Immutable and thread-safe. The declaration outlives it.
class View {
 public:
  // Without grants nothing is seen.
  View(const Declaration& declaration, std::vector<Grant> grants);
  // Nothing is kept from its holder; there are no grants to be told of.
  static View Whole(const Declaration& declaration);

  [[nodiscard]] const Declaration& declaration() const { return declaration_; }
  [[nodiscard]] const std::vector<Grant>& grants() const { return grants_; }
  // Whether everything is allowed with every record.
  [[nodiscard]] bool IsWhole() const { return whole_; }

  // Whether every record may be read, with all of its fields.
  [[nodiscard]] bool ShowsEverything() const;
  // Whether the column may be read of every record there is.
  [[nodiscard]] bool ShowsEverywhere(const Column& column) const;

  // As a function over a record ...
  [[nodiscard]] bool Allows(Access access, const pbuf::Message& record) const;
  // ... and as the same condition for a list: true of exactly the same records.
  [[nodiscard]] Filter Records(Access access) const;
  // Those records of which each of these columns may be read. What a filter or an order speaks of
  // must be read by whoever asks, or the records that come would tell him what he may not see.
  [[nodiscard]] Filter RecordsShowing(const std::set<const Column*>& columns) const;
  // One of the columns that may be read of no record that may; null if there is none.
  [[nodiscard]] const Column* FindHidden(const std::set<const Column*>& columns) const;
  // Whether each of these columns may be read of every record that may be.
  [[nodiscard]] bool ShowsAlways(const std::set<const Column*>& columns) const;

  // What may be done with a field of this record. The engine's own fields may always be read.
  [[nodiscard]] FieldAccess Of(const Column& column, const pbuf::Message& record) const;
  // Whether what stands at the path, "amount.units", may be read of this record: the first of its
  // fields says so.
  [[nodiscard]] bool Reads(std::string_view path, const pbuf::Message& record) const;
  // Whether every field of this record may be read.
  [[nodiscard]] bool ShowsAll(const pbuf::Message& record) const;
  // What one of the grants allows with a field of the records that it is about.
  [[nodiscard]] FieldAccess In(const Grant& grant, const Column& column) const;
  // The record without what may not be seen of it; the same one if all of it may.
  [[nodiscard]] std::shared_ptr<const pbuf::Message> Show(
      std::shared_ptr<const pbuf::Message> record) const;
  // The same in place. `record` must be the whole one: what may be seen follows from its fields.
  // Fields that this release does not know are left out.
  void Mask(pbuf::Message& record) const;
  // The same for a record as a change would leave it that is not made: nor is anything left in it
  // that may not be seen of the record as it is, `before`.
  void MaskTried(const pbuf::Message& before, pbuf::Message& record) const;

 private:
  // Whether a grant shows it that has no rules for fields.
  [[nodiscard]] bool IsShownWithoutRules(const pbuf::Message& record) const;
  void MaskFields(const std::vector<FieldAccess>& fields, pbuf::Message& record) const;
  // Of all columns, in the order of the declaration.
  [[nodiscard]] std::vector<FieldAccess> FieldsOf(const pbuf::Message& record) const;
  // Of the grants that fulfill `counts`.
  template <typename Counts>
  [[nodiscard]] Filter UnionOf(const Counts& counts) const;

  const Declaration& declaration_;
  std::vector<Grant> grants_;
  bool whole_ = false;
};

}  // namespace lotura::resource
