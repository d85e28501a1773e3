#include "tests/simulation/ledger.h"

#include "libs/events/cloud_events.h"
#include "libs/resource/codec.h"

namespace lotura::simulation {
namespace {

std::string TextOf(const google::protobuf::Message& message, const char* field) {
  return message.GetReflection()->GetString(message,
                                            message.GetDescriptor()->FindFieldByName(field));
}

}  // namespace

Write& Ledger::Begin(Wish wish) {
  writes_.push_back({.wish = std::move(wish)});
  return writes_.back();
}

void Ledger::Acknowledge(Write& write, const resource::UnitOfWork::MessagePtr& answer) {
  if (write.answer != nullptr) {
    if (write.answer->SerializeAsString() == answer->SerializeAsString()) {
      checks_.Held(Invariant::kSameAnswer);
    } else {
      checks_.Broken(Invariant::kSameAnswer,
                     fmt::format("{} was answered with {} and then with {}", write.wish.id,
                                 write.answer->ShortDebugString(), answer->ShortDebugString()));
    }
    return;
  }
  write.answer = answer;
  write.state = Write::State::kAcknowledged;
  CheckAnswer(write);
  for (const events::JournalEntry* entry : plant_.database.CausedBy(write.wish.id)) {
    std::int64_t& version = versions_[events::RecordKey(entry->tenant, entry->name)];
    version = std::max(version, entry->version);
  }
}

void Ledger::CheckAnswer(const Write& write) {
  const std::string key = events::RecordKey(write.wish.tenant, TextOf(*write.answer, "name"));
  const std::string etag = TextOf(*write.answer, "etag");
  etags_[key] = etag;
  const auto caused = plant_.database.CausedBy(write.wish.id);
  if (caused.size() < write.wish.changes_min) {
    checks_.Broken(
        Invariant::kAcknowledgedIsThere,
        fmt::format("{} ({}) was acknowledged and is not there", write.wish.id, write.wish.what));
    return;
  }
  const std::string plain = resource::Split(*write.answer).plain;
  const auto versions = plant_.database.by_record().find(key);
  if (versions != plant_.database.by_record().end()) {
    for (const std::size_t place : versions->second) {
      const events::JournalEntry& entry = plant_.database.log()[place];
      if (resource::EtagOf(entry.version) != etag || entry.after_plain != plain) continue;
      checks_.Held(Invariant::kAcknowledgedIsThere);
      return;
    }
  }
  checks_.Broken(Invariant::kAcknowledgedIsThere,
                 fmt::format("{} ({}) was answered with what never was: {}", write.wish.id,
                             write.wish.what, write.answer->ShortDebugString()));
}

std::int64_t Ledger::VersionOf(const std::string& key) const {
  const auto found = versions_.find(key);
  return found == versions_.end() ? 0 : found->second;
}

std::string Ledger::EtagOf(const std::string& key) const {
  const auto found = etags_.find(key);
  return found == etags_.end() ? "" : found->second;
}

Write* Ledger::AnyAcknowledged() {
  std::vector<Write*> found;
  for (Write& write : writes_) {
    if (write.state == Write::State::kAcknowledged &&
        write.wish.repeatable == Wish::Repeatable::kYes)
      found.push_back(&write);
  }
  return found.empty() ? nullptr : found[plant_.world.chance().Below(found.size())];
}

}  // namespace lotura::simulation
