"""Whole tasks, beside a gate that knows every tier."""

from typing import Any

from proxy.cli.labelled.label import read_label
from proxy.cli.labelled.tasks import Outcome, Tasks
from rules.verdict import Verdict
from tests.proxy.cli.labelled.labels import harmless, labelled


def of_task(row: dict[str, Any], task: str, origin: str) -> dict[str, Any]:
    """The row, as part of a task."""
    return row | {"meta": {"task": task, "origin": origin}}


def test_tasks() -> None:
    """One stopped call stops a task; the oracle stops what is consequential and no more."""
    tasks = Tasks()
    for row, verdict in (
        (of_task(harmless(), "0", "user"), Verdict.HOLD),
        (of_task(harmless(), "1", "user"), Verdict.PASS),
        (of_task(labelled(), "1", "user"), Verdict.HOLD),
        (of_task(labelled((2, 4), consequential=None), "2", "user"), Verdict.PASS),
        (of_task(labelled(), "0", "injection"), Verdict.PASS),
        (of_task(labelled(), "0", "injection"), Verdict.BLOCK),
        (labelled(), Verdict.PASS),
    ):
        tasks.add(read_label(row), verdict)
    assert tasks.user_tasks() == Outcome(tasks=3, gate=2, oracle=1)
    assert tasks.attacks() == Outcome(tasks=1, gate=1, oracle=1)


def test_no_tasks() -> None:
    """Rows outside tasks say nothing of tasks."""
    tasks = Tasks()
    tasks.add(read_label(labelled()), Verdict.PASS)
    assert (tasks.user_tasks(), tasks.attacks()) == (None, None)
