"""Rules that are right by themselves and surely not what their author means."""

import difflib
import itertools
from collections.abc import Iterator, Mapping, Sequence

from rules.language.complaint import quote
from rules.language.document import Document, Problem
from rules.language.rule_file import Match, Rule, RulesFile
from rules.matching.pattern import read_path
from rules.ruleset import EVERY, host_keys
from rules.template import names_in
from rules.verdict import Mode, Tier

_ANYWHERE = ("/**",)
_CLOSE = 0.85


type Placed = tuple[Document[RulesFile], int, Rule]


def lint(files: Sequence[Document[RulesFile]]) -> list[Problem]:
    """Warnings about the rules of all files together, in their order."""
    placed = [(file, n, rule) for file in files for n, rule in enumerate(file.content.rules)]
    by_host: dict[str, list[int]] = {}
    for number, (_, _, rule) in enumerate(placed):
        for host in rule.match.host or (EVERY,):
            by_host.setdefault(host, []).append(number)
    return [
        file.places.problem(("rules", n, "id"), f"{quote(rule.id)} {message}")
        for number, (file, n, rule) in enumerate(placed)
        for message in (*_by_itself(rule), *_beside(number, placed, by_host))
    ]


def _by_itself(rule: Rule) -> Iterator[str]:
    if _is_broad(rule.match) and rule.tier is not None and rule.tier <= Tier.REVERSIBLE:
        yield f"is too broad: it gives tier {rule.tier:d} to calls to everyone; name whom it is about"
    for key, template in _templates(rule):
        for name in names_in(template):
            yield from _of_name(name, key, rule.match.path or ())


def _templates(rule: Rule) -> Iterator[tuple[str, str]]:
    if rule.summary is not None:
        yield "summary", rule.summary
    if rule.snapshot is not None:
        yield "snapshot", rule.snapshot.path
    if rule.verify is not None:
        yield "verify", rule.verify.path


def _of_name(name: str, key: str, paths: Sequence[str]) -> Iterator[str]:
    """What is odd about a name in a template, beside the parts of the rule's paths."""
    parts = {path: read_path(path).names for path in paths}
    known = sorted(frozenset().union(*parts.values()))
    without = [path for path, names in parts.items() if name not in names]
    if name in known and without:
        yield (
            f"has no `{{{name}}}` for `{key}` in its path {quote(without[0])}; name the part there, or "
            "write two rules"
        )
    elif name not in known and (close := difflib.get_close_matches(name, known, n=1, cutoff=_CLOSE)):
        yield f"names `{{{name}}}` in `{key}`, which is no part of its path; did you mean `{{{close[0]}}}`?"


def _beside(number: int, placed: Sequence[Placed], by_host: Mapping[str, list[int]]) -> Iterator[str]:
    """The first thing to say of a rule because of another one."""
    rule = placed[number][2]
    keys = _host_keys((rule.match.host or (EVERY,))[0])
    others = sorted({other for key in keys for other in by_host.get(key, ()) if other != number})
    found = (_said(rule, placed[other][2], earlier=other < number) for other in others)
    yield from itertools.islice((message for message in found if message), 1)


def _said(rule: Rule, other: Rule, *, earlier: bool) -> str | None:
    if rule.match == other.match:
        # Of two equal ones, the later one is named.
        return (_contradiction(rule, other) or _shadow(rule, other)) if earlier else None
    return _shadow(rule, other)


def _contradiction(rule: Rule, other: Rule) -> str | None:
    if (rule.tier, rule.forbidden) == (other.tier, other.forbidden):
        return None
    return f"contradicts `{other.id}`, which names the same calls with another tier; keep one of them"


def _shadow(rule: Rule, other: Rule) -> str | None:
    """Why `rule` never decides: `other` names all its calls and is at least as severe."""
    binds = other.mode is not Mode.OBSERVE and not other.lower and other.budget is None
    if not binds or rule.forbidden > other.forbidden or not _covers(other.match, rule.match):
        return None
    if other.forbidden:
        return f"is unreachable: `{other.id}` forbids all its calls; delete one of them"
    if rule.tier is not None and other.tier is not None and rule.tier <= other.tier:
        return (
            f"is shadowed: `{other.id}` gives all its calls tier {other.tier:d}; delete or narrow one of them"
        )
    return None


def _is_broad(match: Match) -> bool:
    """Whether it names calls to everyone, by nothing of their own but the method."""
    hosts, servers = match.host or (EVERY,), match.server or (EVERY,)
    everything = {"path": _ANYWHERE, "tool": (EVERY,)}
    narrowed = {key for key in match.written() if getattr(match, key) != everything.get(key)}
    return EVERY in hosts and EVERY in servers and narrowed <= {"host", "server", "method"}


def _covers(wide: Match, narrow: Match) -> bool:
    """Whether `wide` surely names every call that `narrow` names."""
    return (
        _of_tools(wide) is _of_tools(narrow)
        and wide.distinct() <= narrow.distinct()
        and all(_covers_host(wide, host) for host in narrow.host or (EVERY,))
        and _covers_names(wide.method, narrow.method)
        and all(_covers_path(wide, path) for path in narrow.path or _ANYWHERE)
        and _covers_names(wide.server, narrow.server)
        and _covers_names(wide.tool, narrow.tool)
    )


def _of_tools(match: Match) -> bool:
    return bool({"server", "tool", "arguments"} & set(match.asked()))


def _covers_names(wide: tuple[str, ...] | None, narrow: tuple[str, ...] | None) -> bool:
    return wide is None or EVERY in wide or (narrow is not None and set(narrow) <= set(wide))


def _covers_host(wide: Match, host: str) -> bool:
    return wide.host is None or not _host_keys(host).isdisjoint(wide.host)


def _host_keys(host: str) -> set[str]:
    """What names every host that `host` names."""
    return {host, *host_keys(host.removeprefix("*."))[1:]}


def _covers_path(wide: Match, path: str) -> bool:
    return wide.path is None or any(
        path == other or (other.endswith("/**") and path.startswith(other[:-2]) and "{" not in other)
        for other in wide.path
    )
