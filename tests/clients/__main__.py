"""The command: `python -m tests.clients`; exit code 0 if every check held in every client, else 1."""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.clients import table
from tests.clients.driven import CLIENTS, Client
from tests.clients.stage import Carrier, Stage, set_up
from tests.clients.trial import Cell, attempt
from tests.environments.locked import NotInstallable


def main(arguments: Sequence[str]) -> int:
    """Try the clients, print what was found, and with all of them write the documentation anew."""
    parser = argparse.ArgumentParser(prog="python -m tests.clients", description=__doc__)
    parser.add_argument("--only", metavar="NAME,...", help="these clients; the documentation stays as it is")
    asked = parser.parse_args(arguments)
    names = {client.name for client in CLIENTS} if asked.only is None else set(asked.only.split(","))
    if unknown := names - {client.name for client in CLIENTS}:
        parser.error(f"`{min(unknown)}` is none of the clients")
    with tempfile.TemporaryDirectory(prefix="sidegate-clients-") as folder, set_up(Path(folder)) as stage:
        chosen = [client for client in CLIENTS if client.name in names]
        cells = [cell for client in chosen for cell in _tried(stage, client)]
    if asked.only is None:
        rows = table.document(cells)
        table.RECORD.write_text(table.written(rows))
        table.PAGE.write_text(table.put_into(table.PAGE.read_text(), rows))
    wrong = sum(bool(cell.failed) for cell in cells)
    _say(f"{len(cells)} cells, {wrong} with a check that failed")
    return int(wrong > 0)


def _tried(stage: Stage, client: Client) -> Iterator[Cell]:
    try:
        for era in client.eras:
            for carrier in Carrier:
                for cell in attempt(stage, client, era, carrier=carrier):
                    _report(cell)
                    yield cell
    except NotInstallable as error:
        _say(f"{client.name}: not installable here: {error}")


def _report(cell: Cell) -> None:
    _say(f"{cell.client} {cell.era} {cell.carrier} {cell.tool}: {'all' if not cell.failed else ''}")
    for check, seen in cell.failed.items():
        _say(f"  not {check}: {seen}")


def _say(line: str) -> None:
    sys.stdout.write(line.rstrip() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
