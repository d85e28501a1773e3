"""A trial without building anything: `python3 -m fault.trial R1 --seconds 60`."""

import sys

from devkit.console import Failure, complain

from fault.trial.run import parser, run

try:
    sys.exit(run(parser("fault.trial", "run one trial").parse_args()))
except Failure as failure:
    complain(str(failure))
    sys.exit(2)
