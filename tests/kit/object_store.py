"""An object store that speaks S3 and keeps its objects as files, as a child of the caller."""

import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from devkit import artifacts
from devkit.console import Failure
from devkit.ports import Ports
from devkit.process import wait_until

KEY_ID, SECRET = "archivist", "a-secret-of-the-test"
BUCKET = "journal"
READY_S = 60
END_S = 15
CALL_S = 5
QUIET = """<configuration>
  <appender name="err" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%d %level %msg%n</pattern></encoder></appender>
  <root level="warn"><appender-ref ref="err"/></root>
</configuration>
"""


class ObjectStore:
    """S3Proxy, which checks AWS signatures of version 4. Not started yet."""

    def __init__(self, directory: Path):
        self._home = directory / "s3proxy"
        self._log = directory / "s3proxy.log"
        self._port = Ports(directory / "s3proxy-ports.json")["s3proxy"]
        self._process: subprocess.Popen | None = None
        (self._home / "data" / BUCKET).mkdir(parents=True)

    def __enter__(self) -> "ObjectStore":
        return self

    def __exit__(self, *_) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def objects(self) -> Path:
        """Where the objects of the bucket lie."""
        return self._home / "data" / BUCKET

    def start(self) -> None:
        settings = self._home / "s3proxy.conf"
        settings.write_text("\n".join((
            f"s3proxy.endpoint={self.url}", "s3proxy.authorization=aws-v4",
            f"s3proxy.identity={KEY_ID}", f"s3proxy.credential={SECRET}",
            "jclouds.provider=filesystem-nio2", "jclouds.identity=none", "jclouds.credential=none",
            f"jclouds.filesystem.basedir={self._home / 'data'}", "")), encoding="utf-8")
        quiet = self._home / "logback.xml"
        quiet.write_text(QUIET, encoding="utf-8")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["java", "-Xmx256m", f"-Dlogback.configurationFile={quiet}", "-cp", f"{artifacts.s3proxy().ensure()}/*",
                 "org.gaul.s3proxy.Main", "--properties", str(settings)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        if not wait_until(self._answers, READY_S, pause_s=0.2):
            raise Failure(f"the object store did not start; the end of {self._log} says why.")

    def _answers(self) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            opener.open(self.url, timeout=CALL_S).close()
        except urllib.error.HTTPError:
            return True  # It refuses who does not sign.
        except OSError:
            return False
        return True
