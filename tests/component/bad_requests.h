// The table of bad input: for each method every request that must be refused, made from the
// descriptors, so that a new record type is covered without a line.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/component/samples.h"

namespace lotura::component {

struct BadRequest {
  std::string what;
  std::vector<std::string> messages;
  absl::StatusCode code = absl::StatusCode::kInvalidArgument;
  std::string reason;
  // INVALID_ARGUMENT: the path that a violation of this reason names; empty if the request as a
  // whole is no request. Any other code: the key of the metadata that says what is meant.
  std::string field;
  Caller caller = {};
};

// A message within a request: what stands before the paths of its fields, and where it is found.
struct Place {
  std::string prefix;
  std::function<pbuf::Message&(pbuf::Message& request)> in;
};

// Collects the bad requests of one method.
class BadRequests {
 public:
  BadRequests(const Rpc& rpc, Samples& samples, Platform& platform)
      : rpc_(rpc), samples_(samples), platform_(platform) {}

  // Not a message, not one message, text that is no text.
  void AddBytes();
  // Names of the wrong shape or of others, stale etags, request ids that are none or used.
  void AddNames();
  // Every field of a record: missing, too long, too many, too large, out of range, no reference.
  void AddRecords();
  // Filters, orders, sizes and tokens of lists and other pages.
  void AddLists();
  // What is wrong with a chunk of an import beside its rows.
  void AddImports();
  // Every field of a verb's or a query's request, by what it declares: missing, a NUL, no value of
  // an enum, no day, too many, no reference.
  void AddVerb();

  [[nodiscard]] const std::vector<BadRequest>& found() const { return found_; }

 private:
  void Add(const std::string& what, const pbuf::Message& request, const std::string& reason,
           const std::string& field);
  void Add(const pbuf::Message& request, BadRequest bad);

  void AddWrongNames();
  void AddNamesOfOthers();
  void AddStaleEtags();
  void AddRequestIds();
  void AddBatches();
  void AddColumn(const Column& column);
  void AddWholeRecord();
  void AddIds();
  void AddFilters();
  void AddTokens();
  void AddPages();
  void AddFieldsOf(const pbuf::Descriptor& type, const Place& place);
  void AddField(const pbuf::FieldDescriptor& field, const Place& place);
  void AddReference(const pbuf::FieldDescriptor& field, const Place& place);

  // Path of the field that holds a record's name, and the same of the record.
  [[nodiscard]] std::string NamePath() const;
  [[nodiscard]] std::string RecordPath() const;
  // A valid request with another name.
  MessagePtr Named(const std::string& name);
  // The record within a create or update request, alone or in a batch.
  pbuf::Message& RecordOf(pbuf::Message& request) const;
  std::string TokenFor(const Rpc& list);
  MessagePtr WithToken(const std::string& token);

  const Rpc& rpc_;
  Samples& samples_;
  Platform& platform_;
  std::vector<BadRequest> found_;
};

// Everything above.
std::vector<BadRequest> BadRequestsOf(const Rpc& rpc, Samples& samples, Platform& platform);

// Fields that a caller can send wrongly and that none of the requests does: texts, numbers, enums,
// lists, and what must not be missing. Bytes that are no text do not count.
std::vector<std::string> FieldsNotHeld(const Rpc& rpc, const std::vector<BadRequest>& requests);

}  // namespace lotura::component
