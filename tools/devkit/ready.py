"""What has to be there before a stack with all services can start."""

from devkit import setup
from devkit.build import build
from devkit.layout import SERVICES
from devkit.services import TOGETHER
from devkit.stack import Arrangement


def targets(arrangement: Arrangement) -> list[str]:
    """The programs of an arrangement, and the command-line client."""
    names = SERVICES if arrangement is Arrangement.SEPARATE else (TOGETHER,)
    return ["lotura", "lotura-migrate", *(f"lotura-{name}" for name in names)]


def ensure(arrangement: Arrangement) -> None:
    """Installs, fetches and compiles only what is missing or has changed."""
    setup.ensure()
    build("release", targets(arrangement))
