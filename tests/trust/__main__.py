"""The command: `python -m tests.trust`; exit code 0 if every client works or is named with its cure.

2 where one is missing, so that the page never leaves it out.
"""

import sys
import tempfile
from pathlib import Path

from tests.acceptance.pod import pod
from tests.nets import WHY_NOT
from tests.trust.clients import known
from tests.trust.table import page
from tests.trust.trying import WAYS, Outcome, tried

_PAGE = Path(__file__).parents[2] / "docs" / "trust.md"


def main() -> int:
    """Try all, write the page, and say what was not as it should be."""
    if WHY_NOT:
        sys.stderr.write(f"no client can be tried here: {WHY_NOT}\n")
        return 2
    try:
        clients = [*known()]  # before the pod, in which no registry can be reached
    except FileNotFoundError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="sidegate-trust-") as folder, pod(Path(folder)) as running:
        for client in clients:
            for way in WAYS:
                outcomes.append(tried(running, client, way))
                one = outcomes[-1]
                sys.stdout.write(f"{client.name:32} {way:12} {'works' if one.works else one.said}\n")
                sys.stdout.flush()
    _PAGE.write_text(page(outcomes))
    return int(any(not one.works and (one.way == "namespace" or not one.client.cure) for one in outcomes))


if __name__ == "__main__":
    sys.exit(main())
