"""A Keycloak of its own, with a realm, a user and clients, as a child of the caller."""

import json
import os
import shutil
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from devkit import artifacts
from devkit.console import Failure
from devkit.ports import Ports
from devkit.process import wait_until

REALM = "crm"
AUDIENCE = "lotura"
USER, CLIENT = "anna", "warehouse"
PASSWORD = "a-password-of-the-test"
READY_S = 180
END_S = 30
CALL_S = 30
TO_LOTURA = {"name": "audience", "protocol": "openid-connect",
             "protocolMapper": "oidc-audience-mapper",
             "config": {"included.custom.audience": AUDIENCE, "access.token.claim": "true"}}
CONTENT = {
    "realm": REALM, "enabled": True, "accessTokenLifespan": 600,
    "users": [{"username": USER, "enabled": True, "email": f"{USER}@example.com", "emailVerified": True,
               "firstName": "Anna", "lastName": "Ferrer",
               "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}]}],
    "clients": [
        {"clientId": "app", "publicClient": True, "directAccessGrantsEnabled": True,
         "protocolMappers": [TO_LOTURA]},
        # Whose tokens are for somebody else.
        {"clientId": "elsewhere", "publicClient": True, "directAccessGrantsEnabled": True},
        {"clientId": CLIENT, "secret": PASSWORD, "serviceAccountsEnabled": True,
         "standardFlowEnabled": False, "protocolMappers": [TO_LOTURA]}]}


class Keycloak:
    """Runs while the block does; it may be stopped and started within."""

    def __init__(self, directory: Path):
        self._home = directory / "keycloak"
        self._log = directory / "keycloak.log"
        self._port = Ports(directory / "keycloak-ports.json")["keycloak"]
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> "Keycloak":
        # It writes beside its own jars.
        shutil.copytree(artifacts.keycloak().ensure(), self._home)
        imported = self._home / "data" / "import"
        imported.mkdir(parents=True)
        (imported / "realm.json").write_text(json.dumps(CONTENT), encoding="utf-8")
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def issuer(self) -> str:
        return f"{self.url}/realms/{REALM}"

    def start(self) -> None:
        environment = os.environ | {
            "KC_BOOTSTRAP_ADMIN_USERNAME": "admin", "KC_BOOTSTRAP_ADMIN_PASSWORD": PASSWORD,
            "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m", "no_proxy": "127.0.0.1"}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["bash", str(self._home / "bin" / "kc.sh"), "start-dev", "--import-realm",
                 "--http-host=127.0.0.1", f"--http-port={self._port}"],
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True)
        if not wait_until(self._answers, READY_S, pause_s=0.5):
            raise Failure(f"Keycloak did not start; the end of {self._log} says why.")

    def stop(self) -> None:
        """Its script starts Java: both are one group of processes of ours."""
        if self._process is None:
            return
        os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(END_S)
        self._process = None

    def user_token(self, client: str = "app") -> str:
        return self._token(REALM, grant_type="password", client_id=client, username=USER,
                           password=PASSWORD)

    def client_token(self) -> str:
        return self._token(REALM, grant_type="client_credentials", client_id=CLIENT,
                           client_secret=PASSWORD)

    def rotate_keys(self) -> None:
        """From here on tokens are signed by a new key; the old one stays published."""
        realm = self._admin(f"/admin/realms/{REALM}")
        self._admin(f"/admin/realms/{REALM}/components", {
            "name": "rsa-next", "providerId": "rsa-generated",
            "providerType": "org.keycloak.keys.KeyProvider", "parentId": realm["id"],
            "config": {"priority": ["200"], "enabled": ["true"], "active": ["true"]}})

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise Failure(f"Keycloak ended; the end of {self._log} says why.")
        try:
            return self._send(f"{self.issuer}/.well-known/openid-configuration") is not None
        except OSError:
            return False

    def _token(self, realm: str, **form: str) -> str:
        answer = self._send(f"{self.url}/realms/{realm}/protocol/openid-connect/token",
                            urllib.parse.urlencode(form).encode())
        return answer["access_token"]

    def _admin(self, path: str, content: dict | None = None) -> dict | None:
        token = self._token("master", grant_type="password", client_id="admin-cli",
                            username="admin", password=PASSWORD)
        body = None if content is None else json.dumps(content).encode()
        return self._send(f"{self.url}{path}", body, {"authorization": f"Bearer {token}",
                                                      "content-type": "application/json"})

    @staticmethod
    def _send(url: str, body: bytes | None = None, headers: dict | None = None) -> dict | None:
        request = urllib.request.Request(url, body, headers or {})
        with urllib.request.urlopen(request, timeout=CALL_S) as answer:
            text = answer.read()
        return json.loads(text) if text else None
