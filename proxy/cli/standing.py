"""Flags that say what somebody may do: the same for people and for their tokens."""

import argparse
from decimal import Decimal, InvalidOperation

from pydantic import ValidationError

from proxy.cli.remote import Negative
from proxy.console.people.entry import Standing
from rules.reviewer import Role

_ROLES = ", ".join(Role)


def add_standing(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    parser.add_argument("--role", metavar="ROLE", default=Role.REVIEWER.value, help=f"{_ROLES}")
    parser.add_argument("--group", metavar="NAME", action="append", default=[], help="a group of a quorum")
    parser.add_argument(
        "--host", metavar="HOST", action="append", default=[], help="only this host, or `*.NAME` below NAME"
    )
    parser.add_argument(
        "--tier", metavar="N", action="append", default=[], choices=["3", "4"], help="only this tier, 3 or 4"
    )
    parser.add_argument(
        "--amount",
        metavar="CURRENCY=MOST",
        action="append",
        default=[],
        type=amount,
        help="no more than this in this currency, and no other currency that has none",
    )


def standing(args: argparse.Namespace) -> Standing:
    """What the flags say. Raises Negative where they say what cannot be."""
    said = {
        "role": args.role,
        "groups": args.group,
        "scope": {
            "hosts": args.host,
            "tiers": [int(tier) for tier in args.tier],
            "amounts": dict(args.amount),
        },
    }
    try:
        return Standing.model_validate(said, strict=False)
    except ValidationError as error:
        raise Negative(f"this cannot be: {in_words(error)}", code=2) from error


def amount(text: str) -> tuple[str, Decimal]:
    """CURRENCY=MOST."""
    currency, _, most = text.partition("=")
    try:
        return currency, Decimal(most)
    except InvalidOperation as error:
        raise argparse.ArgumentTypeError(f"`{text}` is not CURRENCY=MOST, like EUR=1000") from error


def in_words(error: ValidationError) -> str:
    """What is wrong first, with where it stands."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    words = first["msg"].removeprefix("Value error, ")
    return f"{place}: {words}" if place else words
