"""The rules that a command line names: the operator's files, and the packs unless they are turned off."""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from proxy.config import read_text
from proxy.packs import add_no_packs, load_packs
from proxy.rulebook import Rulebook, look_at
from rules.compile import compile_rules
from rules.language.document import Document, Problem, read_document
from rules.language.rule_file import RulesFile
from rules.ruleset import Ruleset


def add_rules(parser: argparse.ArgumentParser) -> None:
    """The flags `--rules` and `--no-packs`."""
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


def read_rules(args: argparse.Namespace, *, agent: str) -> Ruleset | tuple[Problem, ...]:
    """The rules compiled for the calls of `agent`, or all problems with them."""
    return compile_files(args.rules, packs=not args.no_packs, agent=agent)


def rulebook_of(files: Sequence[Path], *, packs: bool, agent: str) -> Rulebook | tuple[Problem, ...]:
    """The rules of now in `files`, which a sidecar reads again when they change."""
    seen = look_at(files)
    load = partial(compile_files, files, packs=packs, agent=agent)
    loaded = load()
    return loaded if isinstance(loaded, tuple) else Rulebook(loaded, files=files, seen=seen, load=load)


def compile_files(files: Sequence[Path], *, packs: bool, agent: str) -> Ruleset | tuple[Problem, ...]:
    """`files` compiled over the packs, or all problems with them."""
    texts = [(str(path), read_text(path)) for path in files]
    unread = tuple(problem for _, text in texts if isinstance(text, tuple) for problem in text)
    readable = [(name, text) for name, text in texts if isinstance(text, str)]
    ruleset = compile_rules(readable, load_packs() if packs else None, agent=agent)
    if isinstance(ruleset, tuple):
        return (*unread, *ruleset)
    return unread or ruleset


def read_documents(paths: Sequence[Path]) -> list[Document[RulesFile]]:
    """Those of the rules files that are right, with the places of their parts."""
    texts = ((str(path), read_text(path)) for path in paths)
    read = [read_document(RulesFile, text, file=name) for name, text in texts if isinstance(text, str)]
    return [document for document in read if isinstance(document, Document)]
