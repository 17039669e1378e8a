"""From a vendor's table of operations to the rules that say what the general reading cannot know."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from proxy.cli.labelled.row import read_call
from rules.call import HttpCall
from rules.general.reading import read

PACKS = Path(__file__).parents[2] / "rules" / "packs"
MOST_PATHS = 8
_PART = re.compile(r"\{[^{}]*\}")
_SAMPLE = "a1b2c3d4"

type Rule = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One operation of a vendor. `tier`: what the table says, None if it says nothing."""

    method: str
    hosts: tuple[str, ...]
    path: str
    tier: int | None
    evidence: str
    category: str | None = None
    query: str = ""

    @property
    def url(self) -> str:
        """An example of it."""
        host = self.hosts[0].replace("*", "us-east-1" if "amazonaws" in self.hosts[0] else "example")
        path = _PART.sub(_SAMPLE, self.path.replace("/**", f"/{_SAMPLE}/{_SAMPLE}/{_SAMPLE}"))
        return f"https://{host}{path}{self.query}"


def general_tier(method: str, url: str, headers: dict[str, str] | None = None) -> int:
    """The tier that the general reading gives to a request without a body."""
    row = {"id": 0, "protocol": "http", "request": {"method": method, "url": url, "headers": headers or {}}}
    call = read_call(row, json.dumps(row).encode())
    return int(read(call).effect.tier) if isinstance(call, HttpCall) else 4


def exceptions(entries: Iterable[Entry]) -> list[tuple[Entry, int]]:
    """The entries whose tier the general reading misses, and those that such an entry would hide."""
    rated = [(entry, general_tier(entry.method, entry.url)) for entry in entries]
    kept = {
        entry: entry.tier
        for entry, general in rated
        if entry.tier is not None and _differ(entry.tier, general)
    }
    lowering = [entry for entry, tier in kept.items() if tier <= 2]
    hidden = {
        entry: max(general, entry.tier or 0)
        for entry, general in rated
        if entry not in kept and max(general, entry.tier or 0) > 2
        if any(overlap(entry, other) for other in lowering)
    }
    return list((kept | hidden).items())


def _differ(tier: int, general: int) -> bool:
    """3 and 4 both hold, and the general reading knows the graver of them by its verb."""
    return tier != general and not (tier == 3 and general == 4)


def overlap(one: Entry, other: Entry) -> bool:
    """Whether one request can be both."""
    if one.method != other.method or not set(one.hosts) & set(other.hosts):
        return False
    first, second = one.path.split("/"), other.path.split("/")
    if "**" not in (first[-1], second[-1]) and len(first) != len(second):
        return False
    return all(_meet(a, b) for a, b in zip(first, second, strict=False))


def _meet(one: str, other: str) -> bool:
    if "{" not in one and "{" not in other:
        return "**" in (one, other) or one == other
    prefix, suffix = _ends(one), _ends(other)
    starts = prefix[0].startswith(suffix[0]) or suffix[0].startswith(prefix[0])
    ends = prefix[1].endswith(suffix[1]) or suffix[1].endswith(prefix[1])
    return starts and ends


def _ends(step: str) -> tuple[str, str]:
    if "{" not in step:
        return step, step
    return step.partition("{")[0], step.rpartition("}")[2]


def grouped(vendor: str, chosen: Iterable[tuple[Entry, int]], reasons: dict[int, str]) -> Iterator[Rule]:
    """One rule for each tier, method and set of hosts, with so many paths that a look-up stays cheap."""
    groups: dict[tuple[int, str, tuple[str, ...], str, str | None], list[Entry]] = defaultdict(list)
    rated = list(chosen)
    for entry, tier in rated:
        groups[tier, entry.method, entry.hosts, entry.evidence, entry.category].append(entry)
    used: dict[str, int] = defaultdict(int)
    for (tier, method, hosts, evidence, category), entries in sorted(groups.items(), key=repr):
        paths = sorted({entry.path for entry in entries})
        for start in range(0, len(paths), MOST_PATHS):
            part = paths[start : start + MOST_PATHS]
            those = [entry for entry in entries if entry.path in part]
            plain = [entry for entry in those if not _graver(entry, tier, rated)]
            shown = (plain or those)[0]
            name = f"{vendor}.{hosts[0].partition('.')[0]}.{method.lower()}.{tier}"
            used[name] += 1
            yield {
                "id": f"{name}.{used[name]}",
                "match": {"host": list(hosts), "method": method, "path": part},
                "tier": tier,
                "reason": reasons[tier],
                **({"category": category} if category else {}),
                "evidence": evidence,
                "examples": [_example(shown, max([tier, *_graver(shown, tier, rated)]))],
            }


def _example(entry: Entry, tier: int) -> Rule:
    return {"request": {"method": entry.method, "url": entry.url}, "tier": tier}


def _graver(entry: Entry, tier: int, rated: list[tuple[Entry, int]]) -> list[int]:
    """The tiers of graver operations that the example of `entry` may as well be: they hold it."""
    example = replace(entry, path=urlsplit(entry.url).path)
    return [other_tier for other, other_tier in rated if other_tier > tier and overlap(example, other)]


def write_pack(
    vendor: str, source: str, rules: Iterable[Rule], hosts: dict[str, object] | None = None
) -> None:
    """Write the vendor's rules file: YAML whose rules are in the style of JSON."""
    lines = [f"# Made by tools/packs/{vendor}.py from {source}.", "version: 1"]
    if hosts:
        lines += ["hosts:", *(f"  {json.dumps(host)}: {json.dumps(value)}" for host, value in hosts.items())]
    lines.append("rules:")
    for rule in rules:
        first, *rest = (f"{key}: {json.dumps(value)}" for key, value in rule.items())
        lines += [f"  - {first}", *(f"    {line}" for line in rest)]
    (PACKS / f"{vendor}.yaml").write_text("\n".join(lines) + "\n", "utf-8")
