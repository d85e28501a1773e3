"""The developer tools on real PostgreSQL, Redis, Kafka and Prometheus."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import jwt
import pytest

from conftest import SERVICE, write_program
from devkit.console import Failure
from devkit.issuer import AUDIENCE, ISSUER, Issuer
from devkit.layout import SERVICES
from devkit.member import exchange
from devkit.process import ProcessRecord, start_ticks, wait_until
from devkit.stack import Arrangement, Stack

BOUND_S = 30


def create_topic(stack, topic: str) -> None:
    command = stack.kafka.java("org.apache.kafka.tools.TopicCommand", "--bootstrap-server",
                               stack.kafka.brokers, "--create", "--topic", topic)
    subprocess.run(command, check=True, timeout=BOUND_S, capture_output=True)


def produce(stack, topic: str, text: str) -> None:
    subprocess.run(["kcat", "-b", stack.kafka.brokers, "-P", "-t", topic, "-X", "acks=all"],
                   input=text, text=True, check=True, timeout=BOUND_S)


def consume(stack, topic: str) -> list[str]:
    answer = subprocess.run(["kcat", "-b", stack.kafka.brokers, "-C", "-t", topic, "-o",
                             "beginning", "-e", "-q"], capture_output=True, text=True, check=True,
                            timeout=BOUND_S)
    return answer.stdout.splitlines()


def test_postgres_answers_to_the_role_of_the_services(stack):
    assert stack.postgres.query("SELECT 1") == "1"
    assert stack.postgres.query("SELECT current_user, current_database()") == "lotura|lotura"


def test_postgres_keeps_what_it_acknowledges(stack):
    settings = "SELECT string_agg(setting, ' ' ORDER BY name) FROM pg_settings WHERE name IN "
    names = "('fsync', 'full_page_writes', 'max_connections', 'synchronous_commit')"
    assert stack.postgres.query(settings + names) == "on on 200 on"
    assert stack.postgres.query("SHOW server_encoding") == "UTF8"


def test_redis_answers_ping(stack):
    assert exchange(str(stack.redis.socket), b"PING\r\n", 7) == b"+PONG\r\n"


def test_kafka_returns_what_was_produced(stack):
    create_topic(stack, "devkit.echo")

    produce(stack, "devkit.echo", "one\ntwo\n")

    assert sorted(consume(stack, "devkit.echo")) == ["one", "two"]


def test_prometheus_scrapes_itself(stack):
    query = f"{stack.prometheus.url}/api/v1/query?query=up"

    def is_up() -> bool:
        with urllib.request.urlopen(query, timeout=5) as answer:
            results = json.load(answer)["data"]["result"]
        return any(one["metric"]["job"] == "prometheus" and one["value"][1] == "1"
                   for one in results)

    assert wait_until(is_up, BOUND_S)


def test_restart_keeps_data_and_endpoints(stack):
    create_topic(stack, "devkit.restart")
    produce(stack, "devkit.restart", "kept\n")
    stack.postgres.query("CREATE TABLE kept AS SELECT 42 AS answer")
    before = (stack.kafka.brokers, stack.postgres.conninfo(), stack.kafka.pid)

    stack.postgres.restart()
    stack.kafka.restart()

    assert stack.postgres.query("SELECT answer FROM kept") == "42"
    assert consume(stack, "devkit.restart") == ["kept"]
    assert (stack.kafka.brokers, stack.postgres.conninfo()) == before[:2]
    assert stack.kafka.pid != before[2]


@pytest.mark.parametrize("name", ["postgres", "redis", "kafka", "prometheus"])
def test_killed_member_is_seen_and_comes_back(stack, name):
    member = stack.member(name)

    member.kill()

    assert not member.is_running()
    member.start()
    member.wait_ready()
    assert member.is_ready()


def test_starting_again_changes_nothing_and_another_stack_sees_the_members(stack):
    pids = {member.name: member.pid for member in stack.backends}

    stack.start_backends()
    other = Stack(stack.place.directory)

    assert {member.name: member.pid for member in other.backends} == pids


def test_services_run_in_both_arrangements(stack):
    stack.start_services(Arrangement.TOGETHER)
    together = [name for name, service in stack.services.items() if service.is_running()]
    stack.start_services(Arrangement.SEPARATE)
    separate = [name for name, service in stack.services.items() if service.is_running()]

    assert together == ["all"]
    assert separate == list(SERVICES)
    assert stack.postgres.query("SELECT count(*) FROM migrated") == "0"
    config = json.loads(stack.prometheus.settings())
    targets = [group["targets"][0] for group in config["scrape_configs"][1]["static_configs"]]
    assert targets == [stack.services[name].http for name in SERVICES]


def test_service_whose_settings_changed_is_restarted(stack):
    stack.start_services(Arrangement.TOGETHER)
    before = stack.services["all"].pid
    stack.variables["LOTURA_LOG_LEVEL"] = "debug"

    stack.start_services(Arrangement.TOGETHER)

    assert stack.services["all"].pid != before
    assert "'LOTURA_LOG_LEVEL': 'debug'" in stack.services["all"].log.read_text()
    del stack.variables["LOTURA_LOG_LEVEL"]


def test_service_that_was_built_anew_is_restarted_and_others_stay(stack, binaries):
    stack.start_services(Arrangement.SEPARATE)
    sales, accounts = stack.services["sales"], stack.services["accounts"]
    before = (sales.pid, accounts.pid)
    write_program(binaries / "lotura-sales", SERVICE + "# built anew\n")

    stack.start_services(Arrangement.SEPARATE)

    assert sales.pid != before[0]
    assert accounts.pid == before[1]


def test_stop_tells_the_exit_code_and_a_kill_the_signal(stack):
    stack.start_services(Arrangement.TOGETHER)
    service = stack.services["all"]
    record = service.record()

    assert service.stop() == 0
    assert not record.is_alive()

    service.start()
    service.wait_ready()
    record = service.record()
    service.kill()
    assert record.take_exit_code() == -signal.SIGKILL


def test_missing_binary_is_named_in_a_sentence(stack, tmp_path):
    with Stack(tmp_path, binaries=tmp_path / "nothing") as other:
        with pytest.raises(Failure, match="lotura-migrate does not exist; run tools/dev build"):
            other.start_services()


def test_service_that_ends_while_starting_shows_its_log(stack, binaries):
    write_program(binaries / "lotura-all", "#!/bin/sh\necho no such key >&2\nexit 1\n")
    try:
        with pytest.raises(Failure, match="all ended while starting(.|\n)*no such key"):
            stack.start_services(Arrangement.TOGETHER)
    finally:
        write_program(binaries / "lotura-all", SERVICE)


def test_after_stop_no_process_is_left_and_after_delete_no_file(tmp_path):
    stack = Stack(tmp_path / "own")
    stack._start((stack.postgres, stack.redis, stack.prometheus))
    records = [member.record() for member in stack.backends if member.is_running()]

    stopped = stack.stop()

    assert stopped == ["prometheus", "redis", "postgres"]
    assert all(start_ticks(record.pid) != record.start for record in records)
    data, sockets = stack.place.data, stack.place.sockets
    stack.delete()
    assert not data.exists() and not sockets.exists()
    assert list((tmp_path / "own").iterdir()) == []


def test_taken_port_is_left_to_its_holder(tmp_path):
    stack = Stack(tmp_path)
    remembered = stack.ports["prometheus"]
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", remembered))
        holder.listen()
        stack.prometheus.take_free_ports()

    assert stack.ports["prometheus"] != remembered
    assert Stack(tmp_path).ports["prometheus"] == stack.ports["prometheus"]
    stack.delete()


def test_record_of_another_process_with_the_same_pid_is_dead(tmp_path):
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    path = tmp_path / "x.json"
    ProcessRecord(child.pid, start_ticks(child.pid) - 1, "other boot", "").write(path)

    record = ProcessRecord.read(path)
    record.send(signal.SIGKILL)

    assert not record.is_alive()
    assert child.poll() is None
    child.stdin.close()
    child.wait(timeout=BOUND_S)


def test_stack_dies_with_its_killed_owner(tmp_path):
    owner = subprocess.Popen(
        [sys.executable, "-c", "import sys\n"
         "from pathlib import Path\n"
         "from devkit.stack import Stack\n"
         f"with Stack(Path({str(tmp_path)!r})) as stack:\n"
         "    stack._start((stack.redis,))\n"
         "    print('READY', stack.redis.pid, stack.place.data, flush=True)\n"
         "    sys.stdin.read()\n"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    line = next(text for text in owner.stdout if text.startswith("READY"))
    _, pid, data = line.split()
    started = start_ticks(int(pid))

    owner.kill()
    owner.wait(timeout=BOUND_S)

    assert started is not None
    assert wait_until(lambda: start_ticks(int(pid)) != started, BOUND_S)
    assert wait_until(lambda: not Path(data).exists(), BOUND_S)


def test_token_is_verified_by_its_jwks(tmp_path):
    issuer = Issuer(tmp_path)
    token = issuer.mint(user="users/anna", permissions=("accounts.*", "sales.opportunities.read"))

    keys = jwt.PyJWKSet.from_json(issuer.jwks_path.read_text())
    kid = jwt.get_unverified_header(token)["kid"]
    key = next(key for key in keys.keys if key.key_id == kid)
    claims = jwt.decode(token, key.key, algorithms=["ES256"], audience=AUDIENCE, issuer=ISSUER,
                        options={"require": ["exp", "iat", "nbf", "jti", "sub"]})

    assert claims["sub"] == "users/anna"
    assert claims["permissions"] == ["accounts.*", "sales.opportunities.read"]
    assert claims["tenant"] == "00000000-0000-4000-8000-000000000001"
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600


def test_token_of_another_issuer_does_not_verify(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    token = Issuer(tmp_path / "a").mint()

    stranger = jwt.PyJWKSet.from_json(Issuer(tmp_path / "b").jwks_path.read_text()).keys[0]

    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, stranger.key, algorithms=["ES256"], audience=AUDIENCE)


def test_key_stays_the_same_between_runs(tmp_path):
    first = Issuer(tmp_path)

    assert Issuer(tmp_path).jwks_path.read_text() == first.jwks_path.read_text()


def test_a_process_runs_until_its_last_thread_has_ended():
    script = ("import ctypes, threading, time\n"
              "threading.Thread(target=time.sleep, args=(2,)).start()\n"
              "ctypes.CDLL(None).syscall(60, 0)")  # Ends the first thread alone.
    child = subprocess.Popen([sys.executable, "-c", script])
    try:
        stat = Path(f"/proc/{child.pid}/stat")
        assert wait_until(lambda: stat.read_text(encoding="ascii").split()[2] == "Z", BOUND_S)
        assert start_ticks(child.pid) is not None
        assert wait_until(lambda: start_ticks(child.pid) is None, BOUND_S)
    finally:
        child.wait(BOUND_S)
