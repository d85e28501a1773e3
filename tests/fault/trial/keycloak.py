"""KEYCLOAK: a real identity provider, whose keys change and which goes away, under load."""

import json
import re
import uuid
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import grpc
import jwt

from devkit.console import Failure
from devkit.process import wait_until
from devkit.stack import Arrangement, Stack
from kit.abuse import with_key_id
from kit.api import Client, Refused
from kit.keycloak import AUDIENCE, Keycloak

from fault.trial.callers import Callers
from fault.trial.figures import Criterion
from fault.trial.supervisor import Trial

TITLE = ("tokens of a real Keycloak: users and clients with roles; its keys change, and it is gone for a third of the time, "
         "under load")
SECONDS = 90
CALLERS = 2
# That nobody has shown before the outage: what is known of a token answers for it.
FRESH_TOKENS = 6
FAILED_FETCHES = re.compile(
    r'^lotura_token_key_fetches_total\{(?=[^}]*issuer="keycloak")[^}]*result="failed"[^}]*\} (\S+)$',
    re.MULTILINE)
ARRIVAL_S = 60
TENANT = "00000000-0000-4000-8000-00000000c101"
GET = "lotura.accounts.v1.OrganizationService/GetOrganization"
CREATE = "lotura.accounts.v1.OrganizationService/CreateOrganization"
DIRECTORY = "lotura.directory.v1."
ROLE = {"display_name": "Reader", "permissions": ["accounts.organizations.read"],
        "record_rules": [{"record_type": "accounts.lotura/Organization", "scope": "SCOPE_ALL",
                          "access": "ACCESS_READ"}]}


def trust(stack: Stack, keycloak: Keycloak, path: Path) -> Path:
    """Both are trusted: Keycloak for one tenant, whose first administrator comes from ours."""
    path.write_text(json.dumps({"issuers": [stack.issuer.trust(), {
        "id": "keycloak", "issuer": keycloak.issuer, "audience": AUDIENCE, "subjects": "opaque",
        "permissions": "from_directory", "tenants": [TENANT], "tenant_claim": ""}]}),
        encoding="utf-8")
    return path


def read(stack: Stack, token: str) -> None:
    """Reads the organization, by a connection of its own."""
    with Client(stack.grpc("accounts"), token) as client:
        client.call(GET, name="organizations/acme")


def refusal(stack: Stack, token: str) -> Refused | None:
    """Of a read of the organization; None if it is answered."""
    try:
        read(stack, token)
    except grpc.RpcError as error:
        return Refused(error)
    return None


def let_in(stack: Stack, administrator: Client, token: str) -> None:
    """Makes the caller known by the name that his refusal tells, and gives him the role."""
    name = refusal(stack, token).metadata["user"]
    collection, record_id = name.split("/")
    if collection == "users":
        administrator.call(f"{DIRECTORY}UserService/CreateUser", user_id=record_id,
                           user={"display_name": "From Keycloak"})
    else:
        administrator.call(f"{DIRECTORY}ClientService/CreateClient", client_id=record_id,
                           client={"display_name": "From Keycloak"})
    administrator.call(f"{DIRECTORY}RoleAssignmentService/CreateRoleAssignment",
                       role_assignment={"role": "roles/reader", "member": name})
    if not wait_until(lambda: refusal(stack, token) is None, ARRIVAL_S):
        raise Failure(f"{name} was never let in.")


@dataclass
class Bearer:
    """Who reads with whichever token is the present one."""

    stack: Stack
    token: str

    def __call__(self) -> None:
        read(self.stack, self.token)


def key_of(token: str) -> str:
    return jwt.get_unverified_header(token)["kid"]


def by_another_key(token: str) -> str:
    """As if signed by a key that the provider is still to publish: whoever gets it asks for it."""
    return with_key_id(token, f"key-{uuid.uuid4()}")


def failed_fetches(stack: Stack) -> float:
    """How often the provider was asked for its keys in vain."""
    return sum(float(count) for count in FAILED_FETCHES.findall(stack.exposition("accounts")))


def bear_outage(bearer: Bearer, load: Callers, keycloak: Keycloak, seconds: float) -> Counter:
    """The provider is gone; tokens that nobody has seen yet come, and some under keys that it would have to
    tell. What those were answered."""
    tokens = [keycloak.user_token() for _ in range(FRESH_TOKENS)]
    answers: Counter = Counter()
    keycloak.stop()
    for token in tokens:
        bearer.token = token
        refused = refusal(bearer.stack, by_another_key(token))
        answers[refused.reason if refused is not None else "answered"] += 1
        load.go_on(seconds / FRESH_TOKENS)
    return answers


def run(trial: Trial) -> list[Criterion]:
    third = trial.seconds / 3
    with Keycloak(trial.directory) as keycloak:
        stack = trial.stack()
        trusted = trust(stack, keycloak, trial.directory / "issuers.json")
        stack.variables["LOTURA_TOKEN_ISSUERS"] = str(trusted)
        with stack:
            stack.start_backends()
            stack.start_services(Arrangement.TOGETHER)
            own = stack.issuer.mint(tenant=TENANT)
            user, program = keycloak.user_token(), keycloak.client_token()
            with Client(stack.grpc("directory"), own) as administrator, \
                 Client(stack.grpc("accounts"), own) as accounts:
                accounts.call(CREATE, organization_id="acme",
                              organization={"display_name": "Acme"})
                administrator.call(f"{DIRECTORY}RoleService/CreateRole", role_id="reader",
                                   role=ROLE)
                unknown = [refusal(stack, token).reason for token in (user, program)]
                for token in (user, program):
                    let_in(stack, administrator, token)
            elsewhere = refusal(stack, keycloak.user_token("elsewhere"))
            bearer = Bearer(stack, user)
            with Callers(bearer, threads=CALLERS) as load:
                load.go_on(third)
                keycloak.rotate_keys()
                bearer.token = keycloak.user_token()
                load.go_on(third)
                answers = bear_outage(bearer, load, keycloak, third)
                in_vain = failed_fetches(stack)
                keycloak.start()
                after = refusal(stack, keycloak.user_token())
    trial.figures |= {"calls answered": load.answered,
                      "failures": load.told()}
    return [Criterion("callers who were not known and were told so",
                      unknown.count("USER_UNKNOWN"), "==", 2),
            Criterion("token for somebody else refused",
                      elsewhere is not None and elsewhere.reason == "TOKEN_AUDIENCE", "==", 1),
            Criterion("keys that signed tokens of the load", len({key_of(user), key_of(bearer.token)}),
                      "==", 2),
            Criterion("calls answered", load.answered, ">", 100),
            Criterion("keys asked for in vain while the provider was gone", in_vain, ">", 0),
            Criterion("tokens under unknown keys that were not refused meanwhile",
                      answers.total() - answers["TOKEN_SIGNATURE"], "==", 0),
            Criterion("calls failed, over rotation and outage", load.failed.total(), "==", 0),
            Criterion("refused after the provider came back", after is not None, "==", 0)]
