#include "libs/audit/read_witness.h"

#include <algorithm>

namespace lotura::audit {
namespace {

constexpr std::string_view kDomain = "lotura.";

}  // namespace

void ReadWitness::Add(const std::string& service, ReadLog& log) { logs_[service] = &log; }

void ReadWitness::Prepare(std::span<const std::string> services) {
  for (const std::string& name : services) {
    const auto* service = pbuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    if (service == nullptr) continue;
    for (int i = 0; i < service->method_count(); ++i) {
      const pbuf::Descriptor* answer = service->method(i)->output_type();
      auto plan = std::make_unique<const SightPlan>(answer);
      if (!plan->empty()) plans_.try_emplace(answer, std::move(plan));
    }
  }
}

bool ReadWitness::MayLeave(const rpc::Method& method, const Call& call, const pbuf::Message& answer,
                           Leave leave) {
  const auto plan = plans_.find(answer.GetDescriptor());
  if (plan == plans_.end() || logs_.empty()) return true;
  std::vector<Sight> sights = plan->second->Of(answer);
  if (notes_ == Notes::kPersonal)
    std::erase_if(sights, [](const Sight& sight) { return sight.personal == 0; });
  if (sights.empty()) return true;
  const bool is_personal =
      std::ranges::any_of(sights, [](const Sight& sight) { return sight.personal != 0; });
  ReadLog& log = LogOf(method, *sights.front().type);
  return log.Note({.tenant = call.principal.tenant,
                   .caller = call.principal.name,
                   .method = method.name,
                   .trace_id = call.trace.trace_id,
                   .time = clock_.Now(),
                   .sights = std::move(sights)},
                  is_personal ? ReadLog::Waits::kYes : ReadLog::Waits::kNo, std::move(leave));
}

ReadLog& ReadWitness::LogOf(const rpc::Method& method, const SightType& type) const {
  auto log = logs_.find(type.service);
  if (log == logs_.end() && method.domain.starts_with(kDomain))
    log = logs_.find(std::string_view(method.domain).substr(kDomain.size()));
  return *(log == logs_.end() ? logs_.begin() : log)->second;
}

}  // namespace lotura::audit
