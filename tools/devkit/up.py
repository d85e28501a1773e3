"""Verb up: sets up, builds, starts the private servers and Lotura's services, and says where they are."""

import argparse
import time

from devkit import artifacts, ready, setup
from devkit.console import say, step
from devkit.layout import ROOT, VAR
from devkit.services import TOGETHER
from devkit.stack import Arrangement, Stack

SUMMARY = "set up, build, start the servers and all services (--separate, --only-backends)"


def show_endpoints(stack: Stack) -> None:
    step("Endpoints")
    rows = [("PostgreSQL", f'"{stack.postgres.conninfo()}"'), ("Redis", stack.redis.address),
            ("Kafka", stack.kafka.brokers), ("Prometheus", stack.prometheus.url)]
    for service in stack.services.values():
        if service.is_running():
            title = "all services" if service.name == TOGETHER else service.name
            rows.append((title, f"gRPC {service.grpc}   http://{service.http}/metrics"))
    for title, address in rows:
        say(f"    {title:<16} {address}")
    say(f"    {'logs':<16} {stack.place.log}")


def show_backend_commands(stack: Stack) -> None:
    step("Three commands to try")
    say(f"    psql '{stack.postgres.conninfo()}' -c 'SELECT version()'")
    say(f"    redis-cli -s {stack.redis.socket} ping")
    say(f"    kcat -b {stack.kafka.brokers} -L")


def show_commands(stack: Stack) -> None:
    token = '"authorization: Bearer $(tools/dev token)"'
    grpcurl = f"{artifacts.grpcurl_binary()} -plaintext -H {token}"
    organization = '{"organization": {"display_name": "Acme"}}'
    accounts = stack.grpc("accounts")
    step(f"Three commands to try, in {ROOT}")
    say(f"    {grpcurl} {accounts} list")
    say(f"    {grpcurl} -d '{organization}' {accounts} "
        "lotura.accounts.v1.OrganizationService/CreateOrganization")
    say(f"    kcat -b {stack.kafka.brokers} -t lotura.accounts.v1 -o beginning -e "
        "-f '%k  %h\\n'")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools/dev up", description=SUMMARY)
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--separate", action="store_true",
                       help="every service in a process of its own")
    group.add_argument("--only-backends", action="store_true",
                       help="only PostgreSQL, Redis, Kafka and Prometheus")
    options = parser.parse_args(arguments)
    arrangement = Arrangement.SEPARATE if options.separate else Arrangement.TOGETHER
    begin = time.monotonic()
    if options.only_backends:
        setup.ensure()
    else:
        ready.ensure(arrangement)
    stack = Stack(VAR)
    with stack.place.locked():
        step("PostgreSQL, Redis, Kafka, Prometheus")
        stack.start_backends(arrangement)
        if not options.only_backends:
            step("Migrations, then " + ("every service by itself" if options.separate
                                        else "all services in one process"))
            stack.start_services(arrangement)
    show_endpoints(stack)
    if options.only_backends:
        show_backend_commands(stack)
    else:
        show_commands(stack)
    say(f"up after {time.monotonic() - begin:.1f} s; tools/dev down stops it and keeps the data")
    return 0
