"""Debian packages: which are missing, and their installation without starting any service."""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devkit.console import Failure, complain, run_with_progress, say
from devkit.layout import DEVKIT, VAR

LIST = DEVKIT / "packages.txt"
POLICY = Path("/usr/sbin/policy-rc.d")
# With this fragment the PostgreSQL package makes no cluster of its own on installation.
NO_CLUSTER = Path("/etc/postgresql-common/createcluster.d/lotura-setup.conf")
SYSTEM_SERVICES = {"postgresql-15": "postgresql", "redis-server": "redis-server",
                   "prometheus": "prometheus"}
EXIT_MAY_NOT_INSTALL = 3


@dataclass(frozen=True)
class Package:
    """One line of packages.txt."""

    name: str
    floor: str
    substitute: str = ""  # A command that serves as well, such as `java` ...
    substitute_floor: str = ""  # ... from this version on.


def read_list(path: Path = LIST) -> list[Package]:
    packages = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if len(words) == 2:
            packages.append(Package(*words))
        elif len(words) == 4 and words[2] == "unless":
            command, _, floor = words[3].partition(">=")
            packages.append(Package(words[0], words[1], command, floor))
        else:
            raise Failure(f"{path}:{number}: expected `name version [unless command>=version]`.")
    return packages


def installed_versions(names: list[str]) -> dict[str, str]:
    """Versions of those packages that are completely installed."""
    if shutil.which("dpkg-query") is None:
        raise Failure("this is not a Debian system (no dpkg-query): install what "
                      f"{LIST} names by other means.", EXIT_MAY_NOT_INSTALL)
    form = "${Package}\t${db:Status-Status}\t${Version}\n"
    answer = subprocess.run(["dpkg-query", "-W", "-f", form, *names], capture_output=True,
                            text=True, check=False)
    rows = [line.split("\t") for line in answer.stdout.splitlines()]
    return {name: version for name, status, version in rows if status == "installed"}


def at_least(version: str, floor: str) -> bool:
    comparison = subprocess.run(["dpkg", "--compare-versions", version, "ge", floor], check=False)
    return comparison.returncode == 0


def command_version(command: str) -> str:
    """The first dotted number that a command prints about itself; empty if it cannot run."""
    flag = {"java": "-version", "go": "version"}.get(command, "--version")
    try:
        answer = subprocess.run([command, flag], capture_output=True, text=True, timeout=30,
                                check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    found = re.search(r"\d+(\.\d+)*", answer.stdout + answer.stderr)
    return found.group(0) if found else ""


def is_substituted(package: Package) -> bool:
    if not package.substitute or shutil.which(package.substitute) is None:
        return False
    if not package.substitute_floor:
        return True
    version = command_version(package.substitute)
    return bool(version) and at_least(version, package.substitute_floor)


def missing_packages() -> list[Package]:
    packages = read_list()
    versions = installed_versions([package.name for package in packages])
    return [package for package in packages
            if not (package.name in versions and at_least(versions[package.name], package.floor))
            and not is_substituted(package)]


def root_prefix(missing: list[Package]) -> list[str]:
    """How to become root; Failure naming the exact command when this user cannot."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is not None:
        quiet = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
        if quiet.returncode == 0:
            return ["sudo", "-n"]
        if os.isatty(0):
            say("    sudo asks for your password to install packages:")
            if subprocess.run(["sudo", "-v"], check=False).returncode == 0:
                return ["sudo", "-n"]
    names = " ".join(package.name for package in missing)
    raise Failure("packages are missing and this user may not install them (not root, no usable "
                  "sudo). Ask an administrator to run:\n  apt-get install -y "
                  f"--no-install-recommends {names}", EXIT_MAY_NOT_INSTALL)


def _write_as_root(prefix: list[str], path: Path, text: str, mode: str) -> None:
    subprocess.run([*prefix, "mkdir", "-p", str(path.parent)], check=True)
    subprocess.run([*prefix, "tee", str(path)], input=text, text=True, check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run([*prefix, "chmod", mode, str(path)], check=True)


@contextlib.contextmanager
def services_kept_from_starting(prefix: list[str]) -> Iterator[None]:
    """While this lasts no package starts a service and PostgreSQL's makes no cluster.

    A policy of the administrator's own is left in place; whatever it lets start is stopped
    afterwards by `rest_new_services`.
    """
    placed = [NO_CLUSTER]
    try:
        _write_as_root(prefix, NO_CLUSTER, "create_main_cluster = false\n", "0644")
        if not POLICY.exists():
            placed.append(POLICY)
            _write_as_root(prefix, POLICY, "#!/bin/sh\nexit 101\n", "0755")
        yield
    finally:
        subprocess.run([*prefix, "rm", "-f", *map(str, placed)], check=False)


def rest_new_services(prefix: list[str], new: set[str]) -> None:
    """Services that came with this installation neither run now nor start with the machine."""
    units = [unit for package, unit in SYSTEM_SERVICES.items() if package in new]
    if units and Path("/run/systemd/system").is_dir():
        subprocess.run([*prefix, "systemctl", "disable", "--now", *units], check=False,
                       capture_output=True)


def install(missing: list[Package]) -> None:
    """Installs the packages; Failure if one is still missing or too old afterwards."""
    prefix = root_prefix(missing)
    names = [package.name for package in missing]
    before = installed_versions(list(SYSTEM_SERVICES))
    log = VAR / "log" / "setup.log"
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q",
           "-o", "DPkg::Lock::Timeout=300"]
    try:
        run_with_progress([*apt, "update"], label="package lists", log=log)
    except Failure as failure:
        complain(f"{failure}\nGoing on with the package lists that are there.")
    with services_kept_from_starting(prefix):
        run_with_progress([*apt, "install", "-y", "--no-install-recommends", *names],
                          label=f"installing {len(names)} packages", log=log, timeout_s=3600)
    rest_new_services(prefix, set(installed_versions(list(SYSTEM_SERVICES))) - set(before))
    still = missing_packages()
    if still:
        wanted = ", ".join(f"{package.name} >= {package.floor}" for package in still)
        raise Failure(f"after the installation these are still missing or too old: {wanted}. "
                      "Lotura is built on Debian 12 (bookworm).")
