"""`sidegate check`: is the configuration right, and are the rules, before anything starts?"""

import argparse
import sys
from pathlib import Path

from proxy.cli.rule_files import add_rules, read_documents, read_rules
from proxy.config import Config, load
from rules.language.complaint import quote
from rules.language.lint import lint
from rules.ruleset import Ruleset


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "check", help="check the configuration and the rules without starting anything"
    )
    add_files(parser)
    parser.add_argument("--strict", action="store_true", help="end with 1 if there is a warning")
    parser.add_argument(
        "--data-dir", type=Path, default=Path(".sidegate"), help="accepted everywhere; not used here"
    )
    parser.set_defaults(run=run)


def add_files(parser: argparse.ArgumentParser) -> None:
    """The two flags by which files of an operator are named."""
    add_rules(parser)
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="config.yaml; without it, its defaults apply"
    )


def run(args: argparse.Namespace) -> int:
    """Print every problem, one line each; 0 if there is none, 2 else, 1 for warnings under `--strict`."""
    read = read_files(args)
    if read is None:
        return 2
    config, ruleset = read
    count = len(ruleset.rules)
    packs = f", {len(ruleset.packs.rules)} rules of packs" if ruleset.packs else ""
    observed = f"; the calls of agent {quote(config.identity.agent)} are only observed"
    note = observed if ruleset.observed else ""
    print(f"ok: {count} {'rule' if count == 1 else 'rules'}, rule set {ruleset.hash[:12]}{packs}{note}")  # noqa: T201
    warnings = lint(read_documents(args.rules))
    for warning in warnings:
        print(f"{warning} (warning)", file=sys.stderr)  # noqa: T201
    return 1 if warnings and args.strict else 0


def read_files(args: argparse.Namespace) -> tuple[Config, Ruleset] | None:
    """The operator's files, or None after printing what is wrong with them."""
    config = load(args.config)
    # Whose rules they are changes none of their problems.
    agent = config.identity.agent if isinstance(config, Config) else ""
    ruleset = read_rules(args, agent=agent)
    problems = [part for parts in (config, ruleset) if isinstance(parts, tuple) for part in parts]
    for problem in problems:
        print(problem, file=sys.stderr)  # noqa: T201
    if problems or isinstance(config, tuple) or isinstance(ruleset, tuple):
        return None
    return config, ruleset
