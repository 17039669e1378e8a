"""The flags that name an operator's files or say what these say as well, and what comes of them."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from proxy.cli.numbers import port
from proxy.cli.rule_files import add_rules, rulebook_of
from proxy.config import Config
from proxy.rulebook import Rulebook
from proxy.settings.layers import Layers, Override, read_layers
from rules.language.document import Problem

_FLAGS = {"packs": "--no-packs"}
_PLACES = ("listen", "console", "capture", "dns", "upstream_ca", "witness")


def add_files(parser: argparse.ArgumentParser) -> None:
    """The two flags by which files of an operator are named."""
    add_rules(parser)
    parser.add_argument(
        "--config",
        type=Path,
        default=os.environ.get("SIDEGATE_CONFIG") or None,
        metavar="FILE",
        help="config.yaml (default: $SIDEGATE_CONFIG, else its defaults apply)",
    )


def add_places(parser: argparse.ArgumentParser) -> None:
    """The flags for what `serve` in the configuration says as well."""
    parser.add_argument(
        "--listen",
        metavar="HOST:PORT",
        help="where agents connect (default 127.0.0.1:8080)",
    )
    parser.add_argument(
        "--console",
        metavar="HOST:PORT",
        help="where reviewers connect (default 127.0.0.1:8081)",
    )
    parser.add_argument(
        "--capture",
        type=port,
        metavar="PORT",
        help="port of loopback to which connections are redirected: see `sidegate capture`",
    )
    parser.add_argument(
        "--dns", type=port, metavar="PORT", help="port of loopback where captured agents' names are answered"
    )
    parser.add_argument(
        "--upstream-ca",
        metavar="FILE",
        help="PEM authorities to trust upstream, besides the system's",
    )
    parser.add_argument(
        "--witness",
        metavar="FILE",
        help="append a line about every request before it leaves",
    )


def read_files(args: argparse.Namespace) -> tuple[Config, Rulebook] | None:
    """What the operator's files, variables and flags say, or None after printing what is wrong with them."""
    layers = read_layers(args.config, flags=_flags(args))
    # Whose rules they are changes none of their problems.
    config = layers.config if isinstance(layers, Layers) else Config(version=1)
    rules = config.serve.rules_files if isinstance(layers, Layers) else tuple(args.rules)
    rulebook = rulebook_of(rules, packs=config.serve.packs, agent=config.identity.agent)
    problems = [part for parts in (layers, rulebook) if isinstance(parts, tuple) for part in parts]
    _print(problems)
    return None if problems or isinstance(rulebook, tuple) else (config, rulebook)


def read_config(args: argparse.Namespace) -> Layers | None:
    """The same without the rules."""
    layers = read_layers(args.config, flags=_flags(args))
    if isinstance(layers, tuple):
        _print(layers)
        return None
    return layers


def _flags(args: argparse.Namespace) -> list[Override]:
    """What this command line says of keys of the file; a flag that was not given says nothing."""
    given = {name: getattr(args, name, None) for name in _PLACES}
    given["rules"] = [str(path) for path in args.rules] or None
    given["packs"] = False if args.no_packs else None
    return [
        Override(
            key=("serve", name), value=value, origin=f"flag {_FLAGS.get(name, '--' + name.replace('_', '-'))}"
        )
        for name, value in given.items()
        if value is not None
    ]


def _print(problems: Sequence[Problem]) -> None:
    for problem in problems:
        print(problem, file=sys.stderr)  # noqa: T201
