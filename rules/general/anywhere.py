"""What requests ask for by names that mean the same at every path: `?action=deleteUser`, `{"sql": ...}`.

It only ever makes a call graver, a GET too: many older services take everything by GET.
"""

import re
from collections.abc import Iterable, Iterator

from rules.call import HttpCall, PayloadKind
from rules.general.effect import Effect, Evidence
from rules.general.families import aws
from rules.general.names.lexicon import BOTH
from rules.general.names.naming import effect_of, effect_within
from rules.general.names.places import stores_files
from rules.general.names.words import split, words_of
from rules.general.stated import statement, statements_in, states

_ACTIONS = words_of("action method command cmd operation op do request_type api_action x-oss-process")
_MILD = frozenset({Effect.READ, Effect.REVERSIBLE})
_TO = words_of("to recipient recipients msisdn mobile phone phone_number destination dst number")
_TEXT = words_of("text message msg body content sms")
_ADDRESS = re.compile(r"\s*\+?[0-9][0-9 ,-]{5,}|[^@\s]+@[^@\s]+")


def evidence_anywhere(call: HttpCall) -> Iterator[Evidence]:
    """Everything that such names in the query and in the body say."""
    if stores_files(call.host):
        return
    yield from _of_actions(call.query, "query")
    # AWS has its own reading of its forms: a dry run does nothing.
    if not any(aws.operations(call)):
        yield from _of_actions(_members(call), "body")
    for name, value in call.query:
        if states(name):
            yield from statement(value, sure=True)
    if _is_sent_by_query(call):
        yield Evidence(effect=Effect.COMMUNICATION, because="its query has a recipient and a text")
    yield from statements_in(call.payload.value, sure=True)


def _of_actions(named: Iterable[tuple[str, str]], place: str) -> Iterator[Evidence]:
    for spelled, value in named:
        name = spelled.lower()
        if name in _ACTIONS and (found := _of_action(value)) is not None:
            yield Evidence(effect=found, because=f"`{name}` in its {place} {found.says}")


def _members(call: HttpCall) -> Iterator[tuple[str, str]]:
    """Every text at the top level of the body, with its name: those too that a form has more than once."""
    body = call.payload.value
    repeats = call.payload.kind is PayloadKind.FORM
    for name, value in body.items() if isinstance(body, dict) else ():
        for text in value if repeats and isinstance(value, list) else [value]:
            if isinstance(text, str):
                yield name, text


def _is_sent_by_query(call: HttpCall) -> bool:
    """Whether the query has whom to write to and what, as gateways for short messages take it."""
    values = {name.lower(): value for name, value in call.query}
    to = any(_ADDRESS.fullmatch(values[name]) for name in _TO & values.keys())
    return to and any(values.get(name) for name in _TEXT)


def _of_action(value: str) -> Effect | None:
    """What an action does that nobody would take for a filter or a page: `deleteUser`, `a.b.create`."""
    name = value.rpartition(".")[2]
    effect = effect_within(value) if "." in value else effect_of(name)
    words = split(name)
    if effect is None or effect in _MILD or not words or words[0] in BOTH:
        return None
    return None if effect is Effect.CHANGE and len(words) == 1 and "." not in value else effect
