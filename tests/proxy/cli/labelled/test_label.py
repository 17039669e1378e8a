"""Labels of rows, and what is no label."""

from typing import Any

import pytest

from proxy.cli.labelled.label import UNNAMED, read_label
from rules.verdict import Tier
from tests.proxy.cli.labelled.labels import harmless, labelled


def test_a_label() -> None:
    """Everything that a comparison needs, and nothing of the call."""
    label = read_label(labelled())
    assert (label.source, label.protocol, label.trap) == ("s", "http", False)
    assert (label.consequential, label.least, label.most) == (True, Tier.EXTERNAL, Tier.HIGH_RISK)
    assert (label.strong, label.task, label.injected) == (True, None, False)


def test_a_row_without_a_source() -> None:
    """It is counted under a name of its own."""
    assert read_label(labelled(source=None)).source == UNNAMED


@pytest.mark.parametrize(
    ("meta", "task", "injected"),
    [
        (None, None, False),
        ({"task": "t"}, None, False),
        ({"task": "t", "origin": "nobody"}, None, False),
        ({"task": "t", "origin": "user", "suite": "x"}, ("s", "x", "user/t"), False),
        ({"task": "t", "origin": "injection"}, ("s", "", "injection/t"), True),
    ],
)
def test_tasks(meta: object, task: object, injected: bool) -> None:
    """A call is part of a task where the row says whose."""
    label = read_label(labelled(meta=meta))
    assert (label.task, label.injected) == (task, injected)


MALFORMED: dict[str, tuple[dict[str, Any], str]] = {
    "no label": (labelled(label=None), "`label` is missing"),
    "a label of another type": (labelled(label=[1]), "`label` is missing"),
    "meta of another type": (labelled(meta=[1]), "`meta` is not an object"),
    "consequential of another type": (labelled(consequential="yes"), "`label.consequential`"),
    "consequential missing": (labelled(label={"tier_min": 1, "tier_max": 1}), "`label.consequential`"),
    "a tier that is true": (labelled(label={"consequential": True, "tier_min": True}), "`label.tier_min`"),
    "a tier of another type": (labelled(label={"consequential": True, "tier_min": []}), "`label.tier_min`"),
    "a tier too high": (labelled((3, 5)), "`label.tier_max`"),
    "tiers the wrong way round": (labelled((4, 3)), "contradicts itself"),
    "a harmless call of tier 3": (harmless(3), "contradicts itself"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_labels(name: str) -> None:
    """What cannot be compared with is said to be wrong."""
    row, words = MALFORMED[name]
    with pytest.raises(ValueError, match=words):
        read_label(row)
