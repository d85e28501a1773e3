// Valid requests of every method and valid records of every type, made from the descriptors alone,
// so that a new record type needs nothing here.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/component/messages.h"
#include "tests/component/platform.h"

namespace lotura::component {

using resource::Column;
using resource::Declaration;

enum class Kind {
  kGet,
  kBatchGet,
  kList,
  kCreate,
  kBatchCreate,
  kUpdate,
  kBatchUpdate,
  kDelete,
  kUndelete,
  kImport,
  kVerb,  // or a query: whatever is not a standard method
};

struct Rpc {
  const pbuf::MethodDescriptor* method = nullptr;
  Kind kind = Kind::kVerb;
  // The type of the records that it serves. Of a verb: the type of the record that it names; null
  // for a query.
  const Declaration* declaration = nullptr;

  // "lotura.sales.v1.ProductService/GetProduct".
  [[nodiscard]] std::string Path() const;
  // "sales".
  [[nodiscard]] std::string Service() const;
};

// Full names of all methods of the services' packages, without starting anything.
std::vector<std::string> AllMethods();

// The id of no record of any type whose ids have the form, and the name that stands beside another
// one with it.
std::string IdOfNobody(resource::IdForm form);
std::string NobodyBeside(const Declaration& declaration, const std::string& name);

// Makes what it needs through the door on first use.
class Samples {
 public:
  explicit Samples(Platform& platform);

  // Two records of each type that can be created, and all that they refer to.
  void MakeAll();

  [[nodiscard]] const Rpc& Find(const std::string& path) const { return rpcs_.at(path); }
  [[nodiscard]] const std::map<std::string, Rpc>& rpcs() const { return rpcs_; }
  // The method of that kind for a type, or null.
  [[nodiscard]] const Rpc* FindFor(const Declaration& declaration, Kind kind) const;

  // A request that is right in all respects. One that creates makes another record each time.
  MessagePtr ValidRequest(const Rpc& rpc);
  // Fills the required fields of a request of the service, or of a message within it.
  void FillRequired(const std::string& service, pbuf::Message& message);
  // The name of a live record, or of one that does not exist where none can be created.
  const std::string& NameOf(const Declaration& declaration);
  // The name of a record of the type ("sales.lotura/Stage") that does not exist.
  std::string Missing(const std::string& type);
  // A request_id that nobody has used.
  std::string NewRequestId();
  // Of a live parent; empty for a top-level type.
  std::string ParentOf(const Declaration& declaration);

 private:
  // How the fields of a valid record were found out.
  struct Draft {
    MessagePtr record;
    std::map<const Column*, int> attempts;
  };

  const MessagePtr& DraftOf(const Declaration& declaration);
  MessagePtr NewRecord(const Declaration& declaration);
  MessagePtr CreateRequest(const Rpc& rpc, const pbuf::Message& record);
  std::string Create(const Declaration& declaration);
  absl::Status TryOut(const Rpc& rpc, const pbuf::Message& record);
  bool Mend(const Declaration& declaration, const absl::Status& status, Draft& draft);
  void Fill(const Column& column, int attempt, pbuf::Message& record);
  std::string TextFor(const Column& column, int attempt);
  // The name of another live record than NameOf.
  const std::string& OtherOf(const Declaration& declaration);
  // `name` as records of `service` hold it.
  static std::string NameWithin(const std::string& service, const Declaration& declaration,
                                const std::string& name);
  std::string ReferenceTo(const std::string& type, const std::string& service);
  const Declaration* FindType(const std::string& type) const;
  // The type of the record that a request of the method means by its field "name", or null.
  const Declaration* TypeNamedBy(const pbuf::MethodDescriptor& method) const;

  Platform& platform_;
  std::map<std::string, Rpc> rpcs_;
  std::map<const Declaration*, MessagePtr> drafts_;
  std::map<const Declaration*, std::string> names_;
  std::map<const Declaration*, std::string> others_;
  int made_ = 0;
};

}  // namespace lotura::component
