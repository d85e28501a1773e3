"""What the installation holds and tells when the load is over, tenant by tenant."""

import json
import random
import re
import subprocess
from collections.abc import Iterator

import psycopg2

from authorization.catalog import Catalog, Kind, RecordType
from devkit.layout import SERVICES
from devkit.process import wait_until
from devkit.services import migrate
from devkit.stack import Stack
from kit.api import POOL, message_class, request_id
from kit.samples import patient

from fault.leaks import schema
from fault.leaks.replies import Door
from fault.tenants import statements, timing
from fault.tenants.asking import Asker
from fault.tenants.canary import marks_in
from fault.tenants.settlement import NOT_YET, Tenant, in_parallel
from fault.trial.figures import Criterion
from fault.trial.supervisor import Trial

PAGE = 1000
SETTLED_S = 60
KEY = re.compile(r"lotura:\{([0-9a-f-]{36})/")
STREAMED = 6  # Tenants whose whole streams are read.
REPORTERS = 3  # Tenants with a login for reporting.
REPORTING_ROLE = "lotura_reporting"
REDIS_S = 60
WARM_READS = 3
TIMED = 2500  # Names of each class.
BATCH = 500
SUPERIORITY, MEDIAN_RATIO, P99_RATIO = 0.5, 1.05, 1.5
MADE = "lotura.accounts.v1.OrganizationService/BatchCreateOrganizations"
INTERNAL = ".ApiKeySecret"
FUNNEL = "lotura.analytics.v1.ReportService/QueryFunnel"


def watch_statements(stack: Stack) -> None:
    """From here on the server remembers what it is asked."""
    stack.postgres.query("CREATE EXTENSION pg_stat_statements", user=stack.postgres.admin)


def inspect(trial: Trial, stack: Stack, known: Catalog, tenants: list[Tenant]) -> list[Criterion]:
    """The criteria; what explains them becomes figures, and examples a file."""
    examples: list[str] = []

    def count(name: str, faults: Iterator[str]) -> Criterion:
        found = list(faults)
        examples.extend(f"{name}: {text}"[:1500] for text in found[:20])
        return Criterion(name, len(found), "==", 0)

    door = Door({service: stack.grpc(service) for service in SERVICES})
    by_id = {tenant.id: tenant for tenant in tenants}
    criteria = [
        count("lists that are not what the tenant has", lists(stack, known, tenants)),
        count("reports that count others", reports(stack, known, tenants)),
        count("streams that are not the tenant's journal", streams(stack, known, tenants, door)),
        count("keys and values of the cache that are not one tenant's",
              cached(trial, stack, known, by_id)),
        count("metrics that name a tenant", metrics(stack, by_id)),
        count("log lines of one tenant that tell of another", logs(trial, stack, by_id)),
        count("calls without a tenant that were not refused", nameless(stack, known)),
        count("rows that a login for reporting sees of others", reporting(trial, stack, tenants)),
        count("statements about more than one tenant", scoped(trial, stack)),
        *times(trial, tenants, door)]
    door.close()
    (trial.directory / "inspection.txt").write_text("\n".join(examples), encoding="utf-8")
    for example in examples[:20]:
        print(f"    {example[:500]}", flush=True)
    return criteria


def rows(stack: Stack, sql: str, user: str = "") -> list[tuple]:
    """As the administrator, whom the views of reporting and statistics of statements leave alone."""
    connection = psycopg2.connect(stack.postgres.conninfo(user=user or stack.postgres.admin))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()
    finally:
        connection.close()


def ask(tenant: Tenant, path: str, **fields):
    """The answer, even if the machine is busy for a while."""
    client = tenant.clients[path.split(".")[1]]
    return patient(lambda: client.call(path, **fields), NOT_YET)


def table_of(record_type: RecordType) -> str:
    declared = schema.option(POOL.FindMessageTypeByName(record_type.message), "MessageOptions",
                             "lotura.options.v1.resource")
    return f"{record_type.service}.{declared.table}"


def lists(stack: Stack, known: Catalog, tenants: list[Tenant]) -> Iterator[str]:
    """Each list, page by page, against a look past the service into its tables."""
    for record_type in known.types.values():
        rpc = known.rpc_of(record_type, Kind.LIST)
        stored: dict[str, set[str]] = {tenant.id: set() for tenant in tenants}
        columns = {column for (column,) in rows(
            stack, "SELECT attname FROM pg_attribute WHERE attnum > 0 AND attrelid = "
            f"'{table_of(record_type)}'::regclass")}
        live = " WHERE delete_time IS NULL" if "delete_time" in columns else ""
        for owner, name in rows(stack, f"SELECT tenant_id::text, name FROM {table_of(record_type)}{live}"):
            stored.setdefault(owner, set()).add(name)

        def told(tenant: Tenant, record_type=record_type, rpc=rpc, stored=stored) -> str:
            names = set(_listed(tenant, record_type, known, rpc))
            different = names ^ stored[tenant.id]
            return (f"{rpc.path} of tenant {tenant.number}: {sorted(different)[:5]}"
                    if different else "")

        yield from filter(None, in_parallel(told, tenants))


def _listed(tenant: Tenant, record_type: RecordType, known: Catalog, rpc) -> Iterator[str]:
    parent = known.parent_of(record_type)
    fields = {"parent": _any(parent, known)} if parent is not None else {}
    token = ""
    while True:
        page = ask(tenant, rpc.path, page_size=PAGE, page_token=token, **fields)
        yield from (one.name for one in getattr(page, record_type.plural))
        token = page.next_page_token
        if not token:
            return


def _any(parent: RecordType, known: Catalog) -> str:
    return re.sub(r"\{[a-z_]+\}", "-", parent.pattern)


def reports(stack: Stack, known: Catalog, tenants: list[Tenant]) -> Iterator[str]:
    """The funnels of all pipelines count as many opportunities as the tenant has."""
    stored = dict(rows(stack, "SELECT tenant_id::text, count(*) FROM sales.opportunity "
                       "WHERE delete_time IS NULL GROUP BY 1"))
    used = rows(stack, "SELECT DISTINCT tenant_id::text, pipeline FROM sales.opportunity")
    for tenant in tenants:
        pipelines = [name for owner, name in used if owner == tenant.id]

        def counted(tenant=tenant, pipelines=pipelines) -> int:
            answers = [ask(tenant, FUNNEL, pipeline=f"//sales.lotura/{name}")
                       for name in pipelines]
            return sum(row.current_count for answer in answers for row in answer.rows)

        expected = stored.get(tenant.id, 0)
        wait_until(lambda counted=counted, expected=expected: counted() == expected, SETTLED_S, 0.5)
        seen = counted()
        if seen != expected:
            yield f"tenant {tenant.number} has {expected} opportunities, and the funnel has {seen}"


def streams(stack: Stack, known: Catalog, tenants: list[Tenant], door: Door) -> Iterator[str]:
    """The events from the earliest on are those of the tenant's journal, each once."""
    subscribe = next(one for one in known.rpcs if one.method == "Subscribe")
    asker = Asker(known, tenants, door, random.Random(0))
    for service in sorted({one.service for one in known.types.values()}):
        stored: dict[str, set[str]] = {}
        # What nobody is shown is told by no stream.
        for owner, event in rows(stack, f"SELECT tenant_id::text, event_id::text FROM {service}.journal "
                                        f"WHERE resource_type NOT LIKE '%{INTERNAL}'"):
            stored.setdefault(owner, set()).add(event)
        for tenant in tenants[:STREAMED]:
            reply = asker.everything(subscribe, service, tenant)
            if not reply.ok:
                yield f"{service}, tenant {tenant.number}: {reply.code} {reply.text}"
                continue
            told = [one.event.event_id for one in reply.answer if one.HasField("event")]
            if len(told) != len(set(told)) or set(told) != stored.get(tenant.id, set()):
                yield (f"{service}, tenant {tenant.number}: {len(told)} events of "
                       f"{len(stored.get(tenant.id, ()))}")
    yield from asker.found.examples


def _warm(known: Catalog, tenant: Tenant) -> None:
    """A record is kept when it is missed for the second time."""
    for record_type in known.types.values():
        rpc = known.rpc_of(record_type, Kind.GET)
        for name in tenant.names[record_type.type] * WARM_READS:
            ask(tenant, rpc.path, name=name)


def cached(trial: Trial, stack: Stack, known: Catalog, by_id: dict[str, Tenant]) -> Iterator[str]:
    """Every key names its tenant, and what it holds is marked as that tenant's, if at all."""
    import socket as sockets

    in_parallel(lambda tenant: _warm(known, tenant), by_id.values())
    keys = _redis(stack, "--scan").split(b"\n")
    keys = [key for key in keys if key]
    trial.figures["keys in the cache"] = len(keys)
    marked = 0
    with sockets.socket(sockets.AF_UNIX) as connection:
        connection.settimeout(REDIS_S)
        connection.connect(str(stack.redis.socket))
        stream = connection.makefile("rb")
        for key in keys:
            found = KEY.match(key.decode("utf-8", "replace"))
            tenant = by_id.get(found.group(1)) if found else None
            if tenant is None:
                yield f"key {key!r} names no tenant"
                continue
            connection.sendall(b"*2\r\n$4\r\nDUMP\r\n$%d\r\n%b\r\n" % (len(key), key))
            size = int(stream.readline()[1:])
            value = stream.read(size + 2) if size >= 0 else b""
            # In the key stands what was asked for, be it there or not.
            told = marks_in(value)
            marked += bool(told)
            if told - {tenant.number}:
                yield f"key {key!r} of tenant {tenant.number} holds marks of {sorted(told)}"
    trial.figures["keys in the cache that are marked"] = marked
    if marked == 0:
        yield "no key is marked: nothing was cached"


def _redis(stack: Stack, *words: str) -> bytes:
    return subprocess.run(["redis-cli", "-s", str(stack.redis.socket), *words], check=True,
                          capture_output=True, timeout=REDIS_S).stdout


def metrics(stack: Stack, by_id: dict[str, Tenant]) -> Iterator[str]:
    for service in SERVICES:
        for line in stack.exposition(service).splitlines():
            if marks_in(line.encode()) or any(one in line for one in by_id):
                yield f"{service}: {line}"


def logs(trial: Trial, stack: Stack, by_id: dict[str, Tenant]) -> Iterator[str]:
    """A line tells of no tenant but the one that it names."""
    of_tenants = 0
    for service in SERVICES:
        with stack.member(service).log.open("rb") as lines:
            for line in lines:
                told = marks_in(line)
                owner = _tenant_of(line)
                of_tenants += owner in by_id
                named = {one for one in by_id if one.encode() in line}
                own = {by_id[owner].number} if owner in by_id else set()
                if told - own or named - {owner}:
                    yield f"{service}: {line[:600]!r}"
    trial.figures["log lines that name a tenant"] = of_tenants


def _tenant_of(line: bytes) -> str:
    try:
        return json.loads(line).get("tenant", "")
    except (ValueError, AttributeError):
        return ""


def nameless(stack: Stack, known: Catalog) -> Iterator[str]:
    """Callers of whom nobody says to which tenant they belong."""
    door = Door({service: stack.grpc(service) for service in SERVICES})
    for claims in ({"tenant": None}, {"tenant": ""}, {"tenant": "00000000-0000-0000-0000"}):
        token = stack.issuer.mint(claims=claims)
        for rpc in known.rpcs:
            service = rpc.service if rpc.service in SERVICES else "sales"
            request = message_class(rpc.request)()
            if rpc.method == "Subscribe" or rpc.kind is Kind.IMPORT:
                reply = door.ask_stream(service, rpc.path, [request], token)[-1]
            else:
                reply = door.ask(service, rpc.path, request, token)
            if reply.code != "UNAUTHENTICATED":
                yield f"{rpc.path} with {claims}: {reply.code} {reply.text}"
    door.close()


def reporting(trial: Trial, stack: Stack, tenants: list[Tenant]) -> Iterator[str]:
    """Logins of people with BI tools: each sees its tenant through the views, and no table."""
    admin = stack.postgres.admin
    stack.postgres.query(f"CREATE ROLE {REPORTING_ROLE} NOLOGIN", user=admin)
    stack.variables["LOTURA_REPORTING_ROLE"] = REPORTING_ROLE
    migrate(stack.surroundings(), stack.place.log / "reporting.log")
    del stack.variables["LOTURA_REPORTING_ROLE"]
    seen = 0
    for tenant in (*tenants[:REPORTERS], None):
        login = "bi_nobody" if tenant is None else f"bi_{tenant.number}"
        stack.postgres.query(f"CREATE ROLE {login} LOGIN IN ROLE {REPORTING_ROLE}", user=admin)
        if tenant is not None:
            stack.postgres.query("INSERT INTO lotura_report.login (role, tenant_id) VALUES "
                                 f"('{login}', '{tenant.id}')")
        for schema, view in rows(stack, "SELECT schemaname, viewname FROM pg_views WHERE schemaname "
                                 "LIKE '%\\_report'"):
            told = stack.postgres.query(f"SELECT * FROM {schema}.{view}", user=login).encode()
            own = set() if tenant is None else {tenant.number}
            seen += len(marks_in(told) & own)
            if marks_in(told) - own or (tenant is None and told):
                yield f"{login} in {schema}.{view}: {sorted(marks_in(told))}"
            yield from _tables_of(stack, login, schema.removesuffix("_report"), view)
    trial.figures["views in which logins for reporting saw their own"] = seen
    if seen == 0:
        yield "no view showed anything"


def _tables_of(stack: Stack, login: str, schema: str, table: str) -> Iterator[str]:
    try:
        rows(stack, f"SELECT 1 FROM {schema}.{table} LIMIT 1", user=login)
    except psycopg2.errors.InsufficientPrivilege:
        return
    yield f"{login} reads {schema}.{table}"


def scoped(trial: Trial, stack: Stack) -> Iterator[str]:
    """What the services had the server run, but for what tests and migrations did."""
    (texts,), = rows(stack, "SELECT json_agg(s.query) FROM pg_stat_statements s JOIN pg_roles r ON "
                     "r.oid = s.userid WHERE r.rolname = 'lotura' AND s.toplevel")
    found = statements.judge(texts)
    (trial.directory / "statements.txt").write_text(
        "\n".join([*found.unscoped, "", *found.scoped]), encoding="utf-8")
    trial.figures["statements about one tenant"] = len(found.scoped)
    trial.figures |= {f"statements of {who}": count for who, count in sorted(found.exempt.items())}
    yield from found.unscoped
    yield from (f"nobody is exempt as {one.who}" for one in statements.EXEMPTIONS
                if one.who not in found.exempt)
    if len(found.scoped) < 50:
        yield f"only {len(found.scoped)} statements were about one tenant"


def times(trial: Trial, tenants: list[Tenant], door: Door) -> list[Criterion]:
    """Nobody can tell by the time whether a name is another's or nobody's."""
    mine, other = tenants[0], tenants[1]
    names: list[str] = []
    while len(names) < TIMED:
        elements = [other.samples.creation(_organization(other), _organization_record(other))
                    for _ in range(BATCH)]
        answer = ask(other, MADE, requests=elements, request_id=request_id())
        names += [one.name for one in answer.organizations]
    chance = trial.chance("times")
    chance.shuffle(names)
    criteria = []
    for state in ("first asked", "asked again"):
        found = timing.measure(door, mine, names[:TIMED], random.Random(trial.seed))
        trial.figures |= {f"{state}: median ms of another's": sorted(found.foreign)[TIMED // 2 - 1] * 1e3,
                          f"{state}: median ms of nobody's": sorted(found.nobody)[TIMED // 2 - 1] * 1e3}
        criteria += [
            Criterion(f"{state}: |P(another's takes longer) - 0.5|",
                      abs(found.superiority - SUPERIORITY), "<=", found.bound),
            Criterion(f"{state}: medians, the larger / the smaller", found.ratio(0.5), "<=",
                      MEDIAN_RATIO),
            Criterion(f"{state}: p99, the larger / the smaller", found.ratio(0.99), "<=", P99_RATIO)]
    return criteria


def _organization(tenant: Tenant) -> RecordType:
    return tenant.samples.catalog.types["accounts.lotura/Organization"]


def _organization_record(tenant: Tenant):
    return tenant.samples.record(_organization(tenant), lean=True)
