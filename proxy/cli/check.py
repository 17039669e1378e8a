"""`sidegate check`: is the configuration right, and are the rules, before anything starts?"""

import argparse
import sys
from pathlib import Path

from proxy.config import Config, load, read_text
from proxy.packs import add_no_packs, load_packs
from rules.compile import compile_rules
from rules.language.document import Document, read_document
from rules.language.lint import lint
from rules.language.rule_file import RulesFile
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
    parser.add_argument(
        "--rules",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="rules files, in order; without any, the built-in defaults apply",
    )
    add_no_packs(parser)
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="config.yaml; without it, its defaults apply"
    )


def run(args: argparse.Namespace) -> int:
    """Print every problem, one line each; 0 if there is none, 2 else, 1 for warnings under `--strict`."""
    read = read_files(args)
    if read is None:
        return 2
    _, ruleset = read
    count = len(ruleset.rules)
    packs = f", {len(ruleset.packs.rules)} rules of packs" if ruleset.packs else ""
    print(f"ok: {count} {'rule' if count == 1 else 'rules'}, rule set {ruleset.hash[:12]}{packs}")  # noqa: T201
    warnings = lint(read_documents(args.rules))
    for warning in warnings:
        print(f"{warning} (warning)", file=sys.stderr)  # noqa: T201
    return 1 if warnings and args.strict else 0


def read_documents(paths: list[Path]) -> list[Document[RulesFile]]:
    """Those of the rules files that are right, with the places of their parts."""
    texts = ((str(path), read_text(path)) for path in paths)
    read = [read_document(RulesFile, text, file=name) for name, text in texts if isinstance(text, str)]
    return [document for document in read if isinstance(document, Document)]


def read_files(args: argparse.Namespace) -> tuple[Config, Ruleset] | None:
    """The operator's files, or None after printing what is wrong with them."""
    config = load(args.config)
    texts = [(str(path), read_text(path)) for path in args.rules]
    unread = [problem for _, text in texts if isinstance(text, tuple) for problem in text]
    packs = None if args.no_packs else load_packs()
    ruleset = compile_rules([(name, text) for name, text in texts if isinstance(text, str)], packs)
    problems = [
        *(config if isinstance(config, tuple) else ()),
        *unread,
        *(ruleset if isinstance(ruleset, tuple) else ()),
    ]
    for problem in problems:
        print(problem, file=sys.stderr)  # noqa: T201
    if problems or isinstance(config, tuple) or isinstance(ruleset, tuple):
        return None
    return config, ruleset
