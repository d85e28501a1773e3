// Notes what the answers of a process show in the logs of its services.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>

#include "libs/audit/read_log.h"
#include "libs/audit/sight.h"
#include "libs/base/clock.h"
#include "libs/rpc/witness.h"

namespace lotura::audit {

// Filled before the server starts, then thread-safe.
class ReadWitness final : public rpc::Witness {
 public:
  enum class Notes {
    kPersonal,  // records of which a personal field was shown
    kAll,       // every record
  };

  ReadWitness(Notes notes, const Clock& clock) : notes_(notes), clock_(clock) {}

  // Where the records of a service are noted, "sales". The log outlives the last answer.
  void Add(const std::string& service, ReadLog& log);
  // Learns what the answers of these services of gRPC show, by their full names; others are not
  // looked at.
  void Prepare(std::span<const std::string> services);

  // What shows a personal field leaves when that is on disk, everything else at once, as long as
  // the log has room.
  bool MayLeave(const rpc::Method& method, const Call& call, const pbuf::Message& answer,
                Leave leave) override;

 private:
  // Where the service keeps it to which the records belong, or else the method.
  [[nodiscard]] ReadLog& LogOf(const rpc::Method& method, const SightType& type) const;

  const Notes notes_;
  const Clock& clock_;
  std::map<std::string, ReadLog*, std::less<>> logs_;  // services are no tenant's
  std::unordered_map<const pbuf::Descriptor*, std::unique_ptr<const SightPlan>> plans_;
};

}  // namespace lotura::audit
