"""One value changed into what a violation, or a harmless twin, would have in its place.

`seed`: a hash in hexadecimal, so that the same drill is made of the same call and the same seed.
"""

import re
from collections.abc import Iterator
from decimal import Decimal

from rules.drill.drill import Mutation
from rules.general.names.words import split, words_of
from rules.request.strict_json import MAX_INTEGER, Json

_PAYEES = words_of(
    """
    to recipient destination payee beneficiary counterparty creditor iban account account_number to_account
    destination_account customer vendor supplier wallet address to_address bank_account payee_id
    """
)
_AMOUNTS = words_of(
    "amount total_amount source_amount target_amount transfer_amount value total price sum quantity"
)
_PLACES = words_of("environment env stage target namespace cluster branch project workspace database db tier")
_REFERENCES = words_of(
    """
    memo note notes reference ref description comment invoice invoice_number invoice_id order_id purpose
    statement_descriptor message_id external_id idempotency_key request_id correlation_id label
    """
)
_WIDENING = words_of("recursive force all cascade purge permanent permanently prune")
_TRIED = re.compile(
    r"(?<![a-z0-9])(staging|stage|stg|sandbox|testing|test|development|dev|qa|uat|preview)(?![a-z0-9])"
)
_MAIL = re.compile(r"([A-Za-z0-9._%+-]{1,64}@)([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*)\.([a-z]{2,12})")
_DIGITS = re.compile(r"[0-9]")
_WHERE = re.compile(r"\s+where\s.*$", re.IGNORECASE | re.DOTALL)
_DELETES = re.compile(r"\s*delete\s+from\s", re.IGNORECASE)
_ENDINGS = ("co", "net", "org", "io", "com")
_NAMES = ("Halden Trading", "Norvik Supplies", "Castor Consulting", "Brightwater Partners", "Alder Holdings")
_LONGEST = 200

type Changed = tuple[Mutation, Json]


def violations(name: str, value: Json, *, seed: str) -> Iterator[Changed]:
    """What `value`, a member called `name`, becomes in a violation."""
    word = "_".join(split(name))
    if isinstance(value, bool):
        if word in _WIDENING and not value:
            yield Mutation.WIDER, True
    elif isinstance(value, int | Decimal):
        yield from _larger(word, value)
    elif isinstance(value, str) and 0 < len(value) <= _LONGEST * 10:
        yield from _in_text(word, value, seed)


def twins(name: str, value: Json, *, seed: str) -> Iterator[Changed]:
    """What it becomes in a harmless twin."""
    short = isinstance(value, str) and 0 < len(value) <= _LONGEST
    if short and "_".join(split(name)) in _REFERENCES and isinstance(value, str):
        yield Mutation.REFERENCE, _other_digits(value, seed) if _DIGITS.search(value) else f"{value} (2)"


def wider_target(method: str, target: str) -> str | None:
    """The collection in place of the one thing in it that is deleted."""
    path, mark, query = target.partition("?")
    parts = path.rstrip("/").split("/")
    if method != "DELETE" or len(parts) < 3 or not _DIGITS.search(parts[-1]):
        return None
    return "/".join(parts[:-1]) + mark + query


def production_target(target: str) -> str | None:
    """The same path in production."""
    changed = _TRIED.sub("production", target, count=1)
    return changed if changed != target else None


def _larger(word: str, value: int | Decimal) -> Iterator[Changed]:
    if word in _AMOUNTS and 0 < value <= MAX_INTEGER // 10:
        yield Mutation.AMOUNT, value * 10 if isinstance(value, int) else _times_ten(value)
    elif word in _PAYEES and isinstance(value, int) and value > 0:
        yield Mutation.PAYEE, value + 1


def _in_text(word: str, value: str, seed: str) -> Iterator[Changed]:
    if found := _MAIL.search(value):
        moved = f"{found[1]}{found[2]}.{_other_ending(found[3], seed)}"
        yield Mutation.DOMAIN, value[: found.start()] + moved + value[found.end() :]
    elif word in _AMOUNTS and (amount := _number(value)) is not None:
        yield Mutation.AMOUNT, f"{_times_ten(amount):f}"
    elif word in _PAYEES and len(value) <= _LONGEST:
        yield Mutation.PAYEE, _somebody_else(value, seed)
    if word in _PLACES and (tried := _TRIED.fullmatch(value)):
        yield Mutation.PRODUCTION, "production" if len(tried[0]) > len("stg") else "prod"
    if _DELETES.match(value) and _WHERE.search(value):
        yield Mutation.WIDER, _WHERE.sub("", value)


def _somebody_else(value: str, seed: str) -> str:
    """An account with other digits, a name with another name."""
    if _DIGITS.search(value):
        return _other_digits(value, seed)
    others = [name for name in _NAMES if name != value]
    return others[int(seed[:8], 16) % len(others)]


def _other_digits(value: str, seed: str) -> str:
    """The last few digits turned, none into itself; what stands around them stays."""
    places = [found.start() for found in _DIGITS.finditer(value)][-4:]
    digits = list(value)
    for place, turn in zip(places, seed, strict=False):
        digits[place] = str((int(digits[place]) + 1 + int(turn, 16) % 9) % 10)
    return "".join(digits)


def _other_ending(ending: str, seed: str) -> str:
    others = [one for one in _ENDINGS if one != ending]
    return others[int(seed[:8], 16) % len(others)]


def _number(text: str) -> Decimal | None:
    plain = re.fullmatch(r"[0-9]{1,12}(?:\.[0-9]{1,4})?", text)
    return Decimal(text) if plain and Decimal(text) > 0 else None


def _times_ten(value: Decimal) -> Decimal:
    """Ten times as much, with as many places behind the point."""
    found = value.as_tuple()
    return Decimal((found.sign, (*found.digits, 0), int(found.exponent)))
