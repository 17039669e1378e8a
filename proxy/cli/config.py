"""`sidegate config`: what is set and where that was said, and the JSON Schema of the file."""

import argparse
import json
import os
import sys
from pathlib import Path

from proxy.cli.remote import add_data_dir
from proxy.cli.schema import DIALECT
from proxy.cli.settings import add_files, add_places, read_config
from proxy.config import Config
from proxy.settings.layers import Layers
from proxy.settings.shown import Row, rows
from rules.review.inert import visible

_ACTIONS = ("show", "schema")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("config", help="show what is set and where, or the file's json schema")
    parser.add_argument("action", metavar="ACTION", choices=_ACTIONS, help=" or ".join(_ACTIONS))
    parser.add_argument("--origin", action="store_true", help="say where each value comes from")
    parser.add_argument("--json", action="store_true", help="print one json object")
    add_places(parser)
    add_files(parser)
    add_data_dir(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print it; 2 if the file, a variable or a flag is wrong."""
    if args.action == "schema":
        sys.stdout.write(text())
        return 0
    layers = read_config(args)
    if layers is None:
        return 2
    found = list(_rows(args, layers))
    if args.json:
        shown = {row.key: {"value": row.value, "origin": row.origin} for row in found}
        sys.stdout.write(json.dumps(shown, indent=1) + "\n")
    else:
        sys.stdout.writelines(f"{_line(row, origin=args.origin)}\n" for row in found)
    return 0


def text() -> str:
    """The schema of config.yaml as it is printed and shipped."""
    return json.dumps({"$schema": DIALECT, **Config.model_json_schema(mode="validation")}, indent=1) + "\n"


def _rows(args: argparse.Namespace, layers: Layers) -> list[Row]:
    said = os.environ.get("SIDEGATE_DATA_DIR")
    given = "environment SIDEGATE_DATA_DIR" if said else "default"
    origin = given if args.data_dir == Path(said or ".sidegate") else "flag --data-dir"
    return [*rows(layers), Row(key="data_dir", value=str(args.data_dir), origin=origin)]


def _line(row: Row, *, origin: bool) -> str:
    value = row.value if isinstance(row.value, str) and row.value else json.dumps(row.value)
    return visible(f"{row.key}: {value}" + (f"  # {row.origin}" if origin else ""))
