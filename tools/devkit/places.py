"""Where one stack keeps its files, and under which user its servers run."""

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from devkit.console import Failure, say

# PostgreSQL refuses to run as root. The Debian package brings this user along.
UNPRIVILEGED_USER = "postgres"
SHARED_DATA = Path("/var/lib/lotura")
SHARED_CACHE = Path("/var/cache/lotura")


class Place:
    """The directories of one stack. Creates what is missing; safe to construct repeatedly.

    `directory` holds logs, process records, ports and keys. Data lies below it as well, unless we
    are root and the unprivileged user cannot get there: then it lies in /var/lib/lotura/<hash>.
    Sockets have a private directory in /tmp, because a socket's path may have 107 characters only.
    """

    def __init__(self, directory: Path):
        self.directory = directory.absolute()
        self.user = _unprivileged_user()
        identity = hashlib.sha256(f"{os.geteuid()}:{self.directory}".encode()).hexdigest()[:12]
        self._make(self.directory, 0o755)
        self.log = self._make(self.directory / "log", 0o755)
        self.run = self._make(self.directory / "run", 0o755)
        self.issuer = self._make(self.directory / "issuer", 0o700)
        self.secrets = self._make(self.directory / "secrets", 0o700)
        self._sockets = Path("/tmp") / f"lotura-{identity}"
        self._outside = SHARED_DATA / identity
        self.data = self._data_directory()
        self._shared: dict[Path, Path] = {}

    def _make(self, path: Path, mode: int) -> Path:
        try:
            path.mkdir(parents=True, exist_ok=True)
            if stat.S_IMODE(path.stat().st_mode) != mode:
                path.chmod(mode)
        except PermissionError:
            raise Failure(f"{path} belongs to another user (was the stack started as root "
                          "before?). Let that user run tools/dev reset.") from None
        return path

    def _data_directory(self) -> Path:
        if self.user is None or self.reachable(self.directory):
            return self._make(self.directory / "data", 0o755)
        if not self._outside.exists():
            say(f"    user {self.user.pw_name} cannot reach {self.directory}; "
                f"data lies in {self._outside}")
        return self._make(self._outside, 0o755)

    def as_user(self, command: list[str]) -> list[str]:
        """The command as the unprivileged user, when we are root."""
        if self.user is None:
            return command
        return ["setpriv", f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}",
                "--clear-groups", "--", *command]

    def reachable(self, path: Path) -> bool:
        """Whether the servers' user can enter this directory."""
        probe = self.as_user(["test", "-x", str(path)])
        return subprocess.run(probe, check=False, cwd="/").returncode == 0

    def owned(self, path: Path) -> Path:
        """A directory that belongs to the servers' user alone."""
        self._make(path, 0o700)
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)
        return path

    @property
    def sockets(self) -> Path:
        """The private socket directory; refuses one that somebody else put there."""
        owner = self.user.pw_uid if self.user is not None else os.geteuid()
        with contextlib.suppress(FileExistsError):
            self._sockets.mkdir(mode=0o700)
        found = self._sockets.lstat()
        if (not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owner, os.geteuid())
                or found.st_mode & 0o077):
            raise Failure(f"{self._sockets} is not ours; remove it and try again.")
        if found.st_uid != owner:
            os.chown(self._sockets, owner, -1)
        return self._sockets

    def socket(self, name: str) -> Path:
        return self.sockets / name

    def publish(self, path: Path, text: str) -> None:
        """Writes a file that the servers' user can read, whatever our umask is."""
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)

    def hand_over(self, path: Path, secret: bytes) -> None:
        """Writes a file for the servers' user, who alone may read it."""
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(secret)
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def shared(self, artifact: Path) -> Path:
        """A cached artifact at a path that the servers' user can read, copied if need be."""
        if artifact not in self._shared:
            self._shared[artifact] = artifact if self.reachable(artifact) else self._copy(artifact)
        return self._shared[artifact]

    def _copy(self, artifact: Path) -> Path:
        copy = SHARED_CACHE / artifact.name
        if not copy.is_dir():
            say(f"    user {self.user.pw_name} cannot reach {artifact}; copying it to {copy}")
            self._make(SHARED_CACHE, 0o755)
            making = Path(tempfile.mkdtemp(prefix=f".{artifact.name}-", dir=SHARED_CACHE))
            shutil.copytree(artifact, making, dirs_exist_ok=True)
            making.chmod(0o755)
            try:
                making.rename(copy)
            except OSError:
                shutil.rmtree(making)
        return copy

    def remove(self, keep: tuple[Path, ...] = ()) -> None:
        """Removes what the stack wrote, but for `keep`; its processes must have ended."""
        inside = [path for path in self.directory.iterdir() if path not in keep]
        for path in (*inside, self._outside, self._sockets):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
            if path.exists():
                raise Failure(f"{path} could not be removed; it belongs to another user.")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other calls of tools/dev from starting or stopping the same stack meanwhile."""
        with (self.directory / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Failure(f"another tools/dev is starting or stopping {self.directory} just "
                              "now; try again when it is done.") from None
            yield


def _unprivileged_user() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(UNPRIVILEGED_USER)
    except KeyError:
        raise Failure(f"there is no user '{UNPRIVILEGED_USER}' to run the servers as; "
                      "run tools/dev setup first.") from None
