"""With the ACLs that `lotura-all kafka-acls` prints, and no others, everything works, and nobody can
do what they do not say: on a broker that knows its callers by passwords, over TLS, and denies by
default."""

import re
import secrets
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import BINARIES
from devkit.backends import Guard
from devkit.certificates import Authority
from devkit.layout import SERVICES
from devkit.process import wait_until
from devkit.stack import Arrangement, Stack
from kit.api import Client

ADMIN, STRANGER = "admin", "stranger"
COMMAND_S = 120
ARRIVAL_S = 60
ALLOWED = re.compile(r"Principal = User:(\S+) is (Allowed|Denied) operation = (\w+) from host = \S+ "
                     r"on resource = (Topic|Group):LITERAL:(\S+)")
LIST_TIMELINE = "lotura.communications.v1.TimelineService/ListTimeline"
# A change in each service that announces any.
CHANGES = {"accounts": ("lotura.accounts.v1.OrganizationService/CreateOrganization",
                        {"organization": {"display_name": "Guarded"}}),
           "directory": ("lotura.directory.v1.TeamService/CreateTeam",
                         {"team": {"display_name": "North"}}),
           "sales": ("lotura.sales.v1.PipelineService/CreatePipeline",
                     {"pipeline": {"display_name": "Direct"}}),
           "communications": ("lotura.communications.v1.ActivityService/CreateActivity",
                              {"activity": {"kind": 1, "subject": "A word"}})}
DEAD_LETTERS_OF_ACCOUNTS = "lotura.accounts.v1.communications.timeline.dlq"
TOPIC = "lotura.{}.v1"


class Broker:
    """The broker as its users meet it."""

    def __init__(self, stack: Stack):
        self._stack = stack
        self.lines = self._lines()
        # What was written in each service, and what the services were denied until all that is
        # granted was used.
        self.written: dict[str, str] = {}
        self.denied: set[tuple[str, str, str, str]] = set()

    def _lines(self) -> list[str]:
        service = self._stack.services["all"]
        done = subprocess.run([str(BINARIES / "lotura-all"), "kafka-acls"], capture_output=True,
                              text=True, timeout=COMMAND_S, check=False,
                              env=service.environment() | as_user(self._stack, "sales"))
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    @property
    def granted(self) -> set[tuple[str, str, str, str]]:
        """User, operation, kind of resource and its name, as the lines have it."""
        found = set()
        for line in self.lines:
            words = line.split()
            given = list(zip(words[1::2], words[2::2], strict=True))
            (user,) = [value for flag, value in given if flag == "--allow-principal"]
            found |= {(user.removeprefix("User:"), operation.upper(), flag[2:].capitalize(), name)
                      for flag, name in given if flag in ("--topic", "--group")
                      for kind, operation in given if kind == "--operation"}
        return found

    def apply(self) -> None:
        """As an operator does, who hands the lines to Kafka's own tool."""
        kafka = self._stack.kafka
        settings = kafka.place.directory / "admin.properties"
        kafka.place.publish(settings, kafka.guard.client(kafka.guard.admin))
        command = kafka.java("org.apache.kafka.tools.AclCommand", "--bootstrap-server",
                             kafka.brokers, "--command-config", str(settings))
        for line in self.lines:
            done = subprocess.run([*command, *line.split()], capture_output=True, text=True,
                                  timeout=COMMAND_S, check=False)
            assert done.returncode == 0, done.stdout + done.stderr

    def told(self, verdict: str) -> set[tuple[str, str, str, str]]:
        """What the broker says that it has allowed or denied."""
        text = self._stack.kafka.log.read_text(encoding="utf-8", errors="replace")
        return {(user, operation, kind, name)
                for user, said, operation, kind, name in ALLOWED.findall(text) if said == verdict}

    def unused(self) -> set[tuple[str, str, str, str]]:
        return self.granted - self.told("Allowed")

    def use(self) -> None:
        """A change in each service; then waits, before anybody tries what he has no right to."""
        for service, (method, fields) in CHANGES.items():
            with Client(self._stack.grpc(service), self._stack.issuer.mint()) as client:
                self.written[service] = client.call(method, **fields).name
        wait_until(lambda: not self.unused(), ARRIVAL_S, 1.0)
        self.denied = {one for one in self.told("Denied") if one[0] in SERVICES}

    def ask(self, user: str, *arguments: str, password: str | None = None,
            text: str = "") -> subprocess.CompletedProcess:
        """kcat as somebody."""
        kafka = self._stack.kafka
        security = {"security.protocol": "sasl_ssl", "sasl.mechanisms": "PLAIN",
                    "ssl.ca.location": str(kafka.guard.authority), "sasl.username": user,
                    "sasl.password": password or kafka.guard.passwords[user],
                    "message.timeout.ms": "5000"}
        options = [word for name, value in security.items() for word in ("-X", f"{name}={value}")]
        return subprocess.run(["kcat", "-b", kafka.brokers, *options, *arguments], input=text,
                              capture_output=True, text=True, timeout=COMMAND_S, check=False)

    def write(self, user: str, topic: str) -> subprocess.CompletedProcess:
        return self.ask(user, "-P", "-t", topic, "-p", "0", text="no event\n")

    def read(self, user: str, topic: str) -> subprocess.CompletedProcess:
        return self.ask(user, "-C", "-t", topic, "-p", "0", "-o", "beginning", "-e", "-q")


def as_user(stack: Stack, user: str) -> dict[str, str]:
    guard = stack.kafka.guard
    return {"LOTURA_KAFKA_PROTOCOL": "sasl_ssl", "LOTURA_KAFKA_SASL_MECHANISM": "PLAIN",
            "LOTURA_KAFKA_CA_FILE": str(guard.authority), "LOTURA_KAFKA_USERNAME": user,
            "LOTURA_KAFKA_PASSWORD": guard.passwords[user]}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A stack whose broker denies by default; nobody has any right but its administrator."""
    with Stack(tmp_path_factory.mktemp("stack"), BINARIES) as stack:
        authority = Authority(stack.place.secrets)
        stack.kafka.guard = Guard({name: secrets.token_hex(12) for name in
                                   (ADMIN, STRANGER, *SERVICES)}, authority.issue("kafka"),
                                  authority.file)
        for name in SERVICES:
            stack.services[name].own = as_user(stack, name)
        stack.start_backends(Arrangement.SEPARATE)
        stack.migrate()
        yield stack


@pytest.fixture(scope="module")
def broker(guarded):
    """With the ACLs, the services running, and each right used that they have."""
    made = Broker(guarded)
    made.apply()
    guarded.start_services(Arrangement.SEPARATE)
    topics = {name for _, operation, kind, name in made.granted
              if (operation, kind) == ("READ", "Topic")}
    assert wait_until(lambda: all(f'"{topic}"' in made.ask(ADMIN, "-L").stdout
                                  for topic in topics), ARRIVAL_S)
    # What is no event becomes a dead letter of each consumer.
    with ThreadPoolExecutor(len(topics)) as pool:
        done = list(pool.map(lambda topic: made.write(ADMIN, topic), topics))
    assert [one.stderr for one in done if one.returncode != 0] == []
    made.use()
    return made


def test_what_is_written_arrives_where_it_is_shown(guarded, broker):
    record = f"//accounts.lotura/{broker.written['accounts']}"

    with Client(guarded.grpc("communications"), guarded.issuer.mint()) as communications:
        def shown() -> bool:
            return len(communications.call(LIST_TIMELINE, record=record).entries) == 1

        assert wait_until(shown, ARRIVAL_S)


def test_exactly_what_is_granted_is_used(broker):
    assert sorted(broker.unused()) == []


def test_services_want_nothing_else_for_long(broker):
    """At most to create a topic of others, while those others have not done it yet, and to see."""
    wanted = broker.denied

    assert {operation for _, operation, _, _ in wanted} <= {"DESCRIBE", "CREATE"}, wanted
    of_others = {TOPIC.format(service) for service in SERVICES}
    assert {name for _, operation, _, name in wanted if operation == "CREATE"} <= of_others, wanted


@pytest.mark.parametrize("topic", [TOPIC.format("accounts"), DEAD_LETTERS_OF_ACCOUNTS])
def test_sales_cannot_write_what_belongs_to_others(broker, topic):
    done = broker.write("sales", topic)

    assert "authorization failed" in done.stderr.lower(), done


def test_sales_cannot_read_dead_letters_of_others(broker):
    assert wait_until(lambda: broker.read(ADMIN, DEAD_LETTERS_OF_ACCOUNTS).stdout != "",
                      ARRIVAL_S)

    done = broker.read("sales", DEAD_LETTERS_OF_ACCOUNTS)

    assert done.stdout == ""
    assert "authorization failed" in done.stderr.lower(), done


def test_sales_cannot_take_part_in_a_group_of_others(broker):
    done = broker.ask("sales", "-G", "communications.timeline", "-e", TOPIC.format("accounts"))

    assert "group authorization failed" in done.stderr.lower(), done


@pytest.mark.parametrize("act", [Broker.write, Broker.read])
def test_who_has_no_right_can_do_nothing(broker, act):
    done = act(broker, STRANGER, TOPIC.format("accounts"))

    assert done.stdout == ""
    assert "authorization failed" in done.stderr.lower(), done


def test_who_has_no_right_sees_no_topic(broker):
    assert " 0 topics" in broker.ask(STRANGER, "-L").stdout


def test_who_does_not_know_a_password_is_not_let_in(broker):
    done = broker.ask("accounts", "-L", "-m", "5", password="wrong")

    assert done.returncode != 0
    assert "authentication failed" in done.stderr.lower(), done
