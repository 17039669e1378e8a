"""The sum that a call moves, as it is written there: nobody here knows whether it is in cents."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from rules.account import Account
from rules.call import Call, HttpCall
from rules.general.names.words import split, words_of
from rules.matching.condition import number
from rules.matching.reading import Gap, Plain, Steps, carried
from rules.request.strict_json import Json

_AMOUNTS = words_of("amount total_amount source_amount target_amount transfer_amount value")
_NESTED = words_of("amount amount_money total_amount instructed_amount money")
_CURRENCIES = words_of("currency currency_code source_currency target_currency")
_ENVELOPES = words_of("data payload request transaction payment transfer charge")
_MAX_DEPTH = 2
_MOST_DIGITS = 40
_LONGEST_CURRENCY = 12
_WHOLE = re.compile(r"\A-?[0-9]+")
_THREES = re.compile(r"(?<=[0-9])(?=(?:[0-9]{3})+\Z)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount and its currency in capitals; empty where none is named."""

    amount: Decimal
    currency: str = ""

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}".rstrip()


def grouped(sum_: object) -> str:
    """A sum as people read it, for one as `Money` writes it: `18250.5 EUR` is `18'250.5 EUR`.

    The apostrophe is ASCII, breaks no line, and is nobody's decimal mark.
    """
    return _WHOLE.sub(lambda found: _THREES.sub("'", found[0]), str(sum_))


def money_of(call: Call, account: Account) -> Money | None:
    """What `call` moves: where its rule says it is, else by names that mean the same anywhere."""
    if account.amount is not None:
        amount = _exact(_one(call, account.amount))
        currency = _text(_one(call, account.currency)) if account.currency is not None else ""
        return None if amount is None else Money(amount=amount, currency=currency)
    value = call.payload.value if isinstance(call, HttpCall) else call.arguments
    return next(_found(value, 0), None)


def _one(call: Call, steps: Steps) -> Json:
    """The one certain value there, else None."""
    values = carried(call, steps)
    return values[0] if len(values) == 1 and not isinstance(values[0], Gap) else None


def _found(value: Json, depth: int) -> Iterator[Money]:
    if not isinstance(value, dict):
        return
    members = {"_".join(split(name)): one for name, one in value.items()}
    currency = next((_text(members[name]) for name in _CURRENCIES & members.keys()), "")
    for name in sorted(_AMOUNTS & members.keys()):
        amount = _exact(members[name])
        if amount is not None and currency:
            yield Money(amount=amount, currency=currency)
    for name in members if depth < _MAX_DEPTH else ():
        if name in _NESTED or name in _ENVELOPES:
            yield from _found(members[name], depth + 1)


def _exact(value: Json) -> Decimal | None:
    """`value` as a number that can be shown whole."""
    read = number(Plain(value) if isinstance(value, str) else value)
    if read is None:
        return None
    exact = Decimal(read)
    fits = len(exact.as_tuple().digits) <= _MOST_DIGITS and abs(exact.adjusted()) <= _MOST_DIGITS
    return exact if fits else None


def _text(value: Json) -> str:
    plain = isinstance(value, str) and value.isascii() and value.isalnum()
    return str(value).upper() if plain and len(str(value)) <= _LONGEST_CURRENCY else ""
