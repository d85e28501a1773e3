"""The command-line client as a process that knows where the services of a stack are."""

import os

from devkit.layout import SERVICES
from devkit.stack import Stack


class CommandLine:
    """How `lotura` is called against a stack, as the user that a token of its issuer names."""

    def __init__(self, stack: Stack, **identity):
        self._program = str(stack.surroundings().binaries / "lotura")
        endpoints = ",".join(f"{service}={stack.grpc(service)}" for service in SERVICES)
        self.environment = os.environ | {"LOTURA_ENDPOINT": endpoints,
                                         "LOTURA_TOKEN": stack.issuer.mint(**identity)}

    def command(self, *arguments: object) -> list[str]:
        return [self._program, *map(str, arguments)]
