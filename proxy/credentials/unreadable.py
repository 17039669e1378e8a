"""Configured credentials whose secret cannot be read now, found without asking anybody over a network."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from proxy.credentials.entry import CredentialEntry
from proxy.credentials.kinds import ClientCertificate, Command, KubernetesLogin, Place
from proxy.credentials.sources.secret import CredentialError
from proxy.credentials.sources.stated import FromEnvironment, FromFile, Reference
from rules.language.document import Strict


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A credential by its name. `why`: what is wrong and the cure, never a secret."""

    credential: str
    why: str


def unreadable(entries: Iterable[CredentialEntry]) -> tuple[Unreadable, ...]:
    """One for each credential that a replay could not have now, in the order of the configuration."""
    by_label = {entry.label: entry for entry in entries}  # those of one name have one source
    found = ((label, "; ".join(_faults(entry))) for label, entry in by_label.items())
    return tuple(Unreadable(credential=label, why=why) for label, why in found if why)


def _faults(entry: CredentialEntry) -> Iterator[str]:
    if entry.env is not None:
        yield from _fault(FromEnvironment(entry.env))
    if entry.file is not None:
        yield from _fault(FromFile(Path(entry.file)))
    yield from _inside(entry)


def _inside(model: Strict) -> Iterator[str]:
    """Those of all places that the model names, however deep."""
    for _, value in model:
        match value:
            case Place():
                yield from _fault(value.reference)
            case Command():
                yield from _no_program(value.argv[0])
            case Strict():
                yield from _files(value)
                yield from _inside(value)


def _files(model: Strict) -> Iterator[str]:
    match model:
        case ClientCertificate():
            yield from _fault(FromFile(Path(model.certificate)))
            yield from _fault(FromFile(Path(model.key)))
        case KubernetesLogin():
            yield from _fault(FromFile(Path(model.token_file)))


def _fault(reference: Reference) -> Iterator[str]:
    if isinstance(reference, FromFile) and _is_pipe(reference.path):
        return  # reading would wait for whoever writes, and take from it what is meant for a replay
    try:
        reference.read()
    except CredentialError as error:
        yield str(error)


def _is_pipe(path: Path) -> bool:
    with suppress(OSError):
        return path.is_fifo()
    return False


def _no_program(name: str) -> Iterator[str]:
    if shutil.which(name) is None:
        yield f"the command `{name}` is no program that can be run here; correct its path or its mode"
