// What clients ask of the service.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/resource/unit_of_work.h"
#include "tests/simulation/plant.h"

namespace lotura::simulation {

// One write, however often it is tried.
struct Wish {
  // Given to the service as the cause of the write, so that its journal entries name it.
  std::string id;
  TenantId tenant;
  std::string method;
  // For the history: "move opportunities/d1".
  std::string what;
  std::shared_ptr<const google::protobuf::Message> request;
  // An empty answer.
  const google::protobuf::Message* response = nullptr;
  resource::UnitOfWork::Body body;
  // With a request_id it may be repeated.
  enum class Repeatable { kNo, kYes } repeatable = Repeatable::kYes;
  // Records that it changes if it succeeds; one that sets what is set already changes none.
  std::size_t changes_min = 1;
};

// A record that clients speak of.
struct Subject {
  TenantId tenant;
  const resource::Declaration* declaration = nullptr;
  std::string name;
};

// Few names and fewer match keys, so that clients are in each other's way.
class Wishes {
 public:
  explicit Wishes(Plant& plant);

  // What all others need: a pipeline with stages for each tenant.
  std::vector<Wish> First();
  // `etag` is one that the client knows of the record that `subject` names, or empty.
  Wish Next(const Subject& subject, const std::string& etag);
  // One that a client may read or change.
  Subject AnySubject();

 private:
  [[nodiscard]] bool IsProduct(const Subject& subject) const;
  Wish NextOfProduct(const Subject& subject, const std::string& etag);
  Wish NextOfOpportunity(const Subject& subject, const std::string& etag);
  Wish UpdateOpportunity(const Subject& subject, const std::string& etag);
  Wish Move(const Subject& subject, const std::string& etag);
  // A request_id, most of the time.
  std::string RequestId();

  Plant& plant_;
  const resource::RecordType& product_;
  const resource::RecordType& opportunity_;
  std::vector<TenantId> tenants_;
  std::size_t made_ = 0;
};

}  // namespace lotura::simulation
