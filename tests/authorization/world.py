"""A tenant with teams, users who have the built-in roles, and records of every relation to each of
them; and another tenant, of which they must not learn.

Cells that change a record have one of their own, so that each can be tried at the same time.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc
from google.protobuf import json_format

from authorization import model
from authorization.catalog import Catalog, Kind, RecordType, Rpc
from authorization.model import Relation
from authorization.rows import OPPORTUNITY, Judgement, Row
from devkit.layout import SERVICES
from devkit.stack import Stack
from kit.api import POOL, Client, Refused, message_class
from kit.samples import Samples, absent, fresh_id, full_name, patient, record_of

# The cells are tried in the operator's, so that those of its RPCs are, too.
TENANT = "00000000-0000-4000-8000-0000000ab1e1"
OTHER_TENANT = "00000000-0000-4000-8000-0000000ab1e2"
USER, TEAM = "directory.lotura/User", "directory.lotura/Team"
STAGE, STAGE_CHANGE = "sales.lotura/Stage", "sales.lotura/StageChange"
MOVE = "lotura.sales.v1.OpportunityService/MoveOpportunity"
LIST_CHANGES = "lotura.sales.v1.StageChangeService/ListStageChanges"
CREATE = {"role": "lotura.directory.v1.RoleService/CreateRole",
          "team": "lotura.directory.v1.TeamService/CreateTeam",
          "user": "lotura.directory.v1.UserService/CreateUser",
          "role_assignment": "lotura.directory.v1.RoleAssignmentService/CreateRoleAssignment",
          "tenant": "lotura.directory.v1.TenantService/CreateTenant"}
UPDATE_TEAM = "lotura.directory.v1.TeamService/UpdateTeam"
STAGE_KIND_WON = 2
CHUNK = 100
THREADS = 12
# Who owns a record that is not the caller's.
OWNERS = {Relation.TEAM: "users/mate", Relation.BELOW: "users/below",
          Relation.FOREIGN: "users/foreign", Relation.READER: "users/reading",
          Relation.EDITOR: "users/editing"}


def parent_of(name: str) -> str:
    return "/".join(name.split("/")[:-2])


class Caller:
    """A user with whatever his roles say, or with all permissions in his token."""

    def __init__(self, stack: Stack, user: str, tenant: str,
                 permissions: tuple[str, ...] | None = None):
        self.user = user
        token = stack.issuer.mint(user=user, tenant=tenant, permissions=permissions)
        self._clients = {service: Client(stack.grpc(service), token) for service in SERVICES}

    def client(self, service: str) -> Client:
        return self._clients[service]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


@dataclass(frozen=True)
class Order:
    """A record that a cell needs."""

    record_type: RecordType
    slot: str
    caller: str
    relation: Relation


def in_parallel(work: Callable, items: Iterable) -> list:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, items))


class World:
    """`assigned` are the callers: by the id of each, the role's. The tenant is the operator's."""

    def __init__(self, stack: Stack, catalog: Catalog, rows: list[Row], roles: list[dict],
                 assigned: dict[str, str]):
        self.catalog, self.rows = catalog, rows
        self._stack = stack
        self.admin = Caller(stack, "users/setup", TENANT, ("*",))
        self._other_admin = Caller(stack, "users/setup", OTHER_TENANT, ("*",))
        self.callers = {one: Caller(stack, f"users/{one}", TENANT) for one in assigned}
        self.samples = Samples(catalog, self.admin.client)
        self.other_samples = Samples(catalog, self._other_admin.client)
        self._records: dict[Order, str] = {}
        self._of_other_tenant: dict[str, str] = {}
        self._register_other_tenant()
        self._make_people(roles, assigned)
        in_parallel(lambda one: one.prepare(operator=one is self.samples),
                    (self.samples, self.other_samples))
        self._make_stages()
        self._make_records()

    def close(self) -> None:
        for caller in (self.admin, self._other_admin, *self.callers.values()):
            caller.close()

    def stranger(self, user: str) -> Caller:
        """A caller who has no role."""
        self.callers[user] = Caller(self._stack, f"users/{user}", TENANT)
        return self.callers[user]

    # What cells ask for.

    def record(self, row: Row, caller: str, relation: Relation) -> str:
        """Name of the record with which the cell is tried."""
        if relation is Relation.TENANT:
            return self._of_other_tenant[row.about.type]
        if relation is Relation.ABSENT:
            return absent(self._of_other_tenant[row.about.type])
        return self._records[Order(row.about, row.slot, caller, relation)]

    def taken_id(self, row: Row, caller: str) -> str:
        """Of a record of the other tenant; each for one cell."""
        order = Order(row.about, row.rpc.method, caller, Relation.TENANT)
        return self._records[order].rpartition("/")[2]

    def owner(self, caller: str, relation: Relation) -> str:
        """Name of the user who owns records of this relation; empty for nobody."""
        user = self.catalog.types[USER]
        others = {Relation.OWN: self.callers[caller].user, Relation.NOBODY: "",
                  Relation.TENANT: self.other_samples.name_of(user),
                  Relation.ABSENT: absent(self.other_samples.name_of(user))}
        return (OWNERS | others)[relation]

    def in_service(self, record_type: RecordType, name: str, of: str = USER) -> str:
        """The name of a user, or of another type's record, as records of this type hold it."""
        target = self.catalog.types[of]
        return name if target.service == record_type.service else full_name(target, name)

    def whole(self, record_type: RecordType, name: str):
        """The record as it is, with everything."""
        get = self.catalog.rpc_of(record_type, Kind.GET)
        return self.admin.client(record_type.service).call(get.path, name=name)

    @property
    def other_admin(self) -> Caller:
        """May do everything in a tenant that is not the operator's."""
        return self._other_admin

    # How it is made.

    def _register_other_tenant(self) -> None:
        self.admin.client("directory").call(
            CREATE["tenant"], tenant={"display_name": "Other", "administrator": "setup"},
            tenant_id=OTHER_TENANT)
        for record_type in self.catalog.types.values():
            get = self.catalog.rpc_of(record_type, Kind.GET)
            if get is not None:
                patient(lambda get=get: self._reached(self._other_admin, get), ("TENANT_UNKNOWN",))

    @staticmethod
    def _reached(caller: Caller, get: Rpc) -> None:
        """An error that comes from behind the door is an answer."""
        try:
            caller.client(get.service).call(get.path)
        except grpc.RpcError as error:
            if Refused(error).reason == "TENANT_UNKNOWN":
                raise

    def _call(self, what: str, record_id: str, **fields):
        return patient(lambda: self.admin.client("directory").call(
            CREATE[what], **{what: fields, f"{what}_id": record_id}))

    def _make_people(self, roles: list[dict], assigned: dict[str, str]) -> None:
        self._call("team", "north", display_name="North")
        self._call("team", "north-below", display_name="Below North", parent_team="teams/north")
        self._call("team", "south", display_name="South")
        for user, team in (("mate", "north"), ("below", "north-below"),
                           *((one, "south") for one in ("foreign", "reading", "editing")),
                           *((one, "north") for one in assigned), ("nobody", "north")):
            self._call("user", user, display_name=user, team=f"teams/{team}")
        # Whoever leads the team also belongs to it.
        self.admin.client("directory").call(
            UPDATE_TEAM, team={"name": "teams/north", "manager": "users/sales-manager"},
            update_mask={"paths": ["manager"]})
        for role in roles:
            message = message_class("lotura.directory.v1.Role")
            patient(lambda: self.admin.client("directory").call(
                CREATE["role"], role=parsed(role, message),
                role_id=role["name"].removeprefix("roles/")))
        for caller, role in assigned.items():
            self._call("role_assignment", f"of-{caller}", role=f"roles/{role}",
                       member=f"users/{caller}")

    def _make_stages(self) -> None:
        self.next_stage = self._make_stage(self.admin, self.samples)
        self.won_stage = self._make_stage(self.admin, self.samples, STAGE_KIND_WON)
        self._other_stage = self._make_stage(self._other_admin, self.other_samples)

    def _make_stage(self, admin: Caller, samples: Samples, kind: int | None = None) -> str:
        stage = self.catalog.types[STAGE]
        record = samples.record(stage)
        if kind is not None:
            record.kind = kind
        rpc = self.catalog.rpc_of(stage, Kind.CREATE)
        return admin.client("sales").call(rpc.path, **samples.creation(stage, record)).name

    def _make_records(self) -> None:
        orders: dict[str, dict[Order, None]] = {}
        for row in self.rows:
            for order in self._orders(row):
                orders.setdefault(order.record_type.type, {})[order] = None
        in_parallel(self._fulfill, map(list, orders.values()))
        self._take_of_other_tenant()
        self._prepare_slots()
        self._win_for_reports()

    def _orders(self, row: Row) -> list[Order]:
        if row.about is None:
            return []
        if row.judgement is Judgement.CREATION:
            refers = row.about.has_owner or any(self.catalog.needed_by(row.about))
            relations = [] if refers else [Relation.TENANT]
            slot = row.rpc.method
        else:
            relations = [one for group in model.relations_of(row) for one in group
                         if one not in model.BEYOND]
            slot = row.slot
        return [Order(row.about, slot, caller, relation) for caller in self.callers
                for relation in relations]

    def _fulfill(self, orders: list[Order]) -> None:
        record_type = orders[0].record_type
        if record_type.type in MAKERS:
            name = MAKERS[record_type.type](self, self.admin, self.samples, self.next_stage)
            self._records |= {order: name for order in orders}
            return
        for admin, samples, beyond in ((self.admin, self.samples, False),
                                       (self._other_admin, self.other_samples, True)):
            wanted = [one for one in orders if (one.relation is Relation.TENANT) is beyond]
            if beyond and self.catalog.is_operators(record_type):
                # Nobody else has any: such an id is nobody's.
                self._records |= {one: f"{record_type.collection}/{fresh_id(record_type)}"
                                  for one in wanted}
                continue
            for start in range(0, len(wanted), CHUNK):
                self._create(admin, samples, wanted[start:start + CHUNK])

    def _create(self, admin: Caller, samples: Samples, orders: list[Order]) -> None:
        record_type = orders[0].record_type
        elements = [samples.creation(record_type, self._dressed(samples.record(record_type), one))
                    for one in orders]
        client = admin.client(record_type.service)
        batch = self.catalog.rpc_of(record_type, Kind.BATCH_CREATE)
        if batch is None:
            create = self.catalog.rpc_of(record_type, Kind.CREATE).path
            made = [record_of(patient(lambda one=one: client.call(create, **one)), record_type)
                    for one in elements]
        else:
            parent = samples.parent_name(record_type)
            extra = {"parent": parent} if parent else {}
            made = getattr(patient(lambda: client.call(batch.path, requests=elements, **extra)),
                           record_type.plural)
        self._records |= {order: one.name for order, one in zip(orders, made, strict=True)}

    def _dressed(self, record, order: Order):
        """The record with its owner, and with whom it is shared."""
        if order.relation is not Relation.TENANT:
            self.set_relation(record, order.record_type, order.caller, order.relation)
        return record

    def set_relation(self, record, record_type: RecordType, caller: str,
                     relation: Relation) -> None:
        owner = record_type.column_for("OWNER")
        if owner is not None and (name := self.owner(caller, relation)):
            setattr(record, owner.name, self.in_service(record_type, name))
        for shared, access in ((Relation.READER, "READERS"), (Relation.EDITOR, "EDITORS")):
            column = record_type.column_for(access)
            if relation is shared and column is not None:
                getattr(record, column.name).append(
                    self.in_service(record_type, self.callers[caller].user))

    def _take_of_other_tenant(self) -> None:
        for record_type in self.catalog.types.values():
            maker = MAKERS.get(record_type.type)
            if self.catalog.is_operators(record_type):
                name = f"{record_type.collection}/{fresh_id(record_type)}"
            elif maker is not None:
                name = maker(self, self._other_admin, self.other_samples, self._other_stage)
            else:
                name = self.other_samples.name_of(record_type)
            self._of_other_tenant[record_type.type] = name

    def _prepare_slots(self) -> None:
        """What was deleted can be undeleted, what was won can be reopened."""
        undelete = {row.slot: self.catalog.rpc_of(row.about, Kind.DELETE).path for row in self.rows
                    if row.rpc.kind is Kind.UNDELETE}
        deletions = [(order, undelete[order.slot]) for order in self._records
                     if order.slot in undelete]
        in_parallel(lambda one: self.admin.client(one[0].record_type.service).call(
            one[1], name=self._records[one[0]]), deletions)
        won = [name for order, name in self._records.items() if order.slot == "ReopenOpportunity"]
        in_parallel(self._win, won)

    def _win(self, name: str) -> None:
        self.admin.client("sales").call(MOVE, name=name, stage=self.won_stage)

    def _win_for_reports(self) -> None:
        """An opportunity for each owner, of which reports tell."""
        record_type = self.catalog.types[OPPORTUNITY]
        orders = [Order(record_type, "report", caller, relation) for caller in self.callers
                  for relation in (*model.OWNED, *model.SHARED)]
        self._create(self.admin, self.samples, orders)
        in_parallel(self._win, [self._records[one] for one in orders])


def parsed(record: dict, message):
    return json_format.ParseDict(record, message(), descriptor_pool=POOL)


def _make_stage_change(world: World, admin: Caller, samples: Samples, stage: str) -> str:
    """Nobody but a verb makes them."""
    record_type = world.catalog.types[OPPORTUNITY]
    create = world.catalog.rpc_of(record_type, Kind.CREATE)
    client = admin.client("sales")
    opportunity = client.call(
        create.path, **samples.creation(record_type, samples.record(record_type)))
    client.call(MOVE, name=opportunity.name, stage=stage)
    return client.call(LIST_CHANGES, parent=opportunity.name).stage_changes[0].name


# Types without Create; their records are only read.
MAKERS = {STAGE_CHANGE: _make_stage_change}
