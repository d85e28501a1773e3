// Who may do what in one tenant, as the records of directory say it.
#pragma once

#include <absl/status/status.h>

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libs/access/effective_role.h"
#include "libs/access/scopes.h"
#include "libs/base/clock.h"
#include "libs/base/crypto.h"
#include "lotura/directory/v1/api_key.pb.h"
#include "lotura/directory/v1/client.pb.h"
#include "lotura/directory/v1/role_assignment.pb.h"
#include "lotura/directory/v1/team.pb.h"
#include "lotura/directory/v1/user.pb.h"

namespace lotura::access {

// By their names. Of users those that were deleted, too: what they own is still their team's. Of
// all others those that live.
struct PolicyRecords {
  std::map<std::string, directory::v1::User> users;
  std::map<std::string, directory::v1::Client> clients;
  std::map<std::string, directory::v1::Team> teams;
  std::map<std::string, directory::v1::PermissionSet> permission_sets;
  std::map<std::string, Role> roles;
  std::map<std::string, directory::v1::RoleAssignment> assignments;
  std::map<std::string, directory::v1::ApiKey> api_keys;
  std::map<std::string, directory::v1::ApiKeySecret> api_key_secrets;
};

// A key of a client.
struct KnownKey {
  // "clients/erp".
  std::string client;
  Sha256Digest secret_hash{};
  // Of the client's permissions those that one of these covers; empty: all.
  std::vector<std::string> scopes;
  Instant expires;
  bool suspended = false;

  [[nodiscard]] bool Opens(std::string_view permission) const;
};

// OK if whoever has its secret may use the key now. UNAUTHENTICATED KEY_UNKNOWN if it is null,
// KEY_SUSPENDED, KEY_EXPIRED.
absl::Status CheckKey(const KnownKey* key, Instant now);

// What somebody may do. Refers to the policy that it was made of.
class Subject {
 public:
  // A role that he has, the types for which it counts (none: all), and by what he has it.
  struct Held {
    const EffectiveRole* role = nullptr;
    std::set<std::string, std::less<>> record_types;
    const directory::v1::RoleAssignment* assignment = nullptr;
  };

  Subject(Identity identity, std::vector<Held> held, std::optional<Instant> until)
      : identity_(std::move(identity)), held_(std::move(held)), until_(until) {}

  [[nodiscard]] const std::vector<Held>& held() const { return held_; }
  // When the next of his assignments ends: what he may do is to be asked for anew.
  [[nodiscard]] std::optional<Instant> until() const { return until_; }

  // What his roles permit, each as far as it counts.
  [[nodiscard]] std::vector<std::string> Permissions() const;
  [[nodiscard]] resource::View ViewOf(const resource::Declaration& declaration) const;
  // Whether one of his roles shows everything.
  [[nodiscard]] bool ReadsAll() const;
  // Whether he may write every role and every role assignment, whole: whoever may do that can give
  // everything to everybody.
  [[nodiscard]] bool Administers() const;

 private:
  Identity identity_;
  std::vector<Held> held_;
  std::optional<Instant> until_;
};

// Of one tenant. Immutable and thread-safe. What its records name and is not there is nothing.
class Policy {
 public:
  explicit Policy(PolicyRecords records);
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  // What a user or a client may do now. Nothing for one who is not there, was deleted, or is
  // suspended, or a client that has expired.
  [[nodiscard]] std::optional<Subject> FindSubject(const std::string& name, Instant now) const;
  // The key whose token begins so; null if there is none.
  [[nodiscard]] const KnownKey* FindKey(const std::string& token_start) const;

 private:
  using Names = std::set<std::string, std::less<>>;
  struct Holding {
    std::vector<Subject::Held> held;
    std::optional<Instant> until;
  };

  [[nodiscard]] std::optional<Subject> FindUser(const std::string& name, Instant now) const;
  [[nodiscard]] std::optional<Subject> FindClient(const std::string& name, Instant now) const;
  void LinkTeams();
  void ResolveRoles();
  void CollectKeys();
  // The teams that he belongs to or leads.
  [[nodiscard]] Names TeamsOf(const directory::v1::User& user) const;
  [[nodiscard]] Names WithThoseAbove(const Names& teams) const;
  [[nodiscard]] Names WithThoseBelow(const Names& teams) const;
  // The roles that are assigned to a user who counts as each of these.
  [[nodiscard]] Holding HeldBy(const Names& members, Instant now) const;
  // Full names of the members; one set for all who ask of the same teams.
  [[nodiscard]] resource::TextSet MembersOf(const Names& teams) const;

  const PolicyRecords records_;
  std::map<std::string, EffectiveRole> roles_;
  // By how their tokens begin.
  std::map<std::string, KnownKey> keys_;
  // By whom they are given to.
  std::map<std::string, std::vector<const directory::v1::RoleAssignment*>, std::less<>> assigned_;
  // By a team's name.
  std::map<std::string, Names, std::less<>> parts_;
  std::map<std::string, Names, std::less<>> members_;
  // By a user's name, the teams that he leads.
  std::map<std::string, Names, std::less<>> led_;
  mutable std::mutex mutex_;  // guards members_of_
  mutable std::map<Names, resource::TextSet> members_of_;
};

// "//directory.lotura/users/anna": how other services name a user or a team.
std::string FullName(std::string_view name);

}  // namespace lotura::access
