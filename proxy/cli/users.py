"""`sidegate users`: people of this machine who log in with a password."""

import argparse
import getpass
import sys
from datetime import UTC, datetime

from proxy.cli.remote import Negative, finish
from proxy.cli.standing import add_standing, standing
from proxy.cli.terminal import say
from proxy.console.people.entry import Standing, person_name
from proxy.console.people.factors.kept import Kept
from proxy.console.people.users import Passwords, User, hashed
from proxy.serving.people import people_folder
from rules.reviewer import Scope

_ACTIONS = ("add", "list", "remove", "password", "recover")
_NAMELESS = ("list",)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("users", help="people who log in with a password")
    parser.add_argument("action", metavar="ACTION", choices=_ACTIONS, help=", ".join(_ACTIONS))
    parser.add_argument("name", metavar="NAME", nargs="?", help="whom")
    add_standing(parser)
    parser.add_argument(
        "--configured",
        action="store_true",
        help="add a password for somebody of whom `console.people` says the rest",
    )
    finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """Do it; a sidecar that runs sees it at once."""
    passwords = Passwords(people_folder(args.data_dir))
    check_name(args, nameless=_NAMELESS)
    try:
        match args.action:
            case "add":
                _add(passwords, args)
            case "remove":
                passwords.remove(args.name)
                say(f"removed {args.name}, who is logged out with the next page")
            case "password":
                passwords.set(args.name, hashed(read_password()), at=datetime.now(UTC))
                say(f"changed the password of {args.name}")
            case "recover":
                Kept(people_folder(args.data_dir)).remove(args.name)
                say(f"{args.name} has no second factor any more: log in and set up another")
            case _:
                _list(passwords)
    except PermissionError:
        raise
    except (ValueError, OSError) as error:
        raise Negative(str(error)) from error
    return 0


def check_name(args: argparse.Namespace, *, nameless: tuple[str, ...]) -> None:
    """Refuse a name too many or too few. Raises Negative."""
    if (args.name is None) != (args.action in nameless):
        wanted = "takes no name" if args.name else "needs a name"
        raise Negative(f"`{args.action}` {wanted}", code=2)


def read_password() -> str:
    """What the person types twice, or one line of the standard input. Raises Negative."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("password: ")
    if getpass.getpass("again: ") != first:
        raise Negative("the two are not the same: nothing was changed")
    return first


def _add(passwords: Passwords, args: argparse.Namespace) -> None:
    person_name(args.name)
    if passwords.find(args.name):
        raise ValueError(f"there is a user `{args.name}` already: `sidegate users password` changes it")
    said = standing(args)
    given = {part: getattr(said, part) for part in Standing.model_fields}
    user = User(
        name=args.name,
        hash=hashed(read_password()),
        changed=datetime.now(UTC),
        standing=not args.configured,
        **given,
    )
    passwords.add(user)
    say(f"added {args.name}: {told(user) if user.standing else 'as the configuration says'}")


def _list(passwords: Passwords) -> None:
    if not passwords.all():
        say("no local users")
    for user in sorted(passwords.all(), key=lambda one: one.name.casefold()):
        say(f"{user.name}: {told(user) if user.standing else 'as the configuration says'}")


def told(who: Standing) -> str:
    """What somebody may do, on one line."""
    scope: Scope = who.grant.scope
    amounts = [f"{currency} {most:f}" for currency, most in sorted(scope.amounts.items())]
    bounds = [
        *(f"group {group}" for group in who.groups),
        *(f"host {host}" for host in scope.hosts),
        *(f"tier {int(tier)}" for tier in sorted(scope.tiers)),
        *(f"up to {one}" for one in amounts),
    ]
    return ", ".join([str(who.role), *bounds])
