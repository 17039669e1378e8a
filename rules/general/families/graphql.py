"""GraphQL: the operations of a document, which `rules.decode` has read."""

from collections.abc import Iterator

from rules.call import HttpCall
from rules.general.effect import Effect, Evidence
from rules.general.names.lexicon import CONSEQUENTIAL
from rules.general.names.naming import effect_of, effect_within
from rules.general.names.words import split
from rules.request.spelling import fold

_UNREADABLE = Evidence(effect=Effect.UNKNOWN, because="its graphql document cannot be read with certainty")
_PERHAPS = Evidence(effect=Effect.CHANGE, because="it may carry a graphql document")


def operations(call: HttpCall) -> Iterator[Evidence]:
    """What each operation does; what cannot be read may do anything."""
    if call.operations is None:
        if any(fold(segment).partition(".")[0] in ("graphql", "gql") for segment in call.segments[-2:]):
            yield _UNREADABLE
        elif call.method == "POST":
            yield _PERHAPS
        return
    for operation in call.operations:
        family, _, rest = operation.name.partition(".")
        kind, _, field = rest.partition(".")
        if family == "graphql":
            yield of_field(kind, field)


def of_field(kind: str, field: str) -> Evidence:
    """A query's field reads unless its name says otherwise; a mutation's never only reads."""
    effect = _of_mutation(field) if kind == "mutation" else _of_query(field)
    return Evidence(effect=effect, because=f"its graphql {kind} `{field[:80]}` {effect.says}")


def _of_mutation(field: str) -> Effect:
    effect = effect_within(field)
    return Effect.CHANGE if effect is None or effect is Effect.READ else effect


def _of_query(field: str) -> Effect:
    says = None if CONSEQUENTIAL.isdisjoint(split(field)[:1]) else effect_of(field)
    return Effect.READ if says is None else says
