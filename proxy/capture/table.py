"""The plan's table in the kernel: put there whole, compared with what was put there, taken away.

A mark in the table, the name of a chain without rules, says by which plan it was made and what the table
looked like then. So a change is found without knowing how each version of `nft` writes a rule.
"""

import hashlib
import re
from enum import StrEnum

from proxy.capture.plan import TABLE, Plan, absence
from proxy.capture.programs import CaptureError, run

_MARK = re.compile(r"\n\tchain made_([0-9a-f]{16})_([0-9a-f]{16}) \{\n\t\}\n")


class Standing(StrEnum):
    """How a plan and the kernel's table compare."""

    IN_FORCE = "in force"
    """The table is there as the plan made it."""
    ABSENT = "absent"
    """There is no table: nothing is captured."""
    OTHER_PLAN = "made by another plan"
    """The table is whole, and for other users or ports."""
    CHANGED = "changed"
    """The table is not as it was made: somebody else has changed it, or it was not finished."""


def up(plan: Plan) -> None:
    """Put the plan into force; on a failure what was there before stays. Raises CaptureError."""
    run("nft", "-f", "-", stdin=plan.rules())
    try:
        run("nft", "-f", "-", stdin=f"add chain inet {TABLE} made_{_of_plan(plan)}_{_of_text(_listed())}\n")
    except CaptureError:
        down()
        raise


def down() -> None:
    """Take away the table and nothing else; it need not be there. Raises CaptureError."""
    run("nft", "-f", "-", stdin=absence())


def standing(plan: Plan) -> Standing:
    """How things are. Raises CaptureError."""
    if f"table inet {TABLE}" not in run("nft", "list", "tables").splitlines():
        return Standing.ABSENT
    listed = _listed()
    marks = _MARK.findall(listed)
    if len(marks) != 1 or marks[0][1] != _of_text(_MARK.sub("\n", listed)):
        return Standing.CHANGED
    return Standing.IN_FORCE if marks[0][0] == _of_plan(plan) else Standing.OTHER_PLAN


def _listed() -> str:
    # Without counters, and every name as its number, which depends on no file of this machine.
    return run("nft", "--stateless", "--numeric", "list", "table", "inet", TABLE)


def _of_plan(plan: Plan) -> str:
    return _of_text(plan.rules())


def _of_text(text: str) -> str:
    lines = (line.strip() for line in text.splitlines())
    return hashlib.sha256("\n".join(line for line in lines if line).encode()).hexdigest()[:16]
