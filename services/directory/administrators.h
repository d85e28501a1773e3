// Who may administer a tenant: give everything to everybody.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/access/effective_role.h"
#include "lotura/directory/v1/user.pb.h"
#include "services/directory/policy_state.h"

namespace lotura::directory {

// Records by their names, as they were read.
using Basis = std::map<std::string, resource::Record>;

// For a while: an end stands in the assignment or the client.
enum class Term { kForAWhile, kForGood };

// Somebody who may, and why. A role lets its holder administer if it alone permits to write every
// role and every role assignment (access::Subject::Administers).
struct Administrator {
  Term term = Term::kForAWhile;
  // The records from which it follows, and from no others: the user or client, the teams that lead
  // to the assignment, the role with those that it builds upon, and their permission sets.
  Basis rests_on;
};

// Of one tenant at one moment of a unit. What it reads are the roles, the permission sets, who has
// the roles that let administer, and of users and teams those that lead to the answer.
class Administrators {
 public:
  Administrators(resource::Changes& changes, Moment moment)
      : changes_(changes), state_(changes, moment) {}

  // Whether what somebody may administer may follow from the changed record.
  absl::StatusOr<bool> MayRestOn(const resource::RecordChange& change);
  // One who may for good, if there is one; otherwise any.
  absl::StatusOr<std::optional<Administrator>> Find();

 private:
  // A role that lets administer, given to a user, a client or a team.
  struct Grant {
    std::string member;
    Term term = Term::kForAWhile;
    // What administering by it rests on, but for the member: the assignment and the role's parts.
    Basis basis;
    // As that of the role.
    std::string missing_base;
  };
  using Having = PolicyState::Having;
  using Visit = PolicyState::Visit;

  // Once.
  absl::Status Load();
  absl::Status LoadRoles();
  absl::Status LoadGrants();
  [[nodiscard]] bool IsGranted(const std::string& member) const;
  absl::StatusOr<bool> IsGrantedAbove(std::string team);
  absl::StatusOr<bool> MayRestOnUser(const v1::User& user);

  // Each notes an administrator and says whether to look on. `path` are the teams that lead from
  // the grant to him.
  Visit Note(Term term, const Grant& grant, const Basis& path, const Basis::value_type& member);
  absl::StatusOr<Visit> TryUser(const std::string& name, const Grant& grant, const Basis& path);
  absl::StatusOr<Visit> TryClient(const Grant& grant);
  absl::StatusOr<Visit> TryTeams(const Grant& grant);
  absl::StatusOr<Visit> TryMembers(const std::string& team, const Grant& grant, const Basis& path);

  resource::Changes& changes_;
  PolicyState state_;
  bool loaded_ = false;
  // By their names, those that let administer.
  struct Role {
    access::EffectiveRole effective;
    // Itself, those that it builds upon, and their permission sets.
    Basis parts;
    // The role that the last of these builds upon and that is not there: when it is back it counts.
    std::string missing_base;
  };
  std::map<std::string, Role> roles_;
  std::vector<Grant> grants_;
  std::optional<Administrator> best_;
};

}  // namespace lotura::directory
