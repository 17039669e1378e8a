"""Audit files read again: in their order, without the end that is being written."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from proxy.keys.signing import verify
from rules.audit.checking import Chain, Checker, Finding, Head
from rules.audit.record import LONGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check has found."""

    chains: Sequence[Chain]
    findings: Sequence[Finding]

    @property
    def records(self) -> int:
        """How many there are."""
        return sum(chain.count for chain in self.chains)


def files_in(paths: Iterable[Path]) -> list[Path]:
    """The files of all chains in folders, the oldest of each chain first, and files themselves."""
    found = list[Path]()
    for path in paths:
        found += sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]
    return found


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """Each line with its number. Where a file ends within a line, that is still being written."""
    with path.open("rb") as file:
        number = 0
        while text := file.readline(LONGEST + 2):
            number += 1
            if text.endswith(b"\n"):
                yield number, text[:-1]
            elif len(text) > LONGEST:
                yield number, text


def check(
    paths: Iterable[Path],
    *,
    keys: Collection[str] | None,
    heads: Collection[Head] = (),
    partial: bool = False,
) -> Checked:
    """Check all chains in `paths`. Raises OSError."""
    checker = Checker(verify, keys=keys, partial=partial)
    for path in files_in(paths):
        name = str(path)
        for number, text in lines_of(path):
            checker.feed(text, where=f"{name}:{number}")
    findings = checker.end(heads)
    return Checked(chains=tuple(checker.chains.values()), findings=tuple(findings))
