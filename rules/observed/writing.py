"""The rules file that is made of what was seen."""

import re
from collections.abc import Iterator

from rules.drafting.payload import empty_call, payload_counts
from rules.drafting.text import BY_PAYLOAD, flow, free_id, plain, quoted
from rules.general.effect import Effect
from rules.general.reading import read
from rules.observed.group import MAX_GROUPS, Group, Groups

_PART = re.compile(r"\{[^{}]*\}")
_HEAD = """\
# Made of observed traffic by `sidegate rules suggest`; read it before you use it.
# No tier is lower than what such a call was judged. `{id}` stands for every segment, words too.
# A rule here takes the place of the general reading and of the packs for the calls that it names.
"""


def suggestions(groups: Groups) -> str:
    """The text of a rules file for the calls that no rule named."""
    taken: set[str] = set()
    parts = [part for group in groups.in_order() for part in _proposal(group, groups, taken)]
    rules = "rules:\n" if taken else "rules: []\n"
    return "".join((_HEAD, *_left_out(groups), "version: 1\n", rules, *(f"{part}\n" for part in parts)))


def _left_out(groups: Groups) -> Iterator[str]:
    counts = {
        "named by a rule": groups.named,
        "judged by what they carried, which no rule changes": groups.carried,
        "to a path that no rule can name": groups.unnameable,
        f"of more than {MAX_GROUPS} kinds, and not looked at": groups.beyond,
    }
    yield from (f"# Left out: {count} {_calls(count)} {what}\n" for what, count in counts.items() if count)


def _proposal(group: Group, groups: Groups, taken: set[str]) -> Iterator[str]:
    sample = empty_call(group.method, group.host, _PART.sub("70", group.path))
    reading = read(sample)
    tier = max(group.tier, reading.effect.tier)
    reasons = ", ".join(f"{plain(name)} {count}" for name, count in sorted(group.reason_ids.items()))
    yield f"\n  # {group.method} {group.host}{group.path}: {group.count} {_calls(group.count)} ({reasons})"
    yield f"  # such as {plain(group.example)}"
    by_path = f"by its path alone tier {reading.effect.tier:d}: {plain(reading.because)}"
    yield f"  # judged up to tier {group.tier:d}; {by_path}"
    if payload_counts(sample, tier):
        yield f"  # no rule: {BY_PAYLOAD}"
        return
    words = re.findall(r"[a-z0-9]+", f"{group.method} {group.host} {_PART.sub('', group.path)}".lower())
    yield f"  - id: {quoted(free_id(words, taken))}"
    yield f"    match: {flow({'host': group.host, 'method': group.method, 'path': group.path})}"
    yield f"    tier: {tier:d}"
    yield from _maybe_lower(group, groups.opposite(group), reading.effect)
    if reading.effect.category is not None:
        yield f"    category: {reading.effect.category}"
    yield f"    reason: {quoted(plain(reading.because))}"
    seen = f"seen {group.count} {'time' if group.count == 1 else 'times'}, judged up to tier {group.tier:d}"
    yield f"    evidence: {quoted(f'{seen} ({plain(reasons)})')}"


def _maybe_lower(group: Group, opposite: Group | None, effect: Effect) -> Iterator[str]:
    """A suggestion that only a person can take: a pair of that shape also grants and revokes."""
    if opposite is None or effect not in (Effect.CHANGE, Effect.DELETION):
        return
    undo = flow({"method": opposite.method, "path": _PART.sub(_untyped, opposite.path)})
    yield f"    # tier: 2  # {opposite.method} was seen at the same URL; if each takes back the other"
    yield f"    # reversible: {undo}"


def _untyped(found: re.Match[str]) -> str:
    return found[0].replace(":int}", "}")


def _calls(count: int) -> str:
    return "call" if count == 1 else "calls"
