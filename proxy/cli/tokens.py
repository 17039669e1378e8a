"""`sidegate tokens`: what programs show to the API in place of a person."""

import argparse
from datetime import UTC, datetime, timedelta

from proxy.cli.remote import Negative, finish
from proxy.cli.standing import add_standing, standing
from proxy.cli.terminal import say
from proxy.cli.users import check_name, told
from proxy.console.people.entry import OPERATOR
from proxy.console.people.tokens import ApiTokens, Token
from proxy.serving.people import people_folder

_ACTIONS = ("add", "list", "revoke")
_NAMELESS = ("list",)
_LONGEST_DAYS = 3660


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("tokens", help="API tokens, which do no more than their owners")
    parser.add_argument("action", metavar="ACTION", choices=_ACTIONS, help=", ".join(_ACTIONS))
    parser.add_argument("name", metavar="NAME", nargs="?", help="of the token")
    parser.add_argument("--owner", metavar="NAME", default=OPERATOR, help=f"whose it is (default {OPERATOR})")
    parser.add_argument("--days", metavar="N", type=days, default=90, help="for how long (default 90)")
    add_standing(parser)
    finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """Do it; a sidecar that runs sees it at once."""
    tokens = ApiTokens(people_folder(args.data_dir), now=lambda: datetime.now(UTC))
    check_name(args, nameless=_NAMELESS)
    try:
        match args.action:
            case "add":
                ends = datetime.now(UTC) + timedelta(days=args.days)
                say(tokens.add(args.name, owner=args.owner, standing=standing(args), expires=ends))
            case "revoke":
                tokens.revoke(args.name)
                say(f"revoked {args.name}")
            case _:
                say("\n".join(map(_line, tokens.all())) or "no tokens")
    except PermissionError:
        raise
    except (ValueError, OSError) as error:
        raise Negative(str(error)) from error
    return 0


def days(text: str) -> int:
    """A number of days that makes sense."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:9]) <= _LONGEST_DAYS:
        raise argparse.ArgumentTypeError(f"`{text}` is no number of days from 1 to {_LONGEST_DAYS}")
    return int(text)


def _line(token: Token) -> str:
    ends = "" if token.expires is None else f", until {token.expires:%Y-%m-%d %H:%M} UTC"
    over = "" if token.alive(datetime.now(UTC)) else " (over)"
    return f"{token.name}: of {token.owner}, {told(token)}{ends}{over}"
