"""From what a document says of an operation to a tier.

The general reading of the path speaks first, as for a call that no rule names. What the document says
beside it raises that; it lowers only a POST of which the path says nothing, by two kinds of evidence at
once, and only to a read. Tier 2 stands only where the document lists the call that takes it back.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rules.call import HttpCall
from rules.drafting.payload import empty_call, payload_counts
from rules.general.effect import Effect, Evidence, gravest
from rules.general.names.lexicon import BOTH, VERBS
from rules.general.names.naming import effect_of, effect_within
from rules.general.names.places import last_names
from rules.general.names.words import MAX_NAME, split
from rules.general.reading import read
from rules.language.complaint import quote
from rules.openapi.inverse import Inverse, Inverses
from rules.openapi.operation import Operation
from rules.openapi.scopes import Access, access_of

_PART = re.compile(r"\{([^{}:]*)[^{}]*\}")
_IDS = frozenset({"id", "number", "uuid", "guid"})
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """What an operation most likely does, everything that speaks for it, and how to undo it."""

    standing: Evidence
    evidence: tuple[str, ...]
    inverse: Inverse | None
    by_payload: bool
    """A payload may make more of such a call than this: a rule would keep it from being read."""


def weigh(operation: Operation, inverses: Inverses) -> Weighing:
    """Weigh one operation of a document."""
    calls = [_call(operation, host) for host in operation.base.hosts]
    of_path = gravest(read(call) for call in calls)
    inverse = inverses.of(operation)
    found = list(_raising(operation))
    if of_path.effect is Effect.REVERSIBLE:
        inverse = inverses.within_family(operation)
        found += [] if inverse else [_said(Effect.CHANGE, "the document lists no call that takes it back")]
        found = [evidence for evidence in found if not _repeats_method(operation, evidence, inverse)]
    lowered = list(_reading(operation, calls[0]))
    standing = gravest([*(lowered[:1] or [of_path]), *found])
    said = [of_path, *lowered, *found, *_beside(operation, inverse)]
    return Weighing(
        standing=standing,
        evidence=tuple(dict.fromkeys(evidence.because for evidence in said)),
        inverse=inverse,
        by_payload=any(payload_counts(call, standing.effect.tier, described=bool(lowered)) for call in calls),
    )


def _raising(operation: Operation) -> Iterator[Evidence]:
    """What the document says that makes the operation graver than its path."""
    effect = _of_name(operation.name)
    if effect is not None and effect is not Effect.REVERSIBLE:
        yield _said(effect, f"its name {quote(operation.name)} {effect.says}")
    effect = _of_summary(operation.summary)
    if effect is not None and effect.gravity > Effect.REVERSIBLE.gravity:
        yield _said(effect, f"its summary begins with a verb that {effect.says}")
    if operation.consequential:
        yield _said(Effect.CHANGE, "`x-openai-isConsequential` is true")
    if operation.method in _READS and access_of(operation.alternatives) is Access.WRITES:
        yield _said(Effect.CHANGE, f"every scope that suffices speaks of writing: {_scopes(operation)}")


def _repeats_method(operation: Operation, evidence: Evidence, inverse: Inverse | None) -> bool:
    """Whether `remove` or `delete` is only what a DELETE is called that puts one thing off another."""
    one = "all" not in split(operation.name[:MAX_NAME].replace("/", "-"))
    return one and inverse is not None and operation.method == "DELETE" and evidence.effect is Effect.DELETION


def _reading(operation: Operation, call: HttpCall) -> Iterator[Evidence]:
    """What makes a POST a read, of whose path no verb is known: its name, and one thing beside it."""
    path_says = effect_of(last_names(call.segments)[1])
    if operation.method != "POST" or path_says is not None or read(call).effect is not Effect.CHANGE:
        return
    if _of_name(operation.name) is not Effect.READ:
        return
    by_name = _said(Effect.READ, f"its name {quote(operation.name)} only reads")
    if access_of(operation.alternatives) is Access.READS:
        yield by_name
        yield _said(Effect.READ, f"a scope that suffices speaks of reading alone: {_scopes(operation)}")
    elif operation.consequential is False:
        yield by_name
        yield _said(Effect.READ, "`x-openai-isConsequential` is false")


def _beside(operation: Operation, inverse: Inverse | None) -> Iterator[Evidence]:
    """What bears on no tier and is good to know."""
    if inverse is not None:
        yield _said(Effect.READ, f"the document lists {inverse.method} {inverse.path}, which takes it back")
    if operation.alternatives and any(operation.alternatives):
        yield _said(Effect.READ, f"scopes: {_scopes(operation)}")
    if operation.consequential is False:
        yield _said(Effect.READ, "`x-openai-isConsequential` is false")
    if operation.deprecated:
        yield _said(Effect.READ, "the document calls it deprecated")


def _of_name(name: str) -> Effect | None:
    """What a name says, whose verb begins it or what stands after a tag: `listPets`, `pets/list`."""
    after_tag = name.rpartition("/")[2].rpartition(".")[2]
    return effect_of(after_tag) or effect_within(name.replace("/", "-"))


def _of_summary(summary: str) -> Effect | None:
    """What its first word does, where that is a verb and nothing else: `Deletes a pet`."""
    word = next(iter(summary.split()), "").strip(".,:;!").lower()
    for verb in (word, word.removesuffix("s"), word.removesuffix("es")):
        if verb in VERBS and verb not in BOTH:
            return VERBS[verb]
    return None


def _call(operation: Operation, host: str) -> HttpCall:
    """The operation called without a payload; parts that vary are ids only where their names say so."""
    return empty_call(operation.method, host.replace("*", "any"), _PART.sub(_sample, operation.whole_path))


def _sample(part: re.Match[str]) -> str:
    """`{repo}` is no id of one thing: what stands below it may be as grave as what stands below a word."""
    return "70" if _IDS.intersection(split(part[1])[-1:]) else "thing"


def _scopes(operation: Operation) -> str:
    sets = [" and ".join(quote(scope) for scope in sorted(scopes)) for scopes in operation.alternatives]
    return ", or ".join(dict.fromkeys(text or "none" for text in sets))


def _said(effect: Effect, because: str) -> Evidence:
    return Evidence(effect=effect, because=because)
