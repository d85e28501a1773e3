"""Verb token: prints a development token of the local stack's issuer."""

import argparse
import re
import uuid

from devkit.console import Failure
from devkit.issuer import DEFAULT_TTL_S, DEVELOPMENT_TENANT, DEVELOPMENT_USER, Issuer
from devkit.layout import VAR
from devkit.places import Place

SUMMARY = "print a development token (--user, --tenant, --permission, --roles, --ttl)"
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MAX_TTL_S = 30 * 86400


def seconds(text: str) -> int:
    found = re.fullmatch(r"(\d{1,8})([smhd]?)", text)
    value = int(found.group(1)) * UNITS[found.group(2) or "s"] if found else 0
    if not 0 < value <= MAX_TTL_S:
        raise argparse.ArgumentTypeError(f"'{text}' is not a time such as 90s, 30m, 8h or 2d "
                                         "(at most 30 days)")
    return value


def tenant(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a UUID") from None


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools/dev token", description=SUMMARY)
    parser.add_argument("--user", default=DEVELOPMENT_USER, help="default: %(default)s")
    parser.add_argument("--tenant", type=tenant, default=DEVELOPMENT_TENANT,
                        help="default: %(default)s")
    parser.add_argument("--permission", action="append", metavar="NAME",
                        help="such as accounts.* or sales.opportunities.read; repeatable; "
                             "default: *")
    parser.add_argument("--roles", action="store_true",
                        help="state no permissions: the user may do what his roles say")
    parser.add_argument("--ttl", type=seconds, default=DEFAULT_TTL_S, help="default: 12h")
    options = parser.parse_args(arguments)
    if options.roles and options.permission:
        parser.error("--roles and --permission exclude each other")
    permissions = None if options.roles else tuple(options.permission or ["*"])
    try:
        issuer = Issuer(Place(VAR).issuer)
    except ImportError as error:
        raise Failure(f"{error.name} is missing; run tools/dev setup first.") from None
    print(issuer.mint(user=options.user, tenant=options.tenant, ttl_s=options.ttl,
                      permissions=permissions))
    return 0
