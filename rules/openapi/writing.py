"""The rules file that is made of a document's operations."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rules.drafting.text import BY_PAYLOAD, MAX_ID, flow, free_id, plain, quoted
from rules.general.effect import Effect
from rules.general.names.words import split
from rules.language.yaml_tree import MAX_BYTES
from rules.matching.pattern import read_path
from rules.matching.truth import Truth
from rules.normalize import METHODS
from rules.openapi.flaw import Flaw
from rules.openapi.inverse import Inverses
from rules.openapi.operation import Operation
from rules.openapi.operations import read_operations
from rules.openapi.weighing import Weighing, weigh
from rules.verdict import Tier

_MAX_EVIDENCE = 1_000

_HEAD = """\
# Made of an OpenAPI document by `sidegate rules from-openapi`; read it before you use it.
# Each rule says under `evidence` what its tier rests on; the gravest evidence stands.
# A rule here takes the place of the general reading and of the packs for the calls that it names.
version: 1
rules:
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighed:
    operation: Operation
    weighing: Weighing


def rules_file(value: object, *, host: str | None, skip: bool = False) -> str | tuple[Flaw, ...]:
    """The text of a rules file for the document, or what is wrong with the document. Never raises.

    `host` takes the place of those in the document; `skip`: paths that no rule can name are left out.
    """
    found = read_operations(value, host=host)
    if isinstance(found, tuple):
        return found
    if found.unnameable and not skip:
        return found.unnameable
    inverses = Inverses(found.operations)
    parts = list(_parts([_Weighed(operation=one, weighing=weigh(one, inverses)) for one in found.operations]))
    left = [f"\n  # no rule for {plain(flaw.key)}: {plain(flaw.message)}\n" for flaw in found.unnameable]
    text = "".join((_HEAD, *parts, *left))
    if not any(part.startswith("  - id: ") for part in parts):
        text = text.replace("\nrules:\n", "\nrules: []\n", 1)
    if len(text.encode()) > MAX_BYTES:
        why = f"its {len(found.operations)} operations make a rules file of over {MAX_BYTES} bytes"
        return (Flaw(("paths",), f"{why}; split the document by paths"),)
    return text


def _parts(weighed: Sequence[_Weighed]) -> Iterator[str]:
    taken: set[str] = set()
    by_payload = [found.operation for found in weighed if found.weighing.by_payload]
    for found in weighed:
        why = _left_out(found) or _covers(found, by_payload)
        yield "\n".join(_comment(found)) + "\n"
        if why is not None:
            yield f"  # no rule: {why}\n"
        else:
            yield "\n".join(_rule(found, identity=free_id(_words(found.operation), taken))) + "\n"


def _left_out(found: _Weighed) -> str | None:
    if found.operation.method not in METHODS:
        return "the gate refuses this method everywhere"
    if found.weighing.by_payload:
        return BY_PAYLOAD
    return None


def _covers(found: _Weighed, by_payload: Iterable[Operation]) -> str | None:
    """Why a rule would also name calls whose payload has to be read."""
    if found.weighing.standing.effect.tier is Tier.HIGH_RISK:
        return None
    track = read_path(found.operation.whole_path)
    for other in by_payload:
        same = other.method == found.operation.method and set(other.base.hosts) & set(
            found.operation.base.hosts
        )
        if same and track.covers(tuple(other.whole_path[1:].split("/"))) is not Truth.FALSE:
            return f"it would also name {plain(other.whole_path)}, whose payload has to be read"
    return None


def _comment(found: _Weighed) -> Iterator[str]:
    operation, weighing = found.operation, found.weighing
    summary = plain(operation.summary)
    yield f"\n  # {operation.method} {plain(operation.whole_path)}{': ' if summary else ''}{summary}"
    if operation.deprecated:
        yield "  # deprecated"
    yield f"  # tier {weighing.standing.effect.tier:d}: {plain(weighing.standing.because)}"


def _rule(found: _Weighed, *, identity: str) -> Iterator[str]:
    operation, weighing = found.operation, found.weighing
    effect = weighing.standing.effect
    hosts = operation.base.hosts
    match = {
        "host": hosts[0] if len(hosts) == 1 else list(hosts),
        "method": operation.method,
        "path": operation.whole_path,
    }
    yield f"  - id: {quoted(identity)}"
    yield f"    match: {flow(match)}"
    yield f"    tier: {effect.tier:d}"
    if _may_be_lower(found):
        yield "    # tier: 2  # if it changes nothing but what its opposite at this URL changes back"
    if effect.category is not None:
        yield f"    category: {effect.category}"
    if (inverse := weighing.inverse) is not None:
        note = {} if inverse.note is None else {"note": inverse.note}
        yield f"    reversible: {flow({'method': inverse.method, 'path': inverse.path, **note})}"
    yield f"    reason: {quoted(_reason(found))}"
    yield "    evidence:"
    yield from (f"      - {quoted(plain(line, most=_MAX_EVIDENCE))}" for line in weighing.evidence)


def _may_be_lower(found: _Weighed) -> bool:
    """Whether its opposite at one URL is exact, so that a person may find it reversible.

    INVARIANT: only a person does. A pair of this shape also grants and revokes, locks and unlocks.
    """
    operation, inverse = found.operation, found.weighing.inverse
    grave = (Effect.CHANGE, Effect.DELETION)
    exact = inverse is not None and inverse.exact and not operation.carries
    return exact and found.weighing.standing.effect in grave


def _reason(found: _Weighed) -> str:
    summary, because = (
        plain(found.operation.summary, most=80),
        plain(found.weighing.standing.because, most=180),
    )
    return f"{because} ({summary})" if summary else because


def _words(operation: Operation) -> list[str]:
    """What the operation's id is made of."""
    named = split(operation.name[:MAX_ID].replace("/", "-"))
    return named or [operation.method.lower(), *re.findall(r"[a-z0-9]+", operation.whole_path.lower())]
