"""`sidegate ca`: the authority that agents trust, and its successor."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import hashes

from proxy.cli.remote import Negative, finish
from proxy.cli.settings import add_files, read_config
from proxy.cli.terminal import say
from proxy.data_dir.authority import Standing, Terms, prepare, retire, rotate, standing

_STEPS: dict[str, Callable[[Path, Terms], None]] = {"prepare": prepare, "rotate": rotate, "retire": retire}
_ACTIONS = ("show", "export", *_STEPS)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("ca", help="show, export and rotate the authority that agents trust")
    parser.add_argument("action", metavar="ACTION", choices=_ACTIONS, help=", ".join(_ACTIONS))
    parser.add_argument("--bundle", action="store_true", help="export the system's authorities with it")
    add_files(parser)
    finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """Do it, whether or not a sidecar runs; one that does notices within seconds."""
    layers = read_config(args)
    if layers is None:
        return 2
    try:
        if args.action == "export":
            standing(args.data_dir)
            sys.stdout.write((args.data_dir / ("ca-bundle.pem" if args.bundle else "ca.pem")).read_text())
            return 0
        if args.action in _STEPS:
            _STEPS[args.action](args.data_dir, layers.config.ca.terms)
        for each in standing(args.data_dir):
            say(_line(each))
    except FileNotFoundError as error:
        raise Negative(
            f"there is no `{error.filename}`: start the sidecar once with `sidegate serve`, which makes it"
        ) from error
    except OSError as error:
        raise Negative(
            f"`{error.filename}` cannot be used ({error.strerror}): run this as the sidecar's user"
        ) from error
    except ValueError as error:
        raise Negative(str(error)) from error
    return 0


def _line(each: Standing) -> str:
    certificate = each.certificate
    digest = certificate.fingerprint(hashes.SHA256()).hex()
    return f"{each.role}: sha256 {digest}, until {certificate.not_valid_after_utc:%Y-%m-%d}"
