"""`sidegate rules`: rules files made of what others have written down of an API."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from proxy.cli.labelled.judging import read_lines
from proxy.config import read_text
from rules.observed.group import Groups
from rules.observed.line import read_line
from rules.observed.writing import suggestions
from rules.openapi.flaw import Flaw
from rules.openapi.servers import read_host
from rules.openapi.source import MAX_JSON_BYTES, Source, read_source
from rules.openapi.writing import rules_file
from rules.review.inert import visible

_MAX_COMPLAINTS = 100


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command and what it makes rules of."""
    parser = commands.add_parser("rules", help="make rules of an OpenAPI document or of observed traffic")
    _add_data_dir(parser)
    kinds = parser.add_subparsers(title="sources", required=True, metavar="SOURCE")
    _add_from_openapi(kinds)
    _add_suggest(kinds)


def _add_from_openapi(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = kinds.add_parser(
        "from-openapi",
        help="make rules of an OpenAPI document",
        description="Reads an OpenAPI document (2.0, 3.0 or 3.1, JSON or YAML) and writes a rules file with "
        "one rule for each operation, its tier, and the evidence for it.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the document")
    parser.add_argument(
        "--host", type=_host, metavar="HOST", help="the API's host, in place of the document's"
    )
    parser.add_argument(
        "--skip", action="store_true", help="leave out paths that no rule can name instead of ending with 2"
    )
    _add_output(parser)
    _add_data_dir(parser)
    parser.set_defaults(run=run_from_openapi)


def _add_suggest(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = kinds.add_parser(
        "suggest",
        help="make rules of observed traffic",
        description="Reads the file that `sidegate serve --witness` writes and proposes rules for calls that "
        "no rule named. A malformed line gets a line on standard error, and the exit code is 1.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the witness")
    _add_output(parser)
    _add_data_dir(parser)
    parser.set_defaults(run=run_suggest)


def run_suggest(args: argparse.Namespace) -> int:
    """Write the proposals; 0, or 1 if a line was malformed, or 2 if a file cannot be used."""
    groups = Groups()
    try:
        malformed = _read_witness(args.file, groups)
    except OSError as error:
        return _refuse([f"{args.file}: cannot be read ({error.strerror}): give the path of a readable file"])
    return _write(suggestions(groups), args.output) or min(malformed, 1)


def _read_witness(path: Path, groups: Groups) -> int:
    """Add every line of the witness to `groups`; how many were malformed, of which the first are told."""
    malformed = 0
    with path.open("rb") as stream:
        for number, line in enumerate(read_lines(stream), start=1):
            try:
                if line.strip():
                    groups.add(read_line(line))
            except ValueError as error:
                malformed += 1
                if malformed <= _MAX_COMPLAINTS:
                    _refuse([f"{path}:{number}: {error}"])
    if malformed > _MAX_COMPLAINTS:
        _refuse([f"{path}: {malformed - _MAX_COMPLAINTS} further lines are malformed; mend those first"])
    return malformed


def run_from_openapi(args: argparse.Namespace) -> int:
    """Write the rules; 0, or 2 if the document or the place for them cannot be used."""
    try:
        source = read_source(_text(args.file))
    except Flaw as flaw:
        return _refuse([_line(args.file, Source(value=None), flaw)])
    made = rules_file(source.value, host=args.host, skip=args.skip)
    if isinstance(made, tuple):
        return _refuse(_line(args.file, source, flaw) for flaw in made)
    return _write(made, args.output)


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", dest="output", type=Path, metavar="OUT", help="a new file for the rules; else standard output"
    )


def _add_data_dir(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path(".sidegate"),
        metavar="DIR",
        help="accepted everywhere; not used here",
    )


def _host(text: str) -> str:
    try:
        return read_host(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _text(path: Path) -> str:
    """The text of the document. Raises Flaw."""
    try:
        # Four bytes are the most that a character takes.
        if path.stat().st_size > 4 * MAX_JSON_BYTES:
            raise Flaw((), f"the document is over {4 * MAX_JSON_BYTES} bytes; split it by paths")
    except OSError as error:
        raise Flaw((), f"cannot be read ({error.strerror}): give the path of a readable file") from None
    text = read_text(path)
    if isinstance(text, tuple):
        raise Flaw((), text[0].message)
    return text


def _line(path: Path, source: Source, flaw: Flaw) -> str:
    place = source.place(flaw.path)
    where = "" if place is None else f":{place[0]}:{place[1]}"
    return f"{path}{where}: {flaw.key}: {flaw.message}"


def _refuse(lines: Iterable[str]) -> int:
    sys.stderr.writelines(f"{visible(line)}\n" for line in lines)
    return 2


def _write(text: str, output: Path | None) -> int:
    if output is None:
        sys.stdout.buffer.write(text.encode())
        return 0
    try:
        # A rules file may be in force, and is never overwritten.
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return _refuse([f"{output}: is there already; name a new file, or remove it"])
    except OSError as error:
        return _refuse([f"{output}: cannot be written ({error.strerror}): name a file in a folder of yours"])
    return 0
