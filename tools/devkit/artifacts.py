"""What Debian does not have: Kafka, the google protos, buf, grpcurl, and for their trials alone
Keycloak and S3Proxy, in the shared cache.

Each artifact is one directory `<name>-<version>`. It is made under another name and renamed when
complete, so a directory that exists is whole, and clones share it without locks. The version is
the one that the recipe (pom.xml, package.json) gives itself; raise it when a recipe changes.
"""

import json
import os
import platform
import shutil
import tempfile
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devkit.console import Failure, complain, run_with_progress, say
from devkit.layout import DEVKIT, ROOT, VAR, cache
from devkit.places import Place

LOG = VAR / "log" / "setup.log"
COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
GRPCURL_VERSION = "1.8.9"
GOOGLE_FOLDERS = ("google/api/", "google/rpc/", "google/type/", "google/longrunning/")


@dataclass(frozen=True)
class Artifact:
    """A named directory in the cache, and how it is filled."""

    name: str
    version: str
    fill: Callable[[Path], None]

    @property
    def path(self) -> Path:
        return cache() / f"{self.name}-{self.version}"

    def ensure(self) -> Path:
        """Makes the directory if it is not there; safe against others who do the same."""
        if self.path.is_dir():
            say(f"    {self.name} {self.version}: {self.path}")
            return self.path
        cache().mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f".{self.name}-", dir=cache()))
        try:
            making.chmod(0o755)
            self.fill(making)
            try:
                making.rename(self.path)
            except OSError:
                if not self.path.is_dir():
                    raise
        finally:
            shutil.rmtree(making, ignore_errors=True)
        say(f"    {self.name} {self.version}: {self.path}")
        return self.path


def _pom_version(name: str) -> str:
    pom = ElementTree.parse(DEVKIT / name / "pom.xml")
    return pom.findtext("{http://maven.apache.org/POM/4.0.0}version")


def _maven(recipe: str, target: Path, *options: str) -> None:
    """Copies the jars that a pom names into `target`; a wrong checksum fails (-C)."""
    if shutil.which("mvn") is None:
        raise Failure("mvn is missing; run tools/dev setup to install maven.")
    run_with_progress(["mvn", "-B", "-q", "-C", "-Dstyle.color=never",
                       "-f", str(DEVKIT / recipe / "pom.xml"), COPY_DEPENDENCIES,
                       f"-DoutputDirectory={target}", *options],
                      label=f"{recipe} from Maven Central", log=LOG)


def _fill_kafka(target: Path) -> None:
    _maven("kafka", target / "libs", "-DincludeScope=runtime")


def _fill_googleapis(target: Path) -> None:
    jars = target / "jars"
    _maven("googleapis", jars, "-DexcludeTransitive")
    for jar in jars.glob("*.jar"):
        with zipfile.ZipFile(jar) as archive:
            archive.extractall(target, [name for name in archive.namelist()
                                        if name.startswith(GOOGLE_FOLDERS)
                                        and name.endswith(".proto")])
    shutil.rmtree(jars)


def _fill_keycloak(target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="lotura-keycloak-") as downloaded:
        _maven("keycloak", Path(downloaded), "-DexcludeTransitive")
        (archive,) = Path(downloaded).glob("*.tar.gz")
        run_with_progress(["tar", "-xzf", str(archive), "-C", str(target), "--strip-components=1"],
                          label="keycloak unpacked", log=LOG)


def _buf_inside() -> Path:
    architecture = {"x86_64": "x64"}.get(platform.machine(), platform.machine())
    return Path("node_modules", "@bufbuild", f"buf-linux-{architecture}", "bin", "buf")


def _fill_buf(target: Path) -> None:
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(DEVKIT / "buf" / name, target)
    run_with_progress(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                      label="buf from npm", log=LOG, cwd=target)
    # npm skips the packages of other architectures without a word.
    if not (target / _buf_inside()).exists():
        raise Failure(f"buf has no binary for the architecture {platform.machine()}.")


def go_install(program: str, target: Path, go: str = "go") -> None:
    """Builds "example.org/module/cmd/program@v1.2.3" into `target`."""
    with tempfile.TemporaryDirectory(prefix="lotura-go-") as workspace:
        environment = os.environ | {"GOBIN": str(target), "GOPATH": workspace, "GOFLAGS":
                                    "-modcacherw", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
        name = program.partition("@")[0].rsplit("/", 1)[1]
        run_with_progress([go, "install", program], label=f"{name} by go install", log=LOG,
                          environment=environment)


def kafka() -> Artifact:
    return Artifact("kafka", _pom_version("kafka"), _fill_kafka)


def keycloak() -> Artifact:
    """Only its trial wants it."""
    return Artifact("keycloak", _pom_version("keycloak"), _fill_keycloak)


def s3proxy() -> Artifact:
    """Only the trial of archives wants it."""
    return Artifact("s3proxy", _pom_version("s3proxy"),
                    lambda target: _maven("s3proxy", target, "-DincludeScope=runtime"))


def googleapis() -> Artifact:
    return Artifact("googleapis", _pom_version("googleapis"), _fill_googleapis)


def buf() -> Artifact:
    recipe = json.loads((DEVKIT / "buf" / "package.json").read_text(encoding="utf-8"))
    return Artifact("buf", recipe["version"], _fill_buf)


def grpcurl() -> Artifact:
    program = f"github.com/fullstorydev/grpcurl/cmd/grpcurl@v{GRPCURL_VERSION}"
    return Artifact("grpcurl", GRPCURL_VERSION, lambda target: go_install(program, target))


def buf_binary() -> Path:
    return buf().path / _buf_inside()


def grpcurl_binary() -> Path:
    return grpcurl().path / "grpcurl"


def _link_googleapis() -> None:
    """Makes the google protos a module of buf.yaml, whose paths may not leave the repository."""
    link = ROOT / ".cache" / "googleapis"
    link.parent.mkdir(exist_ok=True)
    if link.is_symlink() and link.readlink() == googleapis().path:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(googleapis().path)


def ensure_all() -> None:
    kafka().ensure()
    googleapis().ensure()
    _link_googleapis()
    buf().ensure()
    if grpcurl().path.is_dir() or shutil.which("go") is not None:
        grpcurl().ensure()
    else:
        complain("go is missing, so grpcurl was left out: the end-to-end test that needs it will "
                 "fail until golang-go is installed and setup is run again.")


def paths(place: Place) -> dict[str, str]:
    """The variables by which CMake, tests and scripts find the artifacts.

    Kafka's jars are named where the user that runs servers can read them.
    """
    return {"LOTURA_GOOGLEAPIS_DIR": str(googleapis().path),
            "LOTURA_KAFKA_LIBS": str(place.shared(kafka().path) / "libs"),
            "LOTURA_BUF": str(buf_binary()),
            "LOTURA_GRPCURL": str(grpcurl_binary())}
