"""The packs that the product brings, read once and compiled."""

import argparse
from functools import cache
from importlib.resources import files

from rules.compile import compile_pack
from rules.ruleset import Ruleset


@cache
def load_packs() -> Ruleset:
    """All packs as one rule set. Raises ValueError or OSError if the installation is damaged."""
    return compile_pack(files("rules.packs").joinpath("compiled.json").read_text("utf-8"))


def add_no_packs(parser: argparse.ArgumentParser) -> None:
    """The flag that turns the packs off."""
    parser.add_argument(
        "--no-packs",
        action="store_true",
        help="leave the rules for known vendors out; yours and the defaults stay",
    )
