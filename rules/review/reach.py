"""Whom a call reaches and how much it touches: recipients, the other party, rows."""

from collections.abc import Iterator
from dataclasses import dataclass

from rules.account import Account
from rules.call import Call, HttpCall
from rules.decode.raw_mail import recipients as recipients_of_mail
from rules.general.names.words import split, words_of
from rules.matching.reading import Gap, carried
from rules.request.strict_json import Json, canonical

_RECIPIENTS = words_of(
    """
    to cc bcc recipient recipients personalizations to_recipients cc_recipients bcc_recipients signers
    to_email to_emails to_number attendees invitee invitees channel chat_id
    """
)
_ADDRESS = words_of("email address email_address phone number name id")
_RAW = words_of("raw raw_message mime eml")
_PARTIES = words_of(
    """
    to recipient destination payee beneficiary counterparty creditor iban account_number to_account
    destination_account customer vendor supplier
    """
)
_ROWS = words_of("records rows items entries operations requests objects ids values documents data users")
_ENVELOPES = words_of("message data payload request email personalizations")
_MAX_DEPTH = 4
_MOST_LOOKED_AT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Several:
    """How many there are, and the first few of them."""

    count: int
    first: tuple[str, ...] = ()


FEW = 3


def recipients(call: Call) -> Several | None:
    """Whom `call` writes to; None where it names nobody."""
    found = dict.fromkeys(_addressed(_value(call), 0))
    return Several(count=len(found), first=tuple(found)[:FEW]) if found else None


def party(call: Call, account: Account) -> str | None:
    """The one other side of `call`: what its rule names, else by names that mean the same anywhere."""
    if account.counterparty is not None:
        values = carried(call, account.counterparty)
        return _plain(values[0]) if len(values) == 1 and not isinstance(values[0], Gap) else None
    value = _value(call)
    members = _members(value) if isinstance(value, dict) else {}
    named = (_plain(members[name]) for name in sorted(_PARTIES & members.keys()))
    return next((name for name in named if name), None)


def rows(call: Call) -> int | None:
    """How many things a list in `call` names; None where there is no such list."""
    value = _value(call)
    if isinstance(value, list):
        return len(value)
    members = _members(value) if isinstance(value, dict) else {}
    lists = [one for name, one in members.items() if name in _ROWS and isinstance(one, list)]
    return max(map(len, lists), default=None)


def _addressed(value: Json, depth: int) -> Iterator[str]:
    if isinstance(value, list) and depth < _MAX_DEPTH:
        for one in value[:_MOST_LOOKED_AT]:
            yield from _addressed(one, depth + 1)
    if not isinstance(value, dict):
        return
    for name, one in _members(value).items():
        if name in _RAW and isinstance(one, str):
            yield from map(str, recipients_of_mail(one) or ())
        if name in _RECIPIENTS and name not in _ENVELOPES:
            yield from _names(one)
        elif name in _ENVELOPES and depth < _MAX_DEPTH:
            yield from _addressed(one, depth + 1)


def _names(value: Json) -> Iterator[str]:
    """What stands for each recipient in a text, an object or a list of them."""
    for one in value[:_MOST_LOOKED_AT] if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            inner = [_plain(v) for n, v in _members(one).items() if n in _ADDRESS]
            nested = [v for n, v in _members(one).items() if n in _ADDRESS and isinstance(v, dict)]
            deeper = [text for each in nested for text in _names(each)]
            yield next((text for text in (*inner, *deeper) if text), canonical(one))
        elif isinstance(one, str):
            yield from (part.strip() for part in one.split(",") if part.strip())
        elif (text := _plain(one)) is not None:
            yield text


def _members(value: dict[str, Json]) -> dict[str, Json]:
    return {"_".join(split(name)): one for name, one in value.items()}


def _value(call: Call) -> Json:
    return call.payload.value if isinstance(call, HttpCall) else call.arguments


def _plain(value: Json) -> str | None:
    """A text or number as text."""
    if isinstance(value, bool) or value is None or isinstance(value, (dict, list)):
        return None
    return str(value) or None
