"""A client's file: its servers put behind the gate, with a backup beside it, and taken out again."""

import json
import os
import tempfile
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proxy.cli.clients import json_file, toml_file
from proxy.cli.clients.entry import Change, Entry, Gate, Unfit, changed, unwrapping, wrapping

BACKUP = ".before-sidegate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would become of a file. `servers`: those that change; `remote`: those without a command."""

    path: Path
    before: str
    after: str
    servers: tuple[str, ...]
    remote: tuple[str, ...] = ()
    whole: bool = False
    """Whether it is restored as it was, so that the backup has done its work."""


def plan_install(path: Path, gate: Gate) -> Plan:
    """The file with every server behind `gate`. Raises Unfit and OSError."""
    text = _read(path)
    kind = _kind(path)
    bare = [entry for entry in kind.entries(text) if not entry.wrapped]
    after = changed(text, [change for entry in bare for change in wrapping(entry, gate)])
    wanted = [
        (entry, gate.program, (*gate.words(entry.path[-1], entry.command), *entry.args)) for entry in bare
    ]
    _check(kind, text, after, wanted)
    return Plan(path=path, before=text, after=after, servers=_names(bare), remote=tuple(kind.remote(text)))


def plan_undo(path: Path) -> Plan:
    """The file as it was before, with what else was changed meanwhile. Raises Unfit and OSError."""
    text, backup = _read(path), backup_of(path)
    kind = _kind(path)
    behind = [entry for entry in kind.entries(text) if entry.wrapped]
    changes: list[Change] = [change for entry in behind for change in unwrapping(entry)]
    after = changed(text, changes)
    _check(kind, text, after, [(entry, *entry.own) for entry in behind])
    before = _read(backup) if backup.exists() else None
    same = before is not None and _meaning(kind, before) == _meaning(kind, after)
    return Plan(
        path=path,
        before=text,
        after=before if same and before is not None else after,
        servers=_names(behind),
        whole=same,
    )


def backup_of(path: Path) -> Path:
    """Where the file is kept as it was."""
    return path.with_name(path.name + BACKUP)


def apply(plan: Plan, *, keep: bool) -> None:
    """Write the planned file; `keep`: with a backup of what was there before the first change.

    Raises Unfit where somebody has changed it since, and OSError.
    """
    path = plan.path.resolve()
    if keep and not backup_of(plan.path).exists():
        _write(backup_of(plan.path), plan.before, like=path)
    # Clients write these files while they run.
    if _read(path) != plan.before:
        raise Unfit("it was changed meanwhile: end the client, then run this again")
    _write(path, plan.after, like=path)
    if plan.whole:
        backup_of(plan.path).unlink()


def _kind(path: Path) -> Any:
    return toml_file if path.suffix == ".toml" else json_file


def _check(kind: Any, text: str, after: str, wanted: Sequence[tuple[Entry, str, tuple[str, ...]]]) -> None:
    """Raises Unfit unless the changed text says what is wanted, and beside that what it said before."""
    expected = deepcopy(kind.document(text))
    for entry, command, args in wanted:
        server = _at(expected, entry.path)
        server |= {"command": command, "args": list(args)}
    if _plain(kind.document(after)) != _plain(expected):
        raise Unfit("it is written in a way that cannot be changed safely: change it by hand")


def _meaning(kind: Any, text: str) -> Any:
    """What a document says, with an empty list of arguments where there is none."""
    document = deepcopy(kind.document(text))
    for entry in kind.entries(text):
        _at(document, entry.path).setdefault("args", [])
    return document


def _at(document: Any, path: tuple[str, ...]) -> dict[str, Any]:
    for step in path:
        document = document[step]
    server: dict[str, Any] = document
    return server


def _plain(value: Any) -> str:
    """For comparing: to Python 1 equals True, and dates are no JSON."""
    return json.dumps(value, sort_keys=True, default=repr)


def _names(entries: Sequence[Entry]) -> tuple[str, ...]:
    return tuple(entry.path[-1] for entry in entries)


def _read(path: Path) -> str:
    """The text as it is. Raises Unfit where it is none, and OSError."""
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise Unfit(f"it is not utf-8 at byte {error.start}: save it as utf-8") from error
    if text.startswith("\ufeff"):
        raise Unfit("it begins with a byte order mark: save it as utf-8 without one")
    return text


def _write(path: Path, text: str, *, like: Path) -> None:
    """Replace the file at once, with the mode of another; it may hold credentials."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            os.fchmod(file.fileno(), like.stat().st_mode & 0o777)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
