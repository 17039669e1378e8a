"""What is known of everybody's second factors: in a file that only its owner can read."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from proxy.data_dir.ledger import Ledger
from rules.language.document import Strict

MOST_PASSKEYS = 10


class Passkey(Strict):
    """The public half of a key that a device keeps. Texts in base64url."""

    id: str
    key: str
    count: int
    label: str
    made: datetime


class Factors(Strict):
    """One person's. `secret`: of codes, in base32; `used`: the last step of time whose code was taken."""

    name: str
    secret: str | None = None
    used: int = 0
    passkeys: tuple[Passkey, ...] = ()

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return self.secret is not None or bool(self.passkeys)


class _All(Strict):
    people: tuple[Factors, ...] = ()

    def find(self, name: str) -> Factors:
        return next((one for one in self.people if one.name == name), Factors(name=name))


class Kept:
    """Everybody's of one data folder."""

    def __init__(self, folder: Path) -> None:
        self._ledger = Ledger(folder / "factors.json", _All)

    def of(self, name: str) -> Factors:
        """Those of somebody. Raises ValueError or OSError where nobody knows."""
        return self._ledger.content().find(name)

    def change(self, name: str, changed: Callable[[Factors], Factors]) -> None:
        """Make others of somebody's, while nobody else does. Raises what `changed` does, and as `of`."""

        def all_changed(before: _All) -> _All:
            new = changed(before.find(name))
            others = tuple(one for one in before.people if one.name != name)
            return _All(people=(*others, new) if new.any else others)

        self._ledger.change(all_changed)

    def remove(self, name: str) -> None:
        """Take all of somebody's factors away, so that the person can set up others."""
        self.change(name, lambda _: Factors(name=name))
