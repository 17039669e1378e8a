"""The command: `python -m tests.mcp_evasion`; 0 if nothing ran unseen and nothing honest was refused."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.mcp_evasion import honest, lines, posts
from tests.mcp_evasion.corpus import load
from tests.mcp_evasion.judging import Unseen
from tests.mcp_evasion.place import set_up

_ROOT = Path(__file__).parents[2]
DEFAULT_FILE = _ROOT.parent / "shared" / "corpora" / "mcp-evasions.json"


def main(arguments: Sequence[str]) -> int:
    """Send the payloads, print what ran unseen, and return the exit code."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    try:
        payloads = load(asked.file)
    except FileNotFoundError:
        parser.error(f"there are no payloads at `{asked.file}`: name a file of them with --file")
    except (OSError, ValueError) as error:
        parser.error(str(error))
    with tempfile.TemporaryDirectory(prefix="sidegate-mcp-") as folder:
        rejected = [] if asked.skip_honest else _honest(Path(folder) / "honest")
        with set_up(Path(folder), direct=asked.direct) as place:
            executed, unseen = posts.run(place, payloads)
            _say(f"{len(payloads)} payloads over HTTP to {len(place.servers)} servers: {executed} executions")
            of_lines, more, missing = (0, [], []) if asked.skip_lines else lines.run(place.sidecar)
    cases = 0 if asked.skip_lines else len(lines.CASES)
    _say(f"{cases} cases over stdio: {of_lines} executions, {len(missing)} honest calls that did not run")
    unseen += more
    _tell(unseen, [*rejected, *missing])
    _say(f"{len(payloads) + cases} payloads, {len(unseen)} unseen executions")
    return int(bool(unseen or rejected or missing))


def _honest(folder: Path) -> list[str]:
    folder.mkdir()
    sessions, rejected = honest.run(folder)
    _say(f"{sessions} sessions of honest clients: {len(rejected)} false rejects")
    return rejected


def _tell(unseen: Sequence[Unseen], wrong: Sequence[str]) -> None:
    for one in unseen:
        _say(f"unseen: {one.payload} [{one.server}] {one.executed}: {one.why}")
    for text in wrong:
        _say(f"refused: {text[:600]}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mcp_evasion",
        description="Send MCP messages with two readings through the real gate to real servers.",
    )
    parser.add_argument("--file", type=Path, default=DEFAULT_FILE, help=f"payloads (default {DEFAULT_FILE})")
    parser.add_argument("--skip-honest", action="store_true", help="leave out what honest clients send")
    parser.add_argument("--skip-lines", action="store_true", help="leave out the cases over stdio")
    # For the suite's own tests: going past the gate must be noticed.
    parser.add_argument("--direct", action="store_true", help=argparse.SUPPRESS)
    return parser


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
