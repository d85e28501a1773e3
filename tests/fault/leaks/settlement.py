"""How a world begins: its users, teams and roles, and the records of all types."""

import random
from dataclasses import dataclass, replace

from fault.leaks import schema
from fault.leaks.policy import Assignment, Policy, Role, Team, User
from fault.leaks.roles import Roles, as_fields
from fault.leaks.world import World

# A tree of teams by their numbers: the parent of each.
TEAMS = (None, 0, 0, 1, 1, 2, 2)
ROLES, BASES, SETS = 14, 3, 3
SPARES = 4
NARROW_SHARE = 0.2
TEAM_ROLE_SHARE = 0.4
# The stages of a pipeline, by their kinds.
STAGES = ("KIND_OPEN", "KIND_OPEN", "KIND_OPEN", "KIND_WON", "KIND_LOST")
MOVED_SHARE = 0.25
# Of Opportunity.State and Stage.Kind.
STATE_OPEN = 1
KIND_OPEN, KIND_WON, KIND_LOST = 1, 2, 3


@dataclass(frozen=True)
class Sizes:
    """How many records there are of a type, and how many users call."""

    users: int = 14
    organizations: int = 120
    people: int = 160
    affiliations: int = 80
    pipelines: int = 3
    products: int = 50
    price_lists: int = 6
    prices: int = 10  # Of each list.
    opportunities: int = 240
    activities: int = 160

    def times(self, scale: float) -> "Sizes":
        fixed = ("users", "pipelines", "price_lists")
        return Sizes(**{name: value if name in fixed else max(4, round(value * scale))
                        for name, value in vars(self).items()})


class Settlement:
    """Makes the records of one world, in the order in which they refer to each other."""

    def __init__(self, world: World, sizes: Sizes):
        self._world = world
        self._sizes = sizes
        self._chance = random.Random(f"{world.chance.random()}/settlement")
        self._values = world.values(self._chance)
        self._roles = Roles(self._chance)

    def make(self) -> None:
        self._make_directory()
        self._make_accounts()
        self._make_sales()
        self._make("communications.lotura/Activity", self._sizes.activities)

    def _type(self, name: str) -> schema.RecordType:
        return schema.record_types()[name]

    def _make(self, type_name: str, count: int, parent: str = "", **given) -> list[str]:
        type_ = self._type(type_name)
        records = [self._values.record(type_, **given) for _ in range(count)]
        return [state.name for state in self._world.create(type_, records, parent)]

    # Directory.

    def _make_directory(self) -> None:
        world = self._world
        teams = self._make_policy("Team", [{} for _ in TEAMS])
        self._place(teams)
        users = self._make_policy("User", [
            {"team": self._chance.choice(teams)} if self._chance.random() < 0.9 else {"team": ""}
            for _ in range(self._sizes.users)])
        self._lead(teams, users)
        sets = {f"permissionSets/{id_}": self._roles.permissions()
                for id_ in self._ids("PermissionSet", SETS)}
        self._make_policy("PermissionSet", [{"permissions": sorted(one)} for one in sets.values()],
                          sets)
        policy = Policy(users=self._read_users(users), teams=self._read_teams(teams),
                        permission_sets=sets)
        policy = self._give_roles(policy)
        with world.policies.change(policy):
            pass
        self._make_spares()

    def _ids(self, type_name: str, count: int) -> list[str]:
        type_ = self._type(f"directory.lotura/{type_name}")
        return [self._world.new_id(type_) for _ in range(count)]

    def _make_policy(self, type_name: str, given: list[dict], names=()) -> list[str]:
        """Records of directory of which the policy is made."""
        type_ = self._type(f"directory.lotura/{type_name}")
        blank = {name: "" for name in ("team", "manager", "parent_team", "base_role")
                 if name in type_.columns}
        records = [self._values.record(type_, **(blank | fields)) for fields in given]
        ids = [name.rpartition("/")[2] for name in names] or None
        made = [state.name for state in self._world.create(type_, records, ids=ids)]
        self._world.of_policy |= set(made)
        return made

    def _update(self, name: str, /, **fields) -> None:
        type_ = schema.type_of(name)
        rpc = self._world.rpc("Update", type_)
        reply = self._world.administer(rpc, **{type_.singular: {"name": name, **fields}},
                                       update_mask={"paths": list(fields)})
        assert reply.ok, reply
        self._world.ledger.note(reply.answer, reply.begin, reply.end)

    def _place(self, teams: list[str]) -> None:
        for team, parent in zip(teams, TEAMS):
            if parent is not None:
                self._update(team, parent_team=teams[parent])

    def _lead(self, teams: list[str], users: list[str]) -> None:
        for team in teams:
            self._update(team, manager=self._chance.choice(users))

    def _read_users(self, names: list[str]) -> dict[str, User]:
        return {name: User(team=self._world.ledger.current(name).message.team) for name in names}

    def _read_teams(self, names: list[str]) -> dict[str, Team]:
        messages = {name: self._world.ledger.current(name).message for name in names}
        return {name: Team(message.parent_team, message.manager)
                for name, message in messages.items()}

    def _give_roles(self, policy: Policy) -> Policy:
        names = [f"roles/{id_}" for id_ in self._ids("Role", ROLES)]
        roles: dict[str, Role] = {}
        for name in names:
            roles[name] = self._roles.make(name, list(roles)[:BASES], list(policy.permission_sets))
        for name, role in roles.items():  # One by one: each may build upon those before it.
            self._make_policy("Role", [as_fields(role)], [name])
        policy = replace(policy, roles=roles)
        return replace(policy, assignments=self._assign(policy))

    def _assign(self, policy: Policy) -> dict[str, Assignment]:
        members = [user for user in policy.users for _ in range(self._chance.choice((1, 1, 2)))]
        members += [team for team in policy.teams if self._chance.random() < TEAM_ROLE_SHARE]
        wanted = [self.random_assignment(policy, member, self._chance) for member in members]
        names = self._make_policy("RoleAssignment", [
            {"role": one.role, "member": one.member, "record_types": sorted(one.record_types)}
            for one in wanted])
        return dict(zip(names, wanted))

    @staticmethod
    def random_assignment(policy: Policy, member: str, chance: random.Random) -> Assignment:
        types = frozenset()
        if chance.random() < NARROW_SHARE:
            types = frozenset(chance.sample(sorted(schema.record_types()), 5))
        return Assignment(chance.choice(list(policy.roles)), member, types)

    def _make_spares(self) -> None:
        """What callers may change: nobody's rights depend on it."""
        for name in ("Team", "User", "Client", "PermissionSet", "Role", "RoleAssignment"):
            self._make(f"directory.lotura/{name}", SPARES)

    # The other services.

    def _make_accounts(self) -> None:
        half = self._sizes.organizations // 2
        for _ in range(2):  # The second half also refers to the first one.
            self._make("accounts.lotura/Organization", half)
        self._make("accounts.lotura/Person", self._sizes.people)
        self._make("accounts.lotura/Affiliation", self._sizes.affiliations)

    def _make_sales(self) -> None:
        for pipeline in self._make("sales.lotura/Pipeline", self._sizes.pipelines):
            for kind in STAGES:
                self._make("sales.lotura/Stage", 1, pipeline, kind=kind)
        self._make("sales.lotura/Product", self._sizes.products)
        for price_list in self._make("sales.lotura/PriceList", self._sizes.price_lists):
            self._make("sales.lotura/Price", self._sizes.prices, price_list)
        for name in self._make("sales.lotura/Opportunity", self._sizes.opportunities):
            if self._chance.random() < MOVED_SHARE:
                move(self._world, name, self._chance)


def move(world: World, name: str, chance: random.Random) -> None:
    """The administrator moves an opportunity somewhere else, or takes it up again."""
    with world.writing([name]):
        before = world.ledger.current(name)
        rpc, fields = movement(world, before, chance)
        reply = world.administer(rpc, **fields)
        if reply.ok:
            world.settle([name], reply.begin)
            world.settle_history(name, reply.begin)


def movement(world: World, before, chance: random.Random) -> tuple[schema.Rpc, dict]:
    """A move that may succeed; one that wins says what the customer pays, so that no amount is
    told twice."""
    deal, stage_of = before.message, world.ledger.current
    is_open = deal.state == STATE_OPEN
    stage_type = schema.record_types()["sales.lotura/Stage"]
    stages = [name for name in world.ledger.names(stage_type)
              if name.startswith(deal.pipeline + "/") and name != deal.stage
              and not stage_of(name).deleted
              and (is_open or stage_of(name).message.kind == KIND_OPEN)]
    fields: dict = {"name": before.name, "stage": chance.choice(stages) if stages else deal.stage}
    if not is_open:
        return world.rpc("ReopenOpportunity", before.type), fields
    kind = stage_of(fields["stage"]).message.kind if stages else KIND_OPEN
    if kind == KIND_WON:
        currency = deal.amount.currency_code if deal.HasField("amount") else "EUR"
        fields["close_amount"] = {"currency_code": currency, "units": world.mint.number()}
    if kind == KIND_LOST:
        fields["lost_reason"] = world.mint.text()
    return world.rpc("MoveOpportunity", before.type), fields
