"""Helm, and what checks charts: fetched when the lint first wants them."""

import functools
import os
import platform
import re
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

from devkit.artifacts import LOG, Artifact, go_install
from devkit.console import Failure, run_with_progress
from devkit.layout import DEVKIT

HELM_VERSION = "3.19.5"
SCORE_VERSION = "1.20.0"
# What these need, where the machine has an older Go.
GO_VERSION, GO_MIN = "1.24.11", (1, 24)
REQUIREMENTS = DEVKIT / "kubernetes" / "requirements.txt"


def _go_of_the_machine() -> str | None:
    go = shutil.which("go")
    if go is None:
        return None
    told = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False,
                          env=os.environ | {"GOTOOLCHAIN": "local"})
    version = re.match(r"go(\d+)\.(\d+)", told.stdout)
    return go if version and tuple(map(int, version.groups())) >= GO_MIN else None


def _fill_go(target: Path) -> None:
    """Go itself is a module, whose files lie under its version."""
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "")
    module = f"golang.org/toolchain@v0.0.1-go{GO_VERSION}.linux-{architecture}"
    with tempfile.TemporaryDirectory(prefix="lotura-go-") as workspace:
        environment = os.environ | {"GOPATH": workspace, "GOFLAGS": "-modcacherw",
                                    "GOTOOLCHAIN": "local"}
        run_with_progress(["go", "mod", "download", module], label="go from the module proxy",
                          log=LOG, environment=environment, cwd=Path(workspace))
        (archive,) = Path(workspace).glob("pkg/mod/cache/download/golang.org/toolchain/@v/*.zip")
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(workspace)
        (Path(workspace) / module).rename(target / "go")
    for program in (*(target / "go" / "bin").iterdir(), *(target / "go" / "pkg").rglob("tool/*/*")):
        program.chmod(0o755)


@functools.cache
def _go() -> str:
    """A Go that is new enough."""
    own = _go_of_the_machine()
    if own is not None:
        return own
    if shutil.which("go") is None:
        raise Failure("go is missing; install golang-go and run this again.")
    return str(Artifact("go", GO_VERSION, _fill_go).ensure() / "go" / "bin" / "go")


def _fill_validate(target: Path) -> None:
    run_with_progress(["/usr/bin/python3", "-m", "pip", "install", "--quiet", "--no-compile",
                       "--disable-pip-version-check", "--target", str(target), "--requirement",
                       str(REQUIREMENTS)], label="kubernetes-validate from PyPI", log=LOG)


@functools.cache
def helm() -> Path:
    program = f"helm.sh/helm/v3/cmd/helm@v{HELM_VERSION}"
    return Artifact("helm", HELM_VERSION, lambda target: go_install(program, target, _go())
                    ).ensure() / "helm"


@functools.cache
def kube_score() -> Path:
    program = f"github.com/zegl/kube-score/cmd/kube-score@v{SCORE_VERSION}"
    return Artifact("kube-score", SCORE_VERSION, lambda target: go_install(program, target, _go())
                    ).ensure() / "kube-score"


@functools.cache
def kubernetes_validate() -> Path:
    """The folder of Python packages that has it."""
    version = re.search(r"^kubernetes-validate==(\S+)$", REQUIREMENTS.read_text("utf-8"),
                        re.MULTILINE)[1]
    return Artifact("kubernetes-validate", version, _fill_validate).ensure()
