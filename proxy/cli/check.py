"""`sidegate check`: is the configuration right, and are the rules, before anything starts?"""

import argparse
import sys
from pathlib import Path

from proxy.cli.rule_files import read_documents
from proxy.cli.settings import add_files, read_files
from rules.language.complaint import quote
from rules.language.lint import lint


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "check", help="check the configuration and the rules without starting anything"
    )
    add_files(parser)
    parser.add_argument("--strict", action="store_true", help="end with 1 if there is a warning")
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path(".sidegate"),
        metavar="DIR",
        help="accepted everywhere; not used here",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print every problem, one line each; 0 if there is none, 2 else, 1 for warnings under `--strict`."""
    read = read_files(args)
    if read is None:
        return 2
    config, ruleset = read[0], read[1].current()
    count = len(ruleset.rules)
    packs = f", {len(ruleset.packs.rules)} rules of packs" if ruleset.packs else ""
    observed = f"; the calls of agent {quote(config.identity.agent)} are only observed"
    note = observed if ruleset.observed else ""
    print(f"ok: {count} {'rule' if count == 1 else 'rules'}, rule set {ruleset.hash[:12]}{packs}{note}")  # noqa: T201
    warnings = lint(read_documents(config.serve.rules_files))
    for warning in warnings:
        print(f"{warning} (warning)", file=sys.stderr)  # noqa: T201
    return 1 if warnings and args.strict else 0
