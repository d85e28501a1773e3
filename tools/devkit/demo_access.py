"""Part of the demo: two sellers and who leads them ask the same, and see what is theirs."""

import json
import subprocess

from devkit import artifacts
from devkit.command_line import CommandLine
from devkit.console import Failure, say, step
from devkit.process import wait_until
from devkit.stack import Stack

DEALS = "sales.lotura/Opportunity"
SELLERS = ("users/marty-freudenburg", "users/darcel-schlecht")
LEADER = "users/melvin-marxen"
ROLES = {
    "seller": {
        "display_name": "Sales representative",
        "permissions": ["sales.*"],
        "record_rules": [{"record_type": DEALS, "scope": "SCOPE_OWN", "access": "ACCESS_UPDATE"}]},
    "sales-manager": {
        "display_name": "Sales manager",
        "base_role": "roles/seller",
        "record_rules": [{"record_type": DEALS, "scope": "SCOPE_TEAM_AND_BELOW",
                          "access": "ACCESS_DELETE"}]},
}
ASSIGNMENTS = {"marty": ("seller", SELLERS[0]), "darcel": ("seller", SELLERS[1]),
               "melvin": ("sales-manager", LEADER)}
LISTING = ("list", "opportunities", "--filter", "state = WON", "--order-by", "amount desc")
SHOWN = 3
ARRIVAL_S = 30


class Caller:
    """Somebody who calls with the command line."""

    def __init__(self, stack: Stack, user: str, permissions: tuple[str, ...] | None):
        self._lotura = CommandLine(stack, user=user, permissions=permissions)
        self.user = user

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(self._lotura.command(*arguments), env=self._lotura.environment,
                              capture_output=True, text=True, timeout=60, check=False)

    def deals(self) -> list[dict] | None:
        """What the listing shows him; nothing while he may not list."""
        answer = self.run(*LISTING, "--json")
        return json.loads(answer.stdout) if answer.returncode == 0 else None


def _create(administrator: Caller, collection: str, record_id: str, fields: dict) -> None:
    """Unless it is there from a demo before."""
    if administrator.run("get", f"{collection}/{record_id}").returncode == 0:
        return
    settings = [argument for name, value in fields.items() for argument in
                ("--set", f"{name}={value if isinstance(value, str) else json.dumps(value)}")]
    made = administrator.run("create", collection, "--id", record_id, *settings)
    if made.returncode != 0:
        raise Failure(f"{collection}/{record_id} could not be created: {made.stderr.strip()}")


def _explain(stack: Stack, user: str, deal: str) -> dict:
    question = {"user": user, "name": f"//sales.lotura/{deal}"}
    command = [artifacts.grpcurl_binary(), "-plaintext", "-H",
               f"authorization: Bearer {stack.issuer.mint()}", "-d", json.dumps(question),
               stack.grpc("sales"), "lotura.access.v1.AccessService/ExplainAccess"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if answer.returncode != 0:
        raise Failure(f"ExplainAccess failed: {answer.stderr.strip()}")
    return json.loads(answer.stdout)


def _show_why(stack: Stack, user: str, deal: str) -> str:
    """What he may do with the deal."""
    answer = _explain(stack, user, deal)
    access = answer.get("access", "ACCESS_UNSPECIFIED")
    say(f"    {user} and {deal}: {access}")
    for held in answer.get("assignments", []):
        say(f"        he has {held['role']} as {held['member']}, by {held['name']}")
    for rule in answer.get("rules", []):
        applies = "applies" if rule.get("applies") else "does not apply"
        say(f"        {rule['role']} {rule['rule']} gives {rule['access']}: {applies}")
    return access


def show(stack: Stack) -> None:
    """Failure if somebody sees what he should not, or not what he should."""
    step("Two sellers and who leads them ask the same")
    administrator = Caller(stack, "users/administrator", ("directory.*",))
    for record_id, fields in ROLES.items():
        _create(administrator, "roles", record_id, fields)
    for record_id, (role, member) in ASSIGNMENTS.items():
        _create(administrator, "roleAssignments", record_id,
                {"role": f"roles/{role}", "member": member})
    callers = [Caller(stack, user, None) for user in (*SELLERS, LEADER)]
    seen: dict[str, list[dict]] = {}

    def all_see() -> bool:
        seen.update({caller.user: caller.deals() or [] for caller in callers})
        return all(seen.values())

    if not wait_until(all_see, ARRIVAL_S):
        raise Failure("the roles were not in force in time.")
    say("$ lotura " + " ".join(LISTING))
    for user, deals in seen.items():
        say(f"    {user} sees {len(deals)}")
        for deal in deals[:SHOWN]:
            say(f"        {deal['display_name']:<40} {deal['owner'].rsplit('/', 1)[1]}")
    for user in SELLERS:
        if any(not deal["owner"].endswith(user) for deal in seen[user]):
            raise Failure(f"{user} sees what is not his.")
    step("Why")
    deal = seen[SELLERS[0]][0]["name"]
    found = [_show_why(stack, user, deal) for user in (*SELLERS, LEADER)]
    if found != ["ACCESS_UPDATE", "ACCESS_UNSPECIFIED", "ACCESS_DELETE"]:
        raise Failure("these are not the rights that the roles give.")
