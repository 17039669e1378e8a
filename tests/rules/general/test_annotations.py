"""Tools of public MCP servers, with what their vendors say of them: what nobody named reads like that."""

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from rules.call import ToolCall, ToolDefinition
from rules.classify import classify
from rules.verdict import Judgement, Tier, Verdict
from tests.rules.mcp.rulesets import ruleset
from tests.rules.pack_calls import read_packs

_CORPUS = Path(__file__).parents[4] / "shared" / "corpora" / "mcp-annotations.jsonl"
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_READING = frozenset("get list search read find describe show query fetch view count lookup check".split())  # noqa: SIM905
_ACTING = frozenset("send pay refund transfer delete drop purge remove destroy publish invite".split())  # noqa: SIM905
_LEAST_ACTING = 60

_BOTH = pytest.mark.parametrize("packed", [False, True], ids=["alone", "with packs"])

type Row = dict[str, Any]


_PACKS = {
    "atlassian(sooperset)": "atlassian",
    "azure": "azure",
    "github": "github",
    "notion": "notion",
    "playwright": "playwright",
    **{f"reference/{name}": name for name in ("filesystem", "memory", "git", "time")},
}


@cache
def _judged(*, packed: bool) -> Sequence[tuple[Row, frozenset[str], Judgement]]:
    """Each tool with the words of its name and its judgement; `packed`: with their servers' packs."""
    if not _CORPUS.is_file():
        pytest.skip(f"there are no annotated tools at `{_CORPUS}`")
    rows = [json.loads(line) for line in _CORPUS.read_text().splitlines()]
    siblings = defaultdict(set)
    for row in rows:
        siblings[row["server"]].add(row["tool"])
    rules = read_packs() if packed else ruleset()
    found = []
    for row in rows:
        definition = ToolDefinition(
            description="",
            read_only=row["readOnlyHint"],
            destructive=row["destructiveHint"],
            siblings=frozenset(siblings[row["server"]]),
            pack=_pack_of(row["server"]) if packed else "",
        )
        call = ToolCall(server=row["server"], tool=row["tool"], arguments={}, definition=definition)
        words = frozenset(word.lower() for word in _WORD.findall(row["tool"]))
        found.append((row, words, classify(call, rules)))
    return found


def _pack_of(server: str) -> str:
    return "cloudflare" if server.startswith("cloudflare/") else _PACKS.get(server, "")


@_BOTH
def test_what_its_vendor_calls_destructive_does_not_count_as_reading(packed: bool) -> None:
    """At least 99 of 100."""
    tiers = [
        j.tier for row, _, j in _judged(packed=packed) if row["destructiveHint"] and not row["readOnlyHint"]
    ]
    assert sum(tier >= Tier.REVERSIBLE for tier in tiers) >= 0.99 * len(tiers) > 0


@_BOTH
def test_nothing_that_sends_pays_or_deletes_passes(packed: bool) -> None:
    """Whatever its vendor says: some declare that sending a message only reads."""
    acting = [(row["tool"], j.verdict) for row, words, j in _judged(packed=packed) if words & _ACTING]
    assert len(acting) > _LEAST_ACTING
    assert [tool for tool, verdict in acting if verdict is Verdict.PASS] == []


@_BOTH
def test_what_reads_by_its_vendor_and_its_verb_passes(packed: bool) -> None:
    """At least 95 of 100."""
    tiers = [j.tier for row, words, j in _judged(packed=packed) if row["readOnlyHint"] and words & _READING]
    assert tiers.count(Tier.READ_ONLY) >= 0.95 * len(tiers) > 0
